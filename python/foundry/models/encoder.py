"""The step of a model that embeds texts: the embedding, its layers, the last states."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from foundry import ops
from foundry._foundry import Foundry
from foundry.engine.encoder import MakeEncoding
from foundry.engine.step import Step
from foundry.errors import UnsupportedModelError
from foundry.models.architectures import Norms
from foundry.models.blocks.both_ways import attend_both_ways
from foundry.models.blocks.experts import add_experts
from foundry.models.blocks.feed_forward import feed_forward
from foundry.models.blocks.hidden import Hidden
from foundry.models.config import ModelConfig
from foundry.models.encoder_weights import EncoderWeights
from foundry.models.weights import AttentionWeights, Beside, Dense, Experts


def encoder(runtime: Foundry, config: ModelConfig, weights: EncoderWeights) -> MakeEncoding:
    """What makes steps of several texts, of so many tokens each."""

    def make(lengths: Sequence[int]) -> Step:
        step = Step(runtime, sum(lengths))
        ends = list(accumulate(lengths))
        texts = [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
        hidden = Hidden(step, config)
        _embed(step, hidden, config, weights, texts)
        for index in range(config.layers):
            step.begin_layer(index)
            _add_layer(step, hidden, config, weights, index, texts)
        step.begin_layer(None)
        hidden.normalise(weights.output_norm)
        step.name_states(hidden.state)
        return step

    return make


def _embed(
    step: Step,
    hidden: Hidden,
    config: ModelConfig,
    weights: EncoderWeights,
    texts: Sequence[slice],
) -> None:
    # A position is that within the text.
    for text in [slice(0, step.tokens)] if weights.positions is None else texts:
        step.add(
            ops.Embedding(
                table=weights.embedding,
                ids=step.ids[text],
                y=hidden.state[text],
                scale=config.embedding_scale,
                positions=weights.positions,
                offset=weights.token_type,
            )
        )
    hidden.normalise(weights.embedding_norm)


def _add_layer(
    step: Step,
    hidden: Hidden,
    config: ModelConfig,
    weights: EncoderWeights,
    index: int,
    texts: Sequence[slice],
) -> None:
    layer, of = weights.layers[index], config.of_layers[index]
    mlp, norm = layer.feed_forward, layer.feed_forward_norm
    inner = None
    if layer.parallel and isinstance(mlp, Dense):
        # Reads the hidden state before attention adds to it.
        inner = feed_forward(step, config, of, mlp, *hidden.read(norm))
    own = layer.attention
    if (
        not isinstance(own, AttentionWeights)
        or layer.attention_output is None
        or mlp is None
        or isinstance(mlp, Beside)
        or of.keys_of is not None
        or config.layer_input
    ):
        raise UnsupportedModelError(
            f"unsupported embeddings of a {config.architecture.name} model; supported: models "
            f"whose layers have keys and values of their own, and no other input"
        )
    mixed = attend_both_ways(step, config, hidden, of, layer, own, texts, weights.slopes)
    hidden.add(layer.attention_output, mixed, layer.after_attention)
    if isinstance(mlp, Experts):
        add_experts(step, config, hidden, of, layer, mlp)
        if config.architecture.norms is Norms.SUM:
            hidden.normalise(layer.after_feed_forward)
        return
    if inner is None:
        inner = feed_forward(step, config, of, mlp, *hidden.read(norm))
    hidden.add(mlp.down, inner, layer.after_feed_forward)
