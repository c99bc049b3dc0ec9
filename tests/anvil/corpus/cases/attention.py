"""sdpa_vector.h (decode), steel/attn (prefill): online softmax, grouped heads, masks, causality."""

from typing import Any

import numpy as np
from corpus import EPSILON, Case, one
from numpy.typing import DTypeLike, NDArray

F32, F16, I32, I64 = (np.dtype(t) for t in (np.float32, np.float16, np.int32, np.int64))
VECTOR = ("utils.h", "sdpa_vector.h")
STEEL = ("utils.h", "steel/attn/kernels/steel_attention.h")
rng = np.random.default_rng(8)


def numbers(dtype: DTypeLike, *shape: int) -> NDArray[Any]:
    return rng.normal(size=shape).astype(dtype)


def attend(
    q: NDArray[Any],
    k: NDArray[Any],
    v: NDArray[Any],
    scale: float,
    allowed: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """[heads][queries][dimension], with as many key and value heads as divide the heads."""
    repeat = len(q) // len(k)
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    scores = scale * np.einsum("hqd,hkd->hqk", q, np.repeat(k, repeat, 0))
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("hqk,hkd->hqd", weights, np.repeat(v, repeat, 0))


# Rounding to half at the end; fast::exp and sums in float before that.
TOLERANCE: dict[np.dtype[Any], tuple[float, float]] = {
    F16: (2 * EPSILON[F16], EPSILON[F16]),
    F32: (1e-5, 1e-5),
}


def vector(
    dtype: DTypeLike,
    kind: str,
    heads: int,
    groups: int,
    keys: int,
    causal: bool = False,
    mask: bool = False,
) -> Case:
    queries, d = 2, 64
    q = numbers(dtype, heads, queries, d)
    k, v = numbers(dtype, heads // groups, keys, d), numbers(dtype, heads // groups, keys, d)
    allowed = np.ones((heads, queries, keys), bool)
    if causal:
        allowed &= np.arange(keys) <= keys - queries + np.arange(queries)[:, None]
    chosen = rng.random((heads, queries, keys)) < 0.7
    chosen[..., 0] = True
    if mask:
        allowed &= chosen
    return Case(
        f"sdpa_vector_{np.dtype(dtype)}{'_causal' * causal}{'_mask' * mask}",
        VECTOR,
        f"sdpa_vector<{kind}, {d}>",
        [q, k, v, np.zeros_like(q), one(groups, I32), one(keys, I32),
         one(keys * d, np.uint64), one(d, np.uint64), one(keys * d, np.uint64), one(d, np.uint64),
         one(0.125, F32), chosen if mask else None, None,
         *([one(1, I32), one(keys, I32), one(queries * keys, I32)] if mask else [None] * 3),
         None, None],
        (heads * 1024, queries, 1),
        (1024, 1, 1),
        {3: attend(q, k, v, 0.125, allowed)},
        {3: TOLERANCE[np.dtype(dtype)]},
        {20: mask, 21: False, 22: causal, 23: mask, 24: False, 25: False, 26: 0},
    )  # fmt: skip


def flash(queries: int, keys: int, causal: bool, bk: int = 16) -> Case:
    """32 queries by `bk` keys a step; the last blocks of both are ragged."""
    heads, groups, d, bq = 2, 2, 64, 32
    q = numbers(F16, heads, queries, d)
    k, v = numbers(F16, heads // groups, keys, d), numbers(F16, heads // groups, keys, d)
    ints = [1, heads, d, queries, keys, groups]
    tail = [-(-queries // bq), -(-keys // bk), queries // bq, keys // bk, queries % bq, keys % bk,
            keys - queries]  # fmt: skip
    strides = [(heads * queries * d, queries * d, d), (heads // groups * keys * d, keys * d, d)]
    head = np.array(ints, I32).tobytes() + one(0.125, F32).tobytes() + np.array(tail, I32).tobytes()
    parameters = head + np.array([strides[i] for i in (0, 1, 1, 0)], I64).tobytes()
    allowed = np.arange(keys) <= keys - queries + np.arange(queries)[:, None] if causal else None
    return Case(
        f"steel_attention_float16_{queries}x{keys}{'_causal' * causal}",
        STEEL,
        f"attention<half, {bq}, {bk}, {d}, {d}, 4, 1, half, float>",
        [q, k, v, np.zeros_like(q), np.frombuffer(parameters, np.uint8), None, None, None, None],
        (-(-queries // bq) * 32, heads * 4, 1),
        (32, 4, 1),
        {3: attend(q, k, v, 0.125, allowed)},
        {3: (4 * EPSILON[F16], 2 * EPSILON[F16])},
        {200: queries % bq == 0, 201: keys % bk == 0, 300: False, 301: causal, 302: False,
         303: False},
    )  # fmt: skip


CASES = [
    vector(F16, "half", 4, 2, 77, causal=True),
    vector(F32, "float", 2, 1, 50, mask=True),
    flash(45, 45, causal=False),
    flash(32, 67, causal=True),
]
