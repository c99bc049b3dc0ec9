"""What a token's probability was, and which ones were likeliest."""

from __future__ import annotations

from dataclasses import dataclass

from foundry.errors import ArgumentError
from foundry.generation.arguments import checked_integer

MOST_TOP = 1024
"""The likeliest tokens of a step at most: what `ops.LogProbabilities` gives."""


@dataclass(frozen=True)
class TokenLogProbability:
    """Natural logarithms of the model's own distribution: bias, penalties and filters not in it."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]
    """The likeliest tokens with theirs, likeliest first; of equal ones the lower id first."""


def checked_top(logprobs: object, vocabulary: int) -> int | None:
    """How many of the likeliest tokens are asked for; None: no log-probabilities at all."""
    if logprobs is None:
        return None
    top = checked_integer(logprobs, "generate: logprobs")
    most = min(MOST_TOP, vocabulary)
    if not 0 <= top <= most:
        raise ArgumentError(f"generate: logprobs is {top}, it lies in [0, {most}]")
    return top
