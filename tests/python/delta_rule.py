"""The gated delta rule in float64: what GatedDeltaNet is to compute."""

from __future__ import annotations

import numpy as np

from values import F64


def unit(x: F64, epsilon: float) -> F64:
    return x / np.sqrt((x**2).sum(-1, keepdims=True) + epsilon)


def delta_rule(
    q: F64,
    k: F64,
    v: F64,
    decay: F64,
    beta: F64,
    state: F64,
    *,
    scale: float = 0.0,
    epsilon: float = 1e-6,
    tiled: bool = False,
) -> tuple[F64, F64]:
    """Answers (tokens, heads, values) and the state after them; `decay` is what is kept of the
    state, `beta` what is taken of a difference, both (tokens, heads)."""
    tokens, heads = v.shape[:2]
    of_head = np.arange(heads) % q.shape[1] if tiled else np.arange(heads) // (heads // q.shape[1])
    q, k = (unit(x, epsilon)[:, of_head] for x in (q, k))
    q = q * (scale or 1 / np.sqrt(q.shape[-1]))
    answers = np.empty_like(v)
    for t in range(tokens):
        state = state * decay[t][:, None, None]
        change = beta[t][:, None] * (v[t] - np.einsum("hkv,hk->hv", state, k[t]))
        state = state + np.einsum("hk,hv->hkv", k[t], change)
        answers[t] = np.einsum("hkv,hk->hv", state, q[t])
    return answers, state
