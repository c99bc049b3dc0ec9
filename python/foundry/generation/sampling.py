"""How the next token is chosen: the parameters, checked where they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from foundry.errors import ArgumentError


@dataclass(frozen=True)
class SamplingParameters:
    """Sampling of one token from logits; the default is greedy.

    The order is llama.cpp's: penalties, top-k, top-p, min-p, then temperature and the draw.
    `ArgumentError` where a value is out of its range.
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
        def check(name: str, valid: bool, rule: str) -> None:
            if not valid:
                raise ArgumentError(f"sampling: {name} is {getattr(self, name)!r}, {rule}")

        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            check(
                name, isinstance(value, int | float) and math.isfinite(value), "not a finite number"
            )
        check("temperature", self.temperature >= 0, "it cannot be negative")
        check("top_k", self.top_k >= 0, "it cannot be negative (0: all tokens)")
        check("top_p", 0 < self.top_p <= 1, "it lies in (0, 1]")
        check("min_p", 0 <= self.min_p < 1, "it lies in [0, 1)")
        check("repetition_penalty", self.repetition_penalty > 0, "it must be positive")
        check("penalty_window", self.penalty_window >= 0, "it cannot be negative")

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
