"""Sizes of recurrent layers, and of the states that they keep."""

from __future__ import annotations

from dataclasses import dataclass

from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata
from foundry.models.architectures import Recurrence

_MOST_TAPS = 16  # of ops.CausalConv
_MOST_KEYS = 256  # elements of a key of ops.GatedDeltaNet


@dataclass(frozen=True)
class ShortConvConfig:
    """A short convolution between two gates."""

    channels: int
    taps: int

    @property
    def state(self) -> dict[str, tuple[int, ...]]:
        return {"inputs": (self.taps - 1, self.channels)}


@dataclass(frozen=True)
class Mamba2Config:
    """A short convolution, then a scan."""

    inner: int
    """Elements of all heads."""
    heads: int
    groups: int
    """Of heads with the same B and C."""
    state_size: int
    taps: int

    @property
    def channels(self) -> int:
        """That are convolved: x, B and C."""
        return self.inner + 2 * self.groups * self.state_size

    @property
    def columns(self) -> int:
        """Of the product of the hidden state: a gate, what is convolved, a time for each head."""
        return self.inner + self.channels + self.heads

    @property
    def state(self) -> dict[str, tuple[int, ...]]:
        return {
            "inputs": (self.taps - 1, self.channels),
            "scan": (self.heads, self.state_size, self.inner // self.heads),
        }


@dataclass(frozen=True)
class DeltaNetConfig:
    """A short convolution, then the gated delta rule."""

    key_heads: int
    heads: int
    """Of values."""
    size: int
    """Elements of a head of either."""
    taps: int

    @property
    def inner(self) -> int:
        """Elements of all values."""
        return self.heads * self.size

    @property
    def channels(self) -> int:
        """That are convolved: queries, keys, values."""
        return 2 * self.key_heads * self.size + self.inner

    @property
    def state(self) -> dict[str, tuple[int, ...]]:
        return {
            "inputs": (self.taps - 1, self.channels),
            "memory": (self.heads, self.size, self.size),
        }


RecurrentConfig = ShortConvConfig | Mamba2Config | DeltaNetConfig


def recurrent_from(
    metadata: Metadata, kind: Recurrence | None, hidden: int
) -> RecurrentConfig | None:
    """As `ModelConfig.from_metadata` raises."""
    if kind is None:
        return None
    if kind is Recurrence.SHORT_CONV:
        return ShortConvConfig(hidden, _taps(metadata, "shortconv.l_cache"))
    if kind is Recurrence.DELTA_NET:
        return _delta_net(metadata)
    config = Mamba2Config(
        inner=metadata.integer("ssm.inner_size"),
        heads=metadata.integer("ssm.time_step_rank"),
        groups=metadata.integer("ssm.group_count"),
        state_size=metadata.integer("ssm.state_size"),
        taps=_taps(metadata, "ssm.conv_kernel"),
    )
    if config.inner % config.heads:
        raise ModelError(
            f"{metadata.key('ssm.inner_size')} {config.inner} is no multiple of {config.heads} "
            f"heads ({metadata.key('ssm.time_step_rank')})"
        )
    if config.heads % config.groups or config.inner % config.groups:
        raise ModelError(
            f"{metadata.key('ssm.group_count')} is {config.groups}; expected a divisor of "
            f"{config.heads} heads and of {config.inner} elements"
        )
    return config


def _delta_net(metadata: Metadata) -> DeltaNetConfig:
    config = DeltaNetConfig(
        key_heads=metadata.integer("ssm.group_count"),
        heads=metadata.integer("ssm.time_step_rank"),
        size=metadata.integer("ssm.state_size"),
        taps=_taps(metadata, "ssm.conv_kernel"),
    )
    if config.size > _MOST_KEYS:
        raise UnsupportedModelError(
            f"unsupported {metadata.key('ssm.state_size')} {config.size}; supported: 1 to "
            f"{_MOST_KEYS}"
        )
    if config.heads % config.key_heads:
        raise ModelError(
            f"{metadata.key('ssm.group_count')} is {config.key_heads}; expected a divisor of "
            f"{config.heads} heads ({metadata.key('ssm.time_step_rank')})"
        )
    inner = metadata.integer("ssm.inner_size")
    if inner != config.inner:
        raise ModelError(
            f"{metadata.key('ssm.inner_size')} is {inner}; expected {config.inner}, {config.heads} "
            f"heads of {config.size} elements"
        )
    return config


def _taps(metadata: Metadata, name: str) -> int:
    taps = metadata.integer(name)
    if not 2 <= taps <= _MOST_TAPS:
        raise ModelError(f"{metadata.key(name)} is {taps}; expected 2 to {_MOST_TAPS}")
    return taps
