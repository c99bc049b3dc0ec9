"""Latent attention (DeepSeek-AI, "DeepSeek-V2", 2024): all heads' keys and values are products of
one latent for each token, and that is what the cache holds.

The products are left to the queries and to the result: a query times a key's matrix meets latents,
and what is mixed of latents becomes values once, after attention.
"""

from __future__ import annotations

import numpy as np

from foundry import ops
from foundry._foundry import DType, Tensor
from foundry.engine.kept import Kept
from foundry.engine.step import FEW, Step
from foundry.models.architectures import Pairing
from foundry.models.blocks.attention import parts
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import (
    added,
    corrections,
    linear,
    normalise,
    side_by_side,
)
from foundry.models.config import ModelConfig
from foundry.models.latents import LatentWeights
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import LayerWeights


def attend_latents(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: LatentWeights,
    kept: Kept,
) -> Tensor:
    """Adds the operations up to attention's output, (tokens, mixed columns)."""
    sizes = layer.latent
    assert sizes is not None
    heads, rows = layer.heads, step.tokens * layer.heads
    plain, latents = _input(step, config, hidden, layer, weights, of)
    queries = step.buffer("queries", heads * layer.key_size)
    turned = queries.reshape(step.tokens, heads, layer.key_size)[:, :, sizes.rank :]
    step.add(
        ops.LatentWrite(
            q=plain,
            kv=latents,
            norm=of.latent_norm.weight,
            y=turned,
            cache=kept.keys,
            base=layer.rope_base,
            interleaved=config.architecture.pairing is Pairing.NEIGHBOURS,
            factors=weights.rope_factors,
            magnitude=layer.rope_scaling.magnitude,
            norm_epsilon=config.norm_epsilon,
            places=step.places,
        )
    )
    ids, groups = _by_head(step, heads)
    unturned = sizes.head_size - layer.rotated
    step.add(
        ops.ExpertLinear(
            weights=of.key,
            ids=ids,
            groups=groups,
            x=plain.reshape(rows, sizes.head_size)[:, :unturned],
            y=queries.reshape(rows, layer.key_size)[:, : sizes.rank],
        )
    )
    mixed = step.buffer("mixed latents", heads * sizes.rank)
    step.add(
        ops.Attention(
            q=queries,
            k_cache=kept.keys,
            v_cache=kept.values,
            y=mixed,
            scale=layer.score_scale,
            scratch=parts(step, heads, sizes.rank),
            places=step.places,
        )
    )
    output = step.buffer("attention output", layer.mixed_columns)
    step.add(
        ops.ExpertLinear(
            weights=of.value,
            ids=ids,
            groups=groups,
            x=mixed.reshape(rows, sizes.rank),
            y=output.reshape(rows, sizes.value_size),
        )
    )
    return output


def _input(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    of: LatentWeights,
) -> tuple[Tensor, Tensor]:
    """Queries before RoPE, and latents with the key that is turned, before their norm."""
    sizes = layer.latent
    assert sizes is not None
    plain = step.buffer("plain queries", layer.heads * sizes.head_size)
    latents = step.buffer("latents", layer.key_size)
    x, prologue = hidden.read(weights.attention_norm)
    found = None
    if of.low_rank is not None:
        found = corrections(step, of.low_rank, x, prologue)
    if of.query_latent is None:
        side_by_side(step, "latent", prologue, [of.query, of.latent], x, [plain, latents], found)
        return plain, latents
    own = step.buffer("latents of queries", of.query_latent.weight.shape[0])
    side_by_side(step, "latent", prologue, [of.query_latent, of.latent], x, [own, latents], found)
    norm = normalise(config, of.query_norm)
    more = added(step, of.query, own, norm)
    matrix = of.query.weight
    step.add(linear(step, weights=matrix, x=own, y=plain, prologue=norm, epilogue=more))
    return plain, latents


def _by_head(step: Step, heads: int) -> tuple[Tensor, Tensor | None]:
    """Heads as experts that every token chooses, in their order."""
    shape = (step.tokens, heads)
    ids = step.constant("heads", np.broadcast_to(np.arange(heads, dtype=np.int32), shape))
    if step.tokens <= FEW:
        return ids, None

    def group() -> Tensor:
        size = ops.expert_groups(step.tokens, heads, heads)
        groups = step.integers("places by head", (size,), DType.u32)
        step.add(ops.GroupExperts(ids=ids, groups=groups))
        return groups

    return ids, step.once("tokens by head", group)
