"""How the next token is chosen: the parameters, checked where they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from foundry.call_errors import typed_calls
from foundry.errors import ArgumentError
from foundry.generation.arguments import checked_integer, checked_number, shown

_REALS = (
    *("temperature", "top_p", "min_p"),
    *("repetition_penalty", "frequency_penalty", "presence_penalty"),
)
_COUNTS = ("top_k", "penalty_window")
_SMALLEST = float(np.finfo(np.float32).smallest_normal)
"""The device divides by some parameters; by less than this, the quotient would be infinite."""


@typed_calls
@dataclass(frozen=True)
class SamplingParameters:
    """Sampling of one token from logits; the default is greedy.

    The order is llama.cpp's: penalties, top-k, top-p, min-p, then temperature and the draw.
    `ArgumentError` where a value is out of its range, `ArgumentTypeError` where it is no number, or
    no int where tokens are counted.
    """

    temperature: float = 0.0
    """0 takes the likeliest token; above, logits are divided by it."""
    top_k: int = 0
    """Keeps the k likeliest tokens (Fan et al. 2018); 0 keeps all."""
    top_p: float = 1.0
    """Keeps the smallest set whose probability reaches p (Holtzman et al. 2020)."""
    min_p: float = 0.0
    """Keeps tokens at least min_p times as likely as the likeliest (Nguyen et al. 2024)."""
    repetition_penalty: float = 1.0
    """Divides positive and multiplies negative logits of recent tokens (Keskar et al. 2019)."""
    frequency_penalty: float = 0.0
    """Subtracted from a recent token's logit once for each occurrence."""
    presence_penalty: float = 0.0
    """Subtracted from a recent token's logit once."""
    penalty_window: int = 64
    """How many recent tokens the penalties look at."""

    def __post_init__(self) -> None:
        for name in _COUNTS:
            count = checked_integer(getattr(self, name), f"sampling: {name}")
            object.__setattr__(self, name, count)
        for name in _REALS:
            value = checked_number(getattr(self, name), f"sampling: {name}")
            object.__setattr__(self, name, value)

        def check(name: str, rule: str, is_valid: Callable[[float], bool]) -> None:
            # The device computes with 32 bits: what is rounded has to be valid too.
            value = getattr(self, name)
            single = value if isinstance(value, int) else float(np.float32(value))
            if not (is_valid(value) and is_valid(single)):
                raise ArgumentError(f"sampling: {name} is {shown(value)}, {rule}")

        check("temperature", "it cannot be negative", lambda value: value >= 0)
        check("temperature", f"it is 0 or at least {_SMALLEST:.4g}", _is_zero_or_normal)
        check("top_k", "it cannot be negative (0: all tokens)", lambda value: value >= 0)
        check("top_p", "it lies in (0, 1]", lambda value: 0 < value <= 1)
        check("min_p", "it lies in [0, 1)", lambda value: 0 <= value < 1)
        check("repetition_penalty", "it must be positive", lambda value: value > 0)
        check("repetition_penalty", f"it is at least {_SMALLEST:.4g}", _is_zero_or_normal)
        check("penalty_window", "it cannot be negative", lambda value: value >= 0)
        for name in _COUNTS:
            check(name, "it is below 2^31", lambda value: value < 2**31)

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.temperature == 0 or self.top_k == 1

    @property
    def penalises(self) -> bool:
        """Whether recent tokens change the logits."""
        return self.penalty_window > 0 and (
            self.repetition_penalty != 1
            or self.frequency_penalty != 0
            or self.presence_penalty != 0
        )


def _is_zero_or_normal(value: float) -> bool:
    return value == 0 or value >= _SMALLEST
