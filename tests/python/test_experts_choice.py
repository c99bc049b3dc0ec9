"""Which experts take a token, and in which groups, against float64 numpy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foundry as fd
from experts import choose, grouped, some_ids
from foundry import ops
from values import F64, normal, rng

Gating = ops.ExpertGating


def run(
    rt: fd.Foundry, logits: fd.Tensor, used: int, dtype: fd.DType = fd.i32, **settings: Any
) -> tuple[Any, F64]:
    tokens = logits.shape[0]
    ids, shares = rt.empty((tokens, used), dtype), rt.empty((tokens, used), fd.f32)
    rt.run(ops.ChooseExperts(logits=logits, ids=ids, shares=shares, **settings))
    return ids.copy_to_host(), shares.copy_to_host().astype(np.float64)


@pytest.mark.parametrize("gating", list(Gating))
@pytest.mark.parametrize(
    ("tokens", "experts", "used"),
    [(1, 1, 1), (3, 8, 2), (2, 32, 4), (5, 33, 32), (4, 60, 4), (2, 128, 8), (3, 512, 10)],
)
def test_experts_are_chosen(
    rt: fd.Foundry, gating: Gating, tokens: int, experts: int, used: int
) -> None:
    logits = normal(tokens, experts, seed=used) * 3
    for number, dtype in enumerate((fd.f32, fd.f16)):
        given = rt.tensor(logits, dtype)
        settings: dict[str, Any] = {
            "gating": gating,
            "normalised": number == 0,
            "scale": 1 + 1.5 * number,
        }
        found, shares = run(rt, given, used, fd.u32 if number else fd.i32, **settings)
        ids, expected, _ = choose(given.copy_to_host().astype(np.float64), used, **settings)
        np.testing.assert_array_equal(found, ids)
        # exp() and sums of up to 512 terms in f32.
        np.testing.assert_allclose(shares, expected, rtol=2.0**-18)


@pytest.mark.parametrize("gating", [Gating.sigmoid, Gating.softmax])
@pytest.mark.parametrize(
    ("experts", "groups", "groups_used", "used"),
    [(16, 4, 2, 3), (256, 8, 4, 8), (64, 1, 1, 6), (30, 30, 9, 9), (72, 9, 1, 8)],
)
def test_a_bias_and_groups_decide_who_is_chosen(
    rt: fd.Foundry, gating: Gating, experts: int, groups: int, groups_used: int, used: int
) -> None:
    logits, bias = normal(7, experts), normal(experts, seed="bias") / 5
    settings: dict[str, Any] = {"gating": gating, "groups": groups, "groups_used": groups_used}
    found, shares = run(rt, rt.tensor(logits), used, bias=rt.tensor(bias), **settings)
    ids, expected, _ = choose(
        logits.astype(np.float64), used, bias=bias.astype(np.float64), **settings
    )
    np.testing.assert_array_equal(found, ids)
    np.testing.assert_allclose(shares, expected, rtol=2.0**-18)


def test_of_equals_the_first_is_chosen(rt: fd.Foundry) -> None:
    logits = rng("ties").integers(0, 3, (9, 100)).astype(np.float32)
    found, _ = run(rt, rt.tensor(logits), 12)
    np.testing.assert_array_equal(found, choose(logits.astype(np.float64), 12)[0])
    found, _ = run(rt, rt.tensor(np.zeros((1, 40), np.float32)), 32)
    np.testing.assert_array_equal(found, [np.arange(32)])


def test_a_sum_of_almost_nothing_is_taken_as_llama_cpp_takes_it(rt: fd.Foundry) -> None:
    logits = np.full((1, 4), -20, np.float32)
    settings: dict[str, Any] = {"gating": Gating.sigmoid, "normalised": True}
    _, shares = run(rt, rt.tensor(logits), 2, **settings)
    np.testing.assert_allclose(shares, np.exp(-20.0) * 2.0**14, rtol=2.0**-18)


@pytest.mark.parametrize("gating", list(Gating))
def test_nan_among_the_gates_shows_in_the_shares(rt: fd.Foundry, gating: Gating) -> None:
    clean = normal(4, 40)
    logits = clean.copy()
    logits[1, 33] = np.nan
    logits[2, 5] = -np.inf
    found, shares = run(rt, rt.tensor(logits), 6, gating=gating)
    assert np.isnan(shares[1]).all() and np.isfinite(shares[[0, 2, 3]]).all()
    assert 5 not in found[2]
    for ids in found:
        assert len(set(ids.tolist())) == 6 and ids.min() >= 0 and ids.max() < 40
    bias = np.zeros(40, np.float32)
    bias[7] = np.nan
    ids, all_shares = rt.empty((4, 6), fd.i32), rt.empty((4, 6), fd.f32)
    rt.run(
        ops.ChooseExperts(rt.tensor(clean), ids, all_shares, bias=rt.tensor(bias), gating=gating)
    )
    assert np.isnan(np.asarray(all_shares)).all()


@pytest.mark.parametrize(
    ("tokens", "used", "experts"), [(1, 1, 1), (5, 3, 7), (70, 2, 4), (64, 8, 33), (300, 10, 512)]
)
def test_choices_are_grouped_by_expert(
    rt: fd.Foundry, tokens: int, used: int, experts: int
) -> None:
    ids = some_ids(tokens, used, experts)
    if tokens == 5:
        ids[2] = [-1, experts, 2**31 - 1]  # no experts: the last group
    found = grouped(rt, rt.tensor(ids), experts).copy_to_host()
    flat = np.where((ids < 0) | (ids >= experts), experts, ids).reshape(-1)
    slots = np.argsort(flat, kind="stable")
    starts = np.searchsorted(flat[slots], np.arange(experts + 2))
    np.testing.assert_array_equal(found, np.concatenate([starts, slots, slots // used]))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (
            lambda e: ops.ChooseExperts(e(2, 513), e(2, 4, dtype=fd.i32), e(2, 4)),
            fd.ShapeError,
            "ChooseExperts: 513 experts, 1 to 512 are possible",
        ),
        (
            lambda e: ops.ChooseExperts(e(2, 64), e(2, 33, dtype=fd.i32), e(2, 33)),
            fd.ShapeError,
            "ChooseExperts: 33 experts used, 1 to 32 are possible",
        ),
        (
            lambda e: ops.ChooseExperts(e(2, 4), e(2, 5, dtype=fd.i32), e(2, 5)),
            fd.ShapeError,
            "ChooseExperts: 5 experts used, 1 to 4 are possible",
        ),
        (
            lambda e: ops.ChooseExperts(e(2, 64), e(3, 2, dtype=fd.i32), e(3, 2)),
            fd.ShapeError,
            "ChooseExperts: ids is (3, 2): 6 elements where 4 are needed",
        ),
        (
            lambda e: ops.ChooseExperts(e(2, 64), e(2, 2), e(2, 2)),
            fd.DTypeError,
            "ChooseExperts: ids takes i32 or u32, got",
        ),
        (
            lambda e: ops.ChooseExperts(
                e(2, 64), e(2, 2, dtype=fd.i32), e(2, 2), groups=7, groups_used=2
            ),
            fd.ArgumentError,
            "64 experts in 7 groups; supported: 1 to 32 groups of equal size",
        ),
        (
            lambda e: ops.ChooseExperts(
                e(2, 64), e(2, 9, dtype=fd.i32), e(2, 9), groups=8, groups_used=1
            ),
            fd.ArgumentError,
            "9 experts of 1 groups, of 8 groups with 8 experts each",
        ),
        (
            lambda e: ops.ChooseExperts(e(64), e(2, dtype=fd.i32), e(2), scale=float("inf")),
            fd.ArgumentError,
            "ChooseExperts: scale is inf, not finite",
        ),
        (
            lambda e: ops.GroupExperts(e(3, 2, dtype=fd.i32), e(14, dtype=fd.u32)),
            fd.ShapeError,
            "GroupExperts: groups is (14,), ids are (3, 2): 14 elements where 15 to 526 are needed",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    rt: fd.Foundry, make: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        rt.run(make(lambda *shape, dtype=fd.f32: rt.empty(shape, dtype)))
