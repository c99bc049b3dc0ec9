"""The weights of recurrent layers."""

from __future__ import annotations

from dataclasses import dataclass

from foundry._foundry import Tensor
from foundry.models.products import Product, bind_product
from foundry.models.recurrent_config import Mamba2Config, RecurrentConfig, ShortConvConfig
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


RecurrentWeights = ShortConvWeights | Mamba2Weights


def bind_recurrent(
    source: TensorSource, config: RecurrentConfig, prefix: str, hidden: int
) -> RecurrentWeights:
    """As `weights.bind()` raises."""
    if isinstance(config, ShortConvConfig):
        return _short_conv(source, config, f"{prefix}shortconv.", hidden)
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
