"""Attention against float64 numpy: forms, head sizes, groups, windows, masks, caps and extremes.

Tolerances: a score is a sum of head_dim products in f32, so it is off by a few units of 2^-24 of
the sum of their magnitudes; exp turns that into a relative error of a weight. Everything after it
is a convex mixture of values.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
from values import rng

F64 = NDArray[np.float64]
FORMS = ["decode", "prefill"]


def attended(
    q: F64,
    k: F64,
    v: F64,
    *,
    start: int = 0,
    scale: float = 0.0,
    window: int = 0,
    causal: bool = True,
    ahead: int = 0,
    soft_cap: float = 0.0,
    mask: F64 | None = None,
    slopes: F64 | None = None,
) -> tuple[F64, F64]:
    """The result, and what its rounding error is a multiple of."""
    tokens, heads, dim = q.shape
    positions = start + tokens
    group = heads // k.shape[1]
    keys = np.repeat(k[:positions], group, axis=1)
    values = np.repeat(v[:positions], group, axis=1)
    scale = scale or 1 / np.sqrt(dim)
    scores = np.einsum("thd,chd->htc", q, keys) * scale
    magnitude = np.einsum("thd,chd->htc", np.abs(q), np.abs(keys)) * abs(scale)
    if soft_cap:
        scores = soft_cap * np.tanh(scores / soft_cap)
        magnitude += soft_cap
    if mask is not None:
        scores = scores + mask[..., :positions]
        magnitude += np.where(np.isfinite(mask[..., :positions]), np.abs(mask[..., :positions]), 0)
    own = start + np.arange(tokens)[:, None]
    at = np.arange(positions)[None, :]
    allowed = at <= own if causal else np.ones((tokens, positions), bool)
    if ahead:
        allowed = at <= own + ahead
    if slopes is not None:
        distances = slopes[:, None, None] * np.abs(own - at)
        scores = scores - distances
        magnitude += distances
    if window:
        allowed = allowed & (at > own - window)
    scores = np.where(allowed, scores, -np.inf)
    highest = scores.max(axis=-1, keepdims=True)
    weight = np.exp(scores - np.where(np.isfinite(highest), highest, 0))
    total = weight.sum(axis=-1, keepdims=True)
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    result = np.einsum("htc,chd->thd", weight, values)
    worst_score = np.where(np.isfinite(scores), magnitude, 0).max(axis=-1).T[:, :, None]
    mixed = np.einsum("htc,chd->thd", weight, np.abs(values))
    return result, (mixed + np.abs(values).max() * 1e-3) * (1 + worst_score)


def check(found: Any, expected: F64, magnitude: F64) -> None:
    difference = np.abs(np.asarray(found).astype(np.float64) - expected)
    bound = 32 * 2.0**-24 * magnitude
    assert np.isfinite(difference).all()
    worst = np.max(difference / bound)
    assert worst <= 1, f"{worst:.2f} times the bound"


class Case:
    """Random queries and a cache, with some capacity beyond what is filled."""

    def __init__(
        self,
        rt: fd.Foundry,
        tokens: int,
        start: int,
        heads: int,
        kv_heads: int,
        dim: int,
        *,
        dtype: fd.DType = fd.f16,
        scale: float = 1.0,
    ) -> None:
        random = rng(tokens, start, heads, kv_heads, dim)
        capacity = start + tokens + 5
        self.rt = rt
        self.start = start
        self.q = rt.tensor((random.standard_normal((tokens, heads, dim)) * scale), fd.f32)
        self.k = rt.tensor(random.standard_normal((capacity, kv_heads, dim)), dtype)
        self.v = rt.tensor(random.standard_normal((capacity, kv_heads, dim)), dtype)

    def run(self, form: str = "automatic", **settings: Any) -> NDArray[np.float32]:
        y = self.rt.empty(self.q.shape, fd.f32)
        np.asarray(y)[:] = np.nan
        self.rt.run(
            fd.ops.Attention(
                q=self.q,
                k_cache=self.k,
                v_cache=self.v,
                y=y,
                start=self.start,
                form=fd.ops.AttentionForm[form],
                **settings,
            )
        )
        return np.asarray(y)

    def expected(self, **settings: Any) -> tuple[F64, F64]:
        q, k, v = (t.copy_to_host().astype(np.float64) for t in (self.q, self.k, self.v))
        return attended(q, k, v, start=self.start, **settings)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dim", [2, 30, 64, 80, 96, 128, 256])
@pytest.mark.parametrize(
    ("tokens", "start", "heads", "kv_heads"),
    [(1, 0, 1, 1), (1, 100, 9, 3), (3, 31, 4, 4), (37, 5, 8, 1), (2, 255, 32, 2)],
)
def test_head_sizes_and_groups(
    rt: fd.Foundry, form: str, tokens: int, start: int, heads: int, kv_heads: int, dim: int
) -> None:
    case = Case(rt, tokens, start, heads, kv_heads, dim)
    check(case.run(form), *case.expected())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("positions", [1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 300, 2048])
def test_ragged_contexts(rt: fd.Foundry, form: str, positions: int) -> None:
    case = Case(rt, 1, positions - 1, 6, 2, 64)
    check(case.run(form), *case.expected())


@pytest.mark.parametrize("form", FORMS)
def test_a_context_that_fills_the_cache(rt: fd.Foundry, form: str) -> None:
    case = Case(rt, 4, 60, 6, 2, 64)
    case.k, case.v = case.k[:64], case.v[:64]
    check(case.run(form), *case.expected())


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("form", FORMS)
def test_cache_types(rt: fd.Foundry, form: str, dtype: str) -> None:
    case = Case(rt, 5, 44, 6, 3, 64, dtype=fd.DType[dtype])
    check(case.run(form), *case.expected())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("window", [1, 2, 16, 33, 64, 1000])
@pytest.mark.parametrize(("tokens", "start"), [(1, 90), (40, 0), (3, 50)])
def test_sliding_window(rt: fd.Foundry, form: str, window: int, tokens: int, start: int) -> None:
    case = Case(rt, tokens, start, 4, 2, 64)
    check(case.run(form, window=window), *case.expected(window=window))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("tokens", "start", "window"), [(40, 0, 0), (3, 20, 0), (40, 9, 7)])
def test_without_causality(rt: fd.Foundry, form: str, tokens: int, start: int, window: int) -> None:
    case = Case(rt, tokens, start, 4, 2, 64)
    settings: dict[str, Any] = {"causal": False, "window": window}
    check(case.run(form, **settings), *case.expected(**settings))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("tokens", "start", "window", "ahead"),
    [(150, 0, 9, 8), (150, 0, 0, 3), (3, 20, 2, 1), (40, 9, 200, 100), (1, 5, 3, 2)],
)
def test_a_window_on_both_sides(
    rt: fd.Foundry, form: str, tokens: int, start: int, window: int, ahead: int
) -> None:
    case = Case(rt, tokens, start, 4, 2, 64)
    settings: dict[str, Any] = {"causal": False, "window": window, "ahead": ahead}
    check(case.run(form, **settings), *case.expected(**settings))


def test_nothing_is_ahead_of_a_causal_token(rt: fd.Foundry) -> None:
    with pytest.raises(fd.ArgumentError, match="ahead is 2, with causal it is 0"):
        Case(rt, 3, 0, 4, 2, 64).run("decode", ahead=2)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("causal", [True, False])
def test_scores_fall_with_the_distance(rt: fd.Foundry, form: str, causal: bool) -> None:
    case = Case(rt, 40, 9, 4, 2, 64)
    slopes = np.array([0.5, 0.25, 0.125, 0.0])
    found = case.run(form, causal=causal, slopes=rt.tensor(slopes, fd.f32))
    check(found, *case.expected(causal=causal, slopes=slopes))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("soft_cap", [0.5, 50.0])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_soft_cap(rt: fd.Foundry, form: str, soft_cap: float, scale: float) -> None:
    case = Case(rt, 5, 40, 4, 2, 64, scale=scale)
    settings = {"soft_cap": soft_cap, "scale": 0.2}
    check(case.run(form, **settings), *case.expected(**settings))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("per_head", [False, True])
@pytest.mark.parametrize("dtype", ["f32", "f16"])
def test_mask(rt: fd.Foundry, form: str, per_head: bool, dtype: str) -> None:
    tokens, start, heads = 5, 66, 4
    case = Case(rt, tokens, start, heads, 2, 64)
    random = rng("mask", form, per_head, dtype)
    shape = (heads, tokens, start + tokens + 3) if per_head else (tokens, start + tokens + 3)
    values = random.standard_normal(shape)
    values[random.random(shape) < 0.3] = -np.inf
    mask = rt.tensor(values, fd.DType[dtype])
    expected = case.expected(mask=mask.copy_to_host().astype(np.float64))
    check(case.run(form, mask=mask), *expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("soft_cap", [0.0, 30.0])
def test_a_query_that_sees_nothing_gives_zeros(rt: fd.Foundry, form: str, soft_cap: float) -> None:
    case = Case(rt, 3, 70, 4, 2, 64)
    values = np.zeros((3, 73), np.float32)
    values[1] = -np.inf
    mask = rt.tensor(values)
    found = case.run(form, mask=mask, soft_cap=soft_cap)
    np.testing.assert_array_equal(found[1], 0)
    check(found, *case.expected(mask=values.astype(np.float64), soft_cap=soft_cap))
    # Nothing visible in the first positions, then something: what came before must not count.
    values = np.zeros((3, 73), np.float32)
    values[:, :69] = -np.inf
    found = case.run(form, mask=rt.tensor(values))
    check(found, *case.expected(mask=values.astype(np.float64)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [0.5, 1e4, 1e26])
def test_large_scores(rt: fd.Foundry, form: str, scale: float) -> None:
    """Scores up to 1e28 in size: nothing overflows, and the largest one wins."""
    case = Case(rt, 6, 40, 4, 2, 64)
    found = case.run(form, scale=scale)
    assert np.isfinite(found).all()
    if scale < 1:
        check(found, *case.expected(scale=scale))
        return
    q, k, v = (t.copy_to_host().astype(np.float64) for t in (case.q, case.k, case.v))
    scores = np.einsum("thd,chd->htc", q, np.repeat(k, 2, axis=1))
    clear = 0
    for t, h in np.ndindex(6, 4):
        row = scores[h, t, : 40 + t + 1]
        first, second = np.argsort(row)[::-1][:2]
        # So far apart that the second one's weight is below f32's precision.
        if (row[first] - row[second]) * scale > 40:
            clear += 1
            np.testing.assert_allclose(found[t, h], v[first, h // 2], rtol=1e-6)
    assert clear > 20


@pytest.mark.parametrize("form", FORMS)
def test_nan_shows(rt: fd.Foundry, form: str) -> None:
    case = Case(rt, 1, 50, 2, 2, 64)
    np.asarray(case.k)[17, 1, 3] = np.nan
    found = case.run(form)
    assert np.isfinite(found[0, 0]).all() and np.isnan(found[0, 1]).all()


@pytest.mark.parametrize("splits", [1, 2, 3, 8, 32])
@pytest.mark.parametrize(
    ("tokens", "start", "heads", "kv_heads", "dim", "window"),
    [(1, 0, 3, 1, 64, 0), (1, 700, 9, 3, 64, 0), (3, 1500, 4, 4, 80, 0), (2, 999, 8, 2, 128, 301)],
)
def test_split_contexts(
    rt: fd.Foundry,
    splits: int,
    tokens: int,
    start: int,
    heads: int,
    kv_heads: int,
    dim: int,
    window: int,
) -> None:
    case = Case(rt, tokens, start, heads, kv_heads, dim)
    scratch = rt.empty((fd.ops.attention_scratch(tokens, heads, dim, splits),), fd.f32)
    np.asarray(scratch)[:] = np.nan
    before = rt.statistics["dispatches"]
    found = case.run("decode", scratch=scratch, splits=splits, window=window)
    assert rt.statistics["dispatches"] - before == (1 if splits == 1 else 2)
    check(found, *case.expected(window=window))


def test_splits_with_a_mask_that_empties_some_of_them(rt: fd.Foundry) -> None:
    case = Case(rt, 2, 510, 4, 2, 64)
    values = np.full((2, 512), -np.inf, np.float32)
    values[0, 130:140] = 0
    scratch = rt.empty((fd.ops.attention_scratch(2, 4, 64, 8),), fd.f32)
    found = case.run("decode", mask=rt.tensor(values), scratch=scratch, splits=8)
    check(found, *case.expected(mask=values.astype(np.float64)))
    np.testing.assert_array_equal(found[1], 0)


def test_a_long_context_is_split_by_itself_and_a_short_one_is_not(rt: fd.Foundry) -> None:
    scratch = rt.empty((fd.ops.attention_scratch(1, 1, 64),), fd.f32)
    for positions, dispatches in [(100, 1), (4096, 2)]:
        case = Case(rt, 1, positions - 1, 1, 1, 64)
        before = rt.statistics["dispatches"]
        check(case.run(scratch=scratch), *case.expected())
        if os.cpu_count() != 1:  # a single thread gains nothing from parts
            assert rt.statistics["dispatches"] - before == dispatches


def test_a_cache_with_heads_first(rt: fd.Foundry) -> None:
    """(kv_heads, capacity, head_dim) in memory, seen through a transposed view."""
    case = Case(rt, 2, 70, 6, 2, 64)
    expected = case.expected()
    for name in ("k", "v"):
        original = getattr(case, name)
        positions, heads, dim = original.shape
        turned = rt.empty((heads, positions, dim), fd.f16)
        rt.run(fd.ops.KvRearrange(x=original, y=turned))
        setattr(case, name, turned.transpose(1, 0, 2))
    for form in FORMS:
        check(case.run(form), *expected)


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"soft_cap": -1.0}, fd.ArgumentError, "soft_cap is -1, not 0 or above"),
        ({"splits": 33}, fd.ArgumentError, "33 splits, up to 32 are possible"),
        ({"mask": ((3, 6), "f32")}, fd.ShapeError, "mask is (3, 6), not (3, 7) or (4, 3, 7)"),
        ({"mask": ((2, 7), "f32")}, fd.ShapeError, "mask is (2, 7), not (3, 7)"),
        ({"mask": ((2, 3, 7), "f32")}, fd.ShapeError, "mask is (2, 3, 7), not (3, 7) or (4, 3, 7)"),
        ({"mask": ((3, 7), "i32")}, fd.DTypeError, "mask takes f32, f16 or bf16"),
        ({"scratch": ((9,), "f16")}, fd.DTypeError, "scratch takes f32"),
    ],
)
def test_what_does_not_fit_is_named(
    rt: fd.Foundry, settings: dict[str, Any], error: type[Exception], text: str
) -> None:
    case = Case(rt, 3, 4, 4, 2, 64)
    made = {
        key: rt.empty(value[0], fd.DType[value[1]]) if isinstance(value, tuple) else value
        for key, value in settings.items()
    }
    with pytest.raises(error) as caught:
        case.run("decode", **made)
    assert text in str(caught.value)
