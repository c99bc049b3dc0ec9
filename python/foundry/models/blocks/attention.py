"""Attention: the hidden state to queries, keys and values, and what they attend to back to it."""

from __future__ import annotations

from typing import Any

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.architectures import HeadNorm, Pairing
from foundry.models.blocks.products import normalise, side_by_side
from foundry.models.config import LayerConfig, ModelConfig
from foundry.models.weights import LayerWeights


def attend(
    step: Step,
    config: ModelConfig,
    layer: LayerConfig,
    weights: LayerWeights,
    keys: Tensor,
    values: Tensor,
) -> Tensor:
    """Adds the operations up to attention's output, (tokens, query size)."""
    queries = step.buffer("queries", config.query_size)
    # QkvLinear is for one token, and normalises head by head before RoPE.
    architecture = config.architecture
    is_plain = architecture.head_norm in (None, HeadNorm.EACH)
    if step.tokens == 1 and is_plain and architecture.pairing is not None:
        _fused_input(step, config, layer, weights, keys, values)
    else:
        _input(step, config, layer, weights, keys, values)
    mixed = step.buffer("attention output", config.query_size)
    # A long context is read by more threadgroups than there are heads, for one token.
    parts = None
    if step.tokens == 1:
        size = ops.attention_scratch(1, config.heads, config.head_dim)
        parts = step.scratch("parts", size)
    step.add(
        ops.Attention(
            q=queries,
            k_cache=keys,
            v_cache=values,
            y=mixed,
            scale=layer.score_scale,
            window=layer.window,
            soft_cap=config.score_cap,
            scratch=parts,
            sinks=weights.sinks,
        )
    )
    return mixed


def _rope(config: ModelConfig, layer: LayerConfig, weights: LayerWeights) -> dict[str, Any]:
    return {
        "base": layer.rope_base,
        "interleaved": config.architecture.pairing is Pairing.NEIGHBOURS,
        "factors": weights.rope_factors,
        "dims": config.rotated,
    }


def _fused_input(
    step: Step,
    config: ModelConfig,
    layer: LayerConfig,
    weights: LayerWeights,
    keys: Tensor,
    values: Tensor,
) -> None:
    queries = step.buffer("queries", config.query_size)
    step.add(
        ops.QkvLinear(
            query=weights.query.weight,
            key=weights.key.weight,
            value=weights.value.weight,
            x=step.buffer("hidden state", config.hidden),
            q=queries.reshape(1, config.heads, config.head_dim),
            k_cache=keys,
            v_cache=values,
            prologue=normalise(config, weights.attention_norm),
            query_bias=weights.query.bias,
            key_bias=weights.key.bias,
            value_bias=weights.value.bias,
            query_norm=weights.query_norm,
            key_norm=weights.key_norm,
            norm_epsilon=config.norm_epsilon,
            **_rope(config, layer, weights),
        )
    )


def _input(
    step: Step,
    config: ModelConfig,
    layer: LayerConfig,
    weights: LayerWeights,
    keys: Tensor,
    values: Tensor,
) -> None:
    head_norm = config.architecture.head_norm
    rope = _rope(config, layer, weights)
    q = step.buffer("queries", config.query_size)
    k = step.buffer("keys", config.kv_size)
    v = step.buffer("values", config.kv_size)
    step.add(
        side_by_side(
            "qkv",
            normalise(config, weights.attention_norm),
            [weights.query, weights.key, weights.value],
            step.buffer("hidden state", config.hidden),
            [q, k, v],
        )
    )
    norms = [
        ops.RmsNorm(weight=norm, x=rows, y=rows, epsilon=config.norm_epsilon)
        for norm, rows in ((weights.query_norm, q), (weights.key_norm, k))
        if norm is not None
        for rows in [rows.reshape(-1, norm.size)]
    ]
    if head_norm is HeadNorm.TURNED:
        for x in (q, k):
            heads = x.reshape(step.tokens, -1, config.head_dim)
            step.add(ops.Rope(x=heads, y=heads, **rope))
        step.add(*norms, ops.KvWrite(k=k, v=v, k_cache=keys, v_cache=values))
    elif config.architecture.pairing is None:
        step.add(*norms, ops.KvWrite(k=k, v=v, k_cache=keys, v_cache=values))
    else:
        step.add(*norms, ops.RopeKvWrite(q=q, k=k, v=v, k_cache=keys, v_cache=values, **rope))
