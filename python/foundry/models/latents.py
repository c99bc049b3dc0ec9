"""The weights of latent attention, from either kind of file."""

from __future__ import annotations

from dataclasses import dataclass

from foundry import ops
from foundry._foundry import DType, Tensor
from foundry.models.layer_config import LatentConfig, LayerConfig
from foundry.models.products import LowRank, Norm, Product, bind_product
from foundry.models.tensors import TensorSource


@dataclass(frozen=True)
class LatentWeights:
    """One layer's."""

    query_latent: Product | None
    """Queries are products of a latent, too, which has a norm; or else of the hidden state."""
    query_norm: Norm | None
    query: Product
    latent: Product
    """(rank + turned, hidden): a latent, and the key that all heads share."""
    latent_norm: Norm
    key: Tensor
    """(heads, rank, unturned): what makes a query meet latents."""
    value: Tensor
    """(heads, value size, rank)."""
    low_rank: LowRank | None = None
    """Of the products of the hidden state: of queries or their latent, and of latents."""


def bind_latents(
    source: TensorSource,
    layer: LayerConfig,
    sizes: LatentConfig,
    prefix: str,
    hidden: int,
) -> LatentWeights:
    heads, rotated = layer.heads, layer.rotated
    columns = hidden
    query_latent = query_norm = None
    name = "attn_q"
    if source.has(f"{prefix}attn_q_a.weight"):
        columns = source.rows_of(f"{prefix}attn_q_a.weight")
        query_latent = bind_product(source, f"{prefix}attn_q_a", columns, hidden)
        query_norm = Norm(source.take(f"{prefix}attn_q_a_norm.weight", (columns,)), None)
        name = "attn_q_b"
    unturned = sizes.head_size - rotated
    if source.has(f"{prefix}attn_kv_b.weight"):
        key, value = _both(source, sizes, prefix, heads, unturned)
    else:
        key = source.take(f"{prefix}attn_k_b.weight", (heads, sizes.rank, unturned))
        value = source.take(f"{prefix}attn_v_b.weight", (heads, sizes.value_size, sizes.rank))
    return LatentWeights(
        query_latent=query_latent,
        query_norm=query_norm,
        query=bind_product(source, f"{prefix}{name}", heads * sizes.head_size, columns),
        latent=bind_product(source, f"{prefix}attn_kv_a_mqa", sizes.rank + rotated, hidden),
        latent_norm=Norm(source.take(f"{prefix}attn_kv_a_norm.weight", (sizes.rank,)), None),
        key=key,
        value=value,
    )


def _both(
    source: TensorSource,
    sizes: LatentConfig,
    prefix: str,
    heads: int,
    unturned: int,
) -> tuple[Tensor, Tensor]:
    """Of older files, whose matrix has keys' rows and values', head by head. Keys' are turned over
    once, since blocks lie along the latent: plain formats stay as they are, others become f32, for
    what f16 rounds off may choose another expert."""
    runtime, rows = source.runtime, unturned + sizes.value_size
    whole = source.take(f"{prefix}attn_kv_b.weight", (heads * rows, sizes.rank))
    by_head = whole.reshape(heads, rows, sizes.rank)
    wide = runtime.empty((heads * rows, sizes.rank), DType.f32)
    ids = runtime.empty((heads * rows,), DType.i32)
    runtime.run(ops.Arange(y=ids))
    runtime.run(ops.Embedding(table=whole, ids=ids, y=wide))
    kept = whole.dtype if whole.dtype in (DType.f32, DType.f16, DType.bf16) else DType.f32
    key = runtime.dedicated((heads, sizes.rank, unturned), kept, name=f"{prefix}attn_k_b")
    turned = wide.reshape(heads, rows, sizes.rank)[:, :unturned].transpose(0, 2, 1)
    runtime.run(ops.Copy(x=turned, y=key))
    return key, by_head[:, unturned:]
