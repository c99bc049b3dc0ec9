"""RoPE in float64: the oracle of every operation that turns heads. Su et al. 2021; `dims` is ggml's
n_dims."""

from __future__ import annotations

import numpy as np

from values import F64


def turned(
    x: F64,
    start: int,
    *,
    dims: int = 0,
    interleaved: bool,
    base: float = 10_000.0,
    factors: F64 | None = None,
    magnitude: float = 1.0,
) -> F64:
    """(tokens, heads, head_dim), from position `start` on: the first `dims` elements of a head, 0
    for all of them, in pairs (2i, 2i + 1) or (i, i + dims / 2)."""
    dims = dims or x.shape[-1]
    speed = base ** (-np.arange(0, dims, 2) / dims) / (1.0 if factors is None else factors)
    angle = np.outer(start + np.arange(len(x)), speed)[:, None, :]
    cos, sin = magnitude * np.cos(angle), magnitude * np.sin(angle)
    pairs = np.arange(dims // 2)
    first, second = (2 * pairs, 2 * pairs + 1) if interleaved else (pairs, pairs + dims // 2)
    result = x.copy()
    result[..., first] = x[..., first] * cos - x[..., second] * sin
    result[..., second] = x[..., first] * sin + x[..., second] * cos
    return result
