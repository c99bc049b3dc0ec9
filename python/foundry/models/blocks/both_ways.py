"""Attention over whole texts at once, several side by side: no cache, tokens may look ahead."""

from __future__ import annotations

from collections.abc import Sequence

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.attention import rope_settings
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import side_by_side
from foundry.models.config import ModelConfig
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import AttentionWeights, LayerWeights


def attend_both_ways(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: AttentionWeights,
    texts: Sequence[slice],
    slopes: Tensor | None,
) -> Tensor:
    """Adds the operations up to the output, (tokens, mixed columns); each of `texts` are the
    rows of one."""
    queries = step.buffer("queries", layer.query_columns)
    keys, values = (
        step.buffer("keys", layer.key_columns),
        step.buffer("values", layer.value_columns),
    )
    x, prologue = hidden.read(weights.attention_norm)
    assert of.key is not None and of.value is not None  # the encoder refuses others
    products = [of.query, of.key, of.value]
    side_by_side(step, "qkv", prologue, products, x, [queries, keys, values])
    if layer.turned or of.query_norm is not None:
        turned = step.buffer("turned keys", layer.key_columns)
        kept = step.buffer("turned keys' values", layer.value_columns)
        for text in texts:
            step.add(
                ops.RopeKvWrite(
                    q=queries[text],
                    k=keys[text],
                    v=values[text],
                    k_cache=_by_head(layer, turned[text]),
                    v_cache=_by_head(layer, kept[text]),
                    **rope_settings(config, layer, weights, of),
                )
            )
        keys, values = turned, kept
    mixed = step.buffer("attention output", layer.mixed_columns)
    for text in texts:
        step.add(
            ops.Attention(
                q=queries[text],
                k_cache=_by_head(layer, keys[text]),
                v_cache=_by_head(layer, values[text]),
                y=mixed[text],
                scale=layer.score_scale,
                window=layer.window,
                causal=layer.ahead == 0,
                ahead=layer.ahead or 0,
                soft_cap=config.score_cap,
                sinks=of.sinks,
                slopes=slopes,
            )
        )
    return mixed


def _by_head(layer: LayerConfig, rows: Tensor) -> Tensor:
    return rows.reshape(rows.shape[0], layer.kv_heads, layer.key_size)
