"""RoPE scaling: how far each pair of a head's elements turns with a position.

All of it becomes one factor for each pair, which its frequency is divided by, and one for the
scores. The types and their defaults are llama.cpp's: `linear` is Chen et al. 2023, `yarn` is Peng
et al. 2023, `longrope` is Ding et al. 2024; the factors of Llama 3.1 are a tensor of the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata, shown

SCALING_TYPES = ("none", "linear", "yarn", "longrope")


@dataclass(frozen=True)
class RopeScaling:
    """The keys of `rope.scaling`, named as there."""

    type: str
    factor: float
    attention_factor: float
    original_context_length: int
    extrapolation: float
    """How much of YaRN's ramp counts: 1, or 0 for no ramp."""
    beta_fast: float
    beta_slow: float
    log_multiplier: float
    whole_pairs: bool = True
    """Whether YaRN's ramp begins and ends at a pair of elements, as in llama.cpp."""

    @classmethod
    def from_metadata(cls, metadata: Metadata, context_length: int) -> RopeScaling:
        """As `Metadata` raises; `UnsupportedModelError` for another type."""
        kind = metadata.text("rope.scaling.type", "linear")
        if kind not in SCALING_TYPES:
            raise UnsupportedModelError(
                f"unsupported {metadata.key('rope.scaling.type')} {shown(kind)}; "
                f"supported: {', '.join(SCALING_TYPES)}"
            )
        older = metadata.number("rope.scale_linear", 0.0, zero=True)
        factor = metadata.number("rope.scaling.factor", older, zero=True) or 1.0
        extrapolation = metadata.signed("rope.scaling.yarn_ext_factor", -1.0)
        return cls(
            type=kind,
            factor=1.0 if kind == "none" else factor,
            attention_factor=metadata.number("rope.scaling.attn_factor", 1.0),
            original_context_length=metadata.integer(
                "rope.scaling.original_context_length", context_length
            ),
            extrapolation=float(kind == "yarn") if extrapolation < 0 else extrapolation,
            beta_fast=metadata.number("rope.scaling.yarn_beta_fast", 32.0),
            beta_slow=metadata.number("rope.scaling.yarn_beta_slow", 1.0),
            log_multiplier=metadata.number("rope.scaling.yarn_log_multiplier", 0.0, zero=True),
        )

    @property
    def magnitude(self) -> float:
        """What rotated queries and keys are multiplied by."""
        if not self.extrapolation:
            return self.attention_factor
        scale = _yarn_magnitude(self.factor, 1.0)
        if self.log_multiplier:
            scale /= _yarn_magnitude(self.factor, self.log_multiplier)
        return scale * self.attention_factor

    def factors(
        self, head_dim: int, base: float, given: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        """f32 (head_dim / 2,): what the frequency base^(-2i / head_dim) of pair i is divided by;
        None where that is 1. `given` are the factors that the file has."""
        if self.factor == 1.0 and not self.extrapolation:
            return given
        pairs = np.arange(head_dim // 2)
        speed = np.full(len(pairs), 1.0 / self.factor)
        if self.extrapolation:
            kept = self._ramp(pairs, head_dim, base) * self.extrapolation
            speed = speed * (1.0 - kept) + kept
        with np.errstate(all="ignore"):
            factors = ((1.0 if given is None else given) / speed).astype(np.float32)
        if not np.all(np.isfinite(factors)):
            raise ModelError(f"RoPE scaling {self} leaves no finite frequencies")
        return factors

    def _ramp(self, pairs: NDArray[np.int64], head_dim: int, base: float) -> NDArray[np.float64]:
        """1 for the pairs that turn often in the original context, 0 for those that do not."""
        if base <= 1.0:
            raise ModelError(f"rope.freq_base is {base}; YaRN needs one above 1")

        def pair_of(turns: float) -> float:
            span = self.original_context_length / (turns * 2 * math.pi)
            return head_dim * math.log(span) / (2 * math.log(base))

        low, high = pair_of(self.beta_fast), pair_of(self.beta_slow)
        if self.whole_pairs:
            low, high = math.floor(low), math.ceil(high)
        low, high = max(0, low), min(head_dim - 1, high)
        ramp: NDArray[np.float64] = np.clip((pairs - low) / max(0.001, high - low), 0.0, 1.0)
        return 1.0 - ramp


def _yarn_magnitude(factor: float, multiplier: float) -> float:
    return 1.0 if factor <= 1.0 else 0.1 * multiplier * math.log(factor) + 1.0


def check_sections(metadata: Metadata, pairs: int) -> None:
    """Pairs of a head take turns at positions in time, height and width, which of text are one and
    the same; one that is of no section would not be turned."""
    name = "rope.dimension_sections"
    if name not in metadata:
        return
    given = metadata.integers(name).tolist()
    is_covered = len(given) >= 3 and min(given) >= 0 and sum(given) > 0
    # The turns begin anew after as many pairs as all sections have.
    turns = [range(axis, min(pairs, sum(given)), 3) for axis in range(3)]
    if not is_covered or any(
        pairs_of and pairs_of[-1] >= 3 * size for pairs_of, size in zip(turns, given, strict=False)
    ):
        raise UnsupportedModelError(
            f"unsupported {metadata.key(name)} {shown(given)}; supported: sections of time, height "
            f"and width that take turns at all {pairs} pairs of a head"
        )
