"""A model's step: the embedding, its layers, the logits."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import Foundry
from foundry.engine.kept import LayerCaches
from foundry.engine.step import MakeStep, Step
from foundry.models.blocks.attention import attend
from foundry.models.blocks.experts import add_experts, mix_experts
from foundry.models.blocks.feed_forward import feed_forward
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.latent_attention import attend_latents
from foundry.models.blocks.layer_input import add_layer_input, layer_inputs
from foundry.models.blocks.products import added, linear, scaled
from foundry.models.blocks.recurrent import recur
from foundry.models.config import ModelConfig
from foundry.models.latents import LatentWeights
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import Beside, Dense, Experts, LayerWeights, ModelWeights


def transformer(
    runtime: Foundry,
    config: ModelConfig,
    weights: ModelWeights,
    cache: LayerCaches,
    *,
    states_alone: bool = False,
    of_sequences: bool = False,
) -> MakeStep:
    """What makes the model's steps on this cache; `states_alone` are the last states without the
    logits of them. With `of_sequences` each token is of another sequence, and the cache of all."""

    def make(tokens: int, rows: int) -> Step:
        step = Step(runtime, tokens, of_sequences=of_sequences)
        hidden = Hidden(step, config)
        _embed(step, hidden, config, weights)
        inputs = None
        if weights.layer_inputs is not None:
            inputs = layer_inputs(step, config, hidden, weights.layer_inputs)
        for index in range(config.layers):
            step.begin_layer(index)
            _add_layer(step, hidden, config, weights, cache, index)
            if inputs is not None:
                brought = inputs[index * tokens : (index + 1) * tokens]
                add_layer_input(step, config, hidden, weights.layers[index], brought, index)
            if weights.layers[index].scale != 1.0:
                hidden.scale(weights.layers[index].scale)
        step.begin_layer(None)
        if states_alone:
            hidden.normalise(weights.output_norm)
            step.name_states(hidden.state)
            return step
        x, prologue = hidden.read(weights.output_norm, rows)
        own = added(step, weights.output, x, prologue)
        step.add(
            linear(
                step,
                weights=weights.output.weight,
                x=x,
                y=step.buffer("logits", weights.output.weight.shape[0], rows),
                prologue=prologue,
                epilogue=[
                    *own,
                    *scaled(config.logit_scale),
                    *([ops.SoftCap(config.logit_cap)] if config.logit_cap else []),
                ],
            )
        )
        return step

    return make


def _embed(step: Step, hidden: Hidden, config: ModelConfig, weights: ModelWeights) -> None:
    step.add(
        ops.Embedding(
            table=weights.embedding,
            ids=step.ids,
            y=hidden.state,
            scale=config.embedding_scale,
            positions=weights.positions,
            places=step.places,
        )
    )


def _add_layer(
    step: Step,
    hidden: Hidden,
    config: ModelConfig,
    weights: ModelWeights,
    cache: LayerCaches,
    index: int,
) -> None:
    layer, of = weights.layers[index], config.of_layers[index]
    mlp, norm = layer.feed_forward, layer.feed_forward_norm
    inner = None
    if layer.parallel and isinstance(mlp, Dense):
        # Reads the hidden state before attention adds to it.
        inner = feed_forward(step, config, of, mlp, *hidden.read(norm))
    _mix(step, hidden, config, weights, cache, index)
    if isinstance(mlp, Experts):
        add_experts(step, config, hidden, of, layer, mlp)
    elif isinstance(mlp, Beside):
        _add_beside(step, hidden, config, layer, of, mlp)
    elif mlp is not None:
        if inner is None:
            inner = feed_forward(step, config, of, mlp, *hidden.read(norm))
        hidden.add(mlp.down, inner, layer.after_feed_forward)


def _mix(
    step: Step,
    hidden: Hidden,
    config: ModelConfig,
    weights: ModelWeights,
    cache: LayerCaches,
    index: int,
) -> None:
    """What of earlier tokens the hidden state grows by: attention, recurrence, or both of one
    input."""
    layer, of = weights.layers[index], config.of_layers[index]
    own, recurrent = layer.attention, layer.recurrent
    found = None
    if recurrent is not None and of.recurrent is not None:
        state = cache.state_of(index)
        norm = layer.attention_norm
        found = recur(step, config, hidden, norm, of.recurrent, recurrent, state)
    if own is not None and layer.attention_output is not None:
        kept = cache.of(index)
        if isinstance(own, LatentWeights):
            mixed = attend_latents(step, config, hidden, of, layer, own, kept)
        else:
            mixed = attend(step, config, hidden, of, layer, own, kept)
        hidden.add(layer.attention_output, mixed, layer.after_attention)
    if recurrent is not None and found is not None:
        x, prologue = found
        hidden.add(recurrent.output, x, layer.after_attention, prologue=prologue)


def _add_beside(
    step: Step,
    hidden: Hidden,
    config: ModelConfig,
    layer: LayerWeights,
    of: LayerConfig,
    mlp: Beside,
) -> None:
    """An MLP and experts of one hidden state: the sum of both, each normalised, is a result."""
    inner = feed_forward(step, config, of, mlp.dense, *hidden.read(layer.feed_forward_norm))
    result = step.buffer("block output", config.hidden)
    mixed = step.buffer("experts' sum", config.hidden)
    own = added(step, mlp.dense.down, inner, None)
    step.add(linear(step, weights=mlp.dense.down.weight, x=inner, y=result, epilogue=own))
    mix_experts(step, config, hidden, of, mlp, mixed)
    epsilon = config.norm_epsilon
    step.add(
        ops.RmsNorm(weight=mlp.experts_after.weight, epsilon=epsilon, x=mixed, y=mixed),
        ops.RmsNorm(
            weight=mlp.dense_after.weight, epsilon=epsilon, x=result, y=result, residual=mixed
        ),
    )
    assert layer.after_feed_forward is not None
    hidden.wait(result, layer.after_feed_forward)
