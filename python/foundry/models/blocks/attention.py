"""Attention: the hidden state to queries, keys and values, and what they attend to back to it."""

from __future__ import annotations

from typing import Any

from foundry import ops
from foundry._foundry import FusedKernelBuilder, Tensor
from foundry.engine.kept import Kept
from foundry.engine.step import FEW, Step
from foundry.models.architectures import HeadNorm, Pairing
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import added, corrections, linear, side_by_side
from foundry.models.config import ModelConfig
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import AttentionWeights, LayerWeights

_NORMS = {
    None: ops.QkNorm.head,
    HeadNorm.EACH: ops.QkNorm.head,
    HeadNorm.FOUND: ops.QkNorm.head,
    HeadNorm.TURNED: ops.QkNorm.head,
    HeadNorm.ROW: ops.QkNorm.row,
    HeadNorm.LAYER: ops.QkNorm.head_layer,
}


def attend(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: AttentionWeights,
    kept: Kept,
) -> Tensor:
    """Adds the operations up to attention's output, (tokens, mixed columns)."""
    queries, gate = _queries_and_gates(step, layer)
    # A few tokens' products, RoPE and cache write are one kernel, unless a norm needs all heads or
    # gates lie between them.
    is_apart = layer.gated or config.architecture.head_norm is HeadNorm.ROW
    is_fused = step.tokens <= FEW and not is_apart
    if of.key is None or of.value is None:
        _queries(step, config, hidden, layer, weights, of)
    elif is_fused and (step.tokens == 1 or of.low_rank is None):
        _fused_input(step, config, hidden, layer, weights, of, kept)
    else:
        _input(step, config, hidden, layer, weights, of, kept)
    mixed = step.buffer("attention output", layer.mixed_columns)
    step.add(
        ops.Attention(
            q=queries,
            k_cache=kept.keys,
            v_cache=kept.values,
            y=mixed,
            scale=layer.score_scale,
            window=layer.window,
            ring=kept.ring,
            soft_cap=config.score_cap,
            scratch=parts(step, layer.heads, layer.value_size),
            sinks=of.sinks,
            gate=gate,
            places=step.places,
        )
    )
    return mixed


def _queries_and_gates(step: Step, layer: LayerConfig) -> tuple[Tensor, Tensor | None]:
    """Of all heads, and the gates of the result that lie between them."""
    whole = step.buffer("queries", layer.query_rows)
    if not layer.gated:
        return whole, None
    both = whole.reshape(step.tokens, layer.heads, layer.key_size + layer.value_size)
    return both[:, :, : layer.key_size], both[:, :, layer.key_size :]


def rope_settings(
    config: ModelConfig, layer: LayerConfig, weights: LayerWeights, of: AttentionWeights
) -> dict[str, Any]:
    """How queries and keys are turned, and normalised before or after."""
    head_norm = config.architecture.head_norm
    return {
        "base": layer.rope_base,
        "interleaved": config.architecture.pairing is Pairing.NEIGHBOURS,
        "factors": weights.rope_factors,
        "dims": layer.rotated,
        "magnitude": layer.rope_scaling.magnitude if layer.turned else 1.0,
        "query_norm": of.query_norm,
        "key_norm": of.key_norm,
        "norm_epsilon": config.norm_epsilon,
        "norm": _NORMS[head_norm],
        "norm_after_rope": head_norm is HeadNorm.TURNED,
        "norm_values": config.architecture.values_normed,
    }


def parts(step: Step, heads: int, value_size: int) -> Tensor | None:
    """Scratch for a few tokens, and for those of several sequences: a long context is read by more
    threadgroups than there are heads."""
    if step.tokens > FEW and step.places is None:
        return None
    return step.scratch("parts", ops.attention_scratch(step.tokens, heads, value_size))


def _queries(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: AttentionWeights,
) -> None:
    """Of a layer that attends to another's keys and values."""
    queries = step.buffer("queries", layer.query_columns)
    by_head = queries.reshape(step.tokens, layer.heads, layer.key_size)
    x, prologue = hidden.read(weights.attention_norm)
    own = added(step, of.query, x, prologue)
    rope: dict[str, Any] = {
        "base": layer.rope_base,
        "interleaved": config.architecture.pairing is Pairing.NEIGHBOURS,
        "factors": weights.rope_factors,
        "dims": layer.rotated,
        "magnitude": layer.rope_scaling.magnitude,
    }
    if step.tokens > FEW:
        step.add(
            linear(step, weights=of.query.weight, x=x, y=queries, prologue=prologue, epilogue=own)
        )
        if of.query_norm is not None:
            heads = queries.reshape(step.tokens * layer.heads, layer.key_size)
            epsilon = config.norm_epsilon
            step.add(ops.RmsNorm(weight=of.query_norm, epsilon=epsilon, x=heads, y=heads))
        step.add(ops.Rope(x=by_head, y=by_head, places=step.places, **rope))
        return
    kernel = FusedKernelBuilder("queries")
    if prologue is not None:
        kernel = kernel.prologue(prologue)
    kernel = kernel.main(ops.Linear(weights=of.query.weight))
    for stage in own:
        kernel = kernel.epilogue(stage)
    if of.query_norm is not None:
        kernel = kernel.epilogue(ops.HeadNorm(weight=of.query_norm, epsilon=config.norm_epsilon))
    step.add_at_position(
        kernel.epilogue(ops.Rope(**rope)).build(x=x, y=by_head, places=step.places)
    )


def _fused_input(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: AttentionWeights,
    kept: Kept,
) -> None:
    queries = step.buffer("queries", layer.query_columns)
    x, prologue = hidden.read(weights.attention_norm)
    assert of.key is not None and of.value is not None
    biases = [product.bias for product in (of.query, of.key, of.value)]
    if of.low_rank is not None:
        found = corrections(step, of.low_rank, x, prologue)
        biases = [correction.reshape(correction.size) for correction in found]
    step.add(
        ops.QkvLinear(
            query=of.query.weight,
            key=of.key.weight,
            value=of.value.weight,
            x=x,
            q=queries.reshape(step.tokens, layer.heads, layer.key_size),
            k_cache=kept.keys,
            v_cache=kept.values,
            ring=kept.ring,
            places=step.places,
            prologue=prologue,
            query_bias=biases[0],
            key_bias=biases[1],
            value_bias=biases[2],
            **rope_settings(config, layer, weights, of),
        )
    )


def _input(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: AttentionWeights,
    kept: Kept,
) -> None:
    q, _ = _queries_and_gates(step, layer)
    whole = step.buffer("queries", layer.query_rows)
    k = step.buffer("keys", layer.key_columns)
    v = step.buffer("values", layer.value_columns)
    x, prologue = hidden.read(weights.attention_norm)
    assert of.key is not None and of.value is not None
    products = [of.query, of.key, of.value]
    found = None
    if of.low_rank is not None:
        found = corrections(step, of.low_rank, x, prologue)
    side_by_side(step, "qkv", prologue, products, x, [whole, k, v], found)
    rope = rope_settings(config, layer, weights, of)
    step.add(
        ops.RopeKvWrite(
            q=q,
            k=k,
            v=v,
            k_cache=kept.keys,
            v_cache=kept.values,
            ring=kept.ring,
            places=step.places,
            **rope,
        )
    )
