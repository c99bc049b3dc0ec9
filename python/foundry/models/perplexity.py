"""How well a model expects a text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ArgumentError


@dataclass(frozen=True)
class Perplexity:
    """exp of the mean negative log-likelihood of a text's tokens."""

    value: float
    error: float
    """Standard error of `value`, of the tokens as independent draws."""
    tokens: int
    """That were predicted."""

    def __str__(self) -> str:
        return f"{self.value:.4f} +- {self.error:.4f} ({self.tokens} tokens)"


def perplexity(
    logits: Callable[[Sequence[int]], NDArray[np.float32]],
    tokens: Sequence[int],
    window: int,
    first: int | None,
) -> Perplexity:
    """As llama.cpp measures it: the text in windows of so many tokens, each evaluated by itself,
    and of each the second half predicted, which has the first half before it. `first` takes the
    place of every window's first token, where the model wants one there.

    `logits` gives a row for each of a window's tokens. `ArgumentError` for a text that fills no
    window.
    """
    if window < 4:
        raise ArgumentError(f"perplexity: a window of {window} tokens; expected 4 at least")
    if len(tokens) < window:
        raise ArgumentError(
            f"perplexity: a text of {len(tokens)} tokens fills no window of {window}"
        )
    losses = []
    for start in range(0, len(tokens) - window + 1, window):
        part = list(tokens[start : start + window])
        seen = part if first is None else [first, *part[1:]]
        rows = logits(seen)[window // 2 - 1 : -1].astype(np.float64)
        highest = rows.max(axis=-1, keepdims=True)
        total = highest[:, 0] + np.log(np.exp(rows - highest).sum(axis=-1))
        chosen = np.take_along_axis(rows, np.asarray(part[window // 2 :])[:, None], axis=-1)[:, 0]
        losses.append(total - chosen)
    loss = np.concatenate(losses)
    value = math.exp(loss.mean())
    return Perplexity(value, value * loss.std() / math.sqrt(len(loss)), len(loss))
