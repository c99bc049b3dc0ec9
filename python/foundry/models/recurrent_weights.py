"""The weights of recurrent layers."""

from __future__ import annotations

from dataclasses import dataclass

from foundry._foundry import Tensor
from foundry.errors import UnsupportedModelError
from foundry.models.products import LowRank, Product, bind_product
from foundry.models.recurrent_config import (
    DeltaNetConfig,
    Mamba2Config,
    RecurrentConfig,
    ShortConvConfig,
)
from foundry.models.tensors import TensorSource


@dataclass(frozen=True)
class ShortConvWeights:
    """One layer's; the product's outputs are two gates and what is convolved."""

    input: Product
    convolution: Tensor
    """(channels, taps)."""
    output: Product


@dataclass(frozen=True)
class Mamba2Weights:
    """One layer's."""

    input: Product
    convolution: Tensor
    """(channels, taps)."""
    convolution_bias: Tensor | None
    rate: Tensor
    """(heads,): of the decay."""
    time_bias: Tensor
    """(heads,)."""
    own: Tensor
    """(heads,): what of x goes by the state."""
    norm: Tensor | None
    """(groups, inner / groups)."""
    output: Product


@dataclass(frozen=True)
class DeltaNetWeights:
    """One layer's."""

    input: Product
    """To queries, keys and values."""
    gate: Product
    """Of the result."""
    rates: tuple[Product, ...]
    """To what is taken of a difference and what is kept, a number for each head: two products, or
    one that has the one, then the other for each key head."""
    convolution: Tensor
    """(channels, taps)."""
    decay_scale: Tensor
    decay_bias: Tensor
    """(heads,)."""
    norm: Tensor
    """(size,)."""
    output: Product
    low_rank: LowRank | None = None
    """Of the products of the input: all but `output`."""


RecurrentWeights = ShortConvWeights | Mamba2Weights | DeltaNetWeights


def bind_recurrent(
    source: TensorSource, config: RecurrentConfig, prefix: str, hidden: int
) -> RecurrentWeights:
    """As `weights.bind()` raises."""
    if isinstance(config, ShortConvConfig):
        return _short_conv(source, config, f"{prefix}shortconv.", hidden)
    if isinstance(config, DeltaNetConfig):
        return _delta_net(source, config, prefix, hidden)
    return _mamba2(source, config, f"{prefix}ssm_", hidden)


def _short_conv(
    source: TensorSource, config: ShortConvConfig, prefix: str, hidden: int
) -> ShortConvWeights:
    channels = config.channels
    return ShortConvWeights(
        input=bind_product(source, f"{prefix}in_proj", 3 * channels, hidden),
        convolution=source.take_plain(f"{prefix}conv.weight", (channels, config.taps)),
        output=bind_product(source, f"{prefix}out_proj", hidden, channels),
    )


def _mamba2(source: TensorSource, config: Mamba2Config, prefix: str, hidden: int) -> Mamba2Weights:
    heads, channels = config.heads, config.channels
    norm = f"{prefix}norm.weight"
    of_group = (config.groups, config.inner // config.groups)
    return Mamba2Weights(
        input=bind_product(source, f"{prefix}in", config.columns, hidden),
        convolution=source.take_plain(f"{prefix}conv1d.weight", (channels, config.taps)),
        convolution_bias=source.take_if(f"{prefix}conv1d.bias", (channels,)),
        rate=source.take_plain(f"{prefix}a", (heads, 1)).reshape(heads),
        time_bias=source.take(f"{prefix}dt.bias", (heads,)),
        own=source.take_plain(f"{prefix}d", (heads, 1)).reshape(heads),
        norm=source.take_plain(norm, of_group) if source.has(norm) else None,
        output=bind_product(source, f"{prefix}out", hidden, config.inner),
    )


def _delta_net(
    source: TensorSource, config: DeltaNetConfig, prefix: str, hidden: int
) -> DeltaNetWeights:
    heads, channels = config.heads, config.channels
    older = f"{prefix}ssm_in.weight"
    if source.has(older):
        raise UnsupportedModelError(
            f"unsupported tensor '{older}', as older conversions have it; supported: "
            f"'{prefix}attn_qkv.weight' and '{prefix}attn_gate.weight'"
        )
    if source.has(f"{prefix}ssm_ba.weight"):
        rates = [bind_product(source, f"{prefix}ssm_ba", 2 * heads, hidden)]
    else:
        names = ("ssm_beta", "ssm_alpha")
        rates = [bind_product(source, f"{prefix}{name}", heads, hidden) for name in names]
    return DeltaNetWeights(
        input=bind_product(source, f"{prefix}attn_qkv", channels, hidden),
        gate=bind_product(source, f"{prefix}attn_gate", config.inner, hidden),
        rates=tuple(rates),
        convolution=source.take_plain(f"{prefix}ssm_conv1d.weight", (channels, config.taps)),
        decay_scale=source.take(f"{prefix}ssm_a", (heads,)),
        decay_bias=source.take(f"{prefix}ssm_dt.bias", (heads,)),
        norm=source.take(f"{prefix}ssm_norm.weight", (config.size,)),
        output=bind_product(source, f"{prefix}ssm_out", hidden, config.inner),
    )
