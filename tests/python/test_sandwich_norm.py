"""Norms beside residuals: RmsNorm's residual and SandwichNorm, against float64 numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import F64, normal, weights

FORMS = ["gemv", "gemm_lanes", "gemm_matrices"]
EPSILON = 1e-5


def rms(x: Any) -> F64:
    wide = np.asarray(x, np.float64)
    return wide / np.sqrt((wide**2).mean(axis=-1, keepdims=True) + EPSILON)


@pytest.mark.parametrize("columns", [40, 1100])
@pytest.mark.parametrize("in_place", ["", "x", "residual"])
def test_rms_norm_adds_a_residual(rt: fd.Foundry, columns: int, in_place: str) -> None:
    x, residual, gain = normal(3, columns), normal(3, columns, seed=1), normal(columns, seed=2)
    tensors = {"x": rt.tensor(x), "residual": rt.tensor(residual, fd.f32)}
    y = tensors.get(in_place, rt.empty(x.shape, fd.f32))
    rt.run(fd.ops.RmsNorm(weight=rt.tensor(gain), epsilon=EPSILON, **tensors, y=y))
    # A norm's scale is off by a few 2^-24, of numbers up to 5 times 4.
    np.testing.assert_allclose(np.asarray(y), residual + rms(x) * gain, rtol=0, atol=5e-6)


@pytest.mark.parametrize("form", FORMS)
# Above 4096 columns an input is not kept in memory.
@pytest.mark.parametrize(("columns", "scale"), [(96, 1.0), (96, 0.375), (4160, 1.5)])
@pytest.mark.parametrize("has_next", [True, False])
def test_a_sandwich_as_prologue(
    rt: fd.Foundry, form: str, columns: int, scale: float, has_next: bool
) -> None:
    tokens, rows = (1, 75) if form == "gemv" else (70, 75)  # more than a tile of either
    w, w64 = weights(rt, (rows, columns), "q8_0")
    x, residual = normal(tokens, columns), normal(tokens, columns, seed=1)
    gain, following = normal(columns, seed=2), normal(columns, seed=3)
    stored = rt.tensor(np.full((tokens, columns), np.nan, np.float32))
    norm = fd.ops.SandwichNorm(
        residual=rt.tensor(residual, fd.f32),
        weight=rt.tensor(gain, fd.f32),
        next_weight=rt.tensor(following, fd.f16) if has_next else None,
        y=stored,
        epsilon=EPSILON,
        scale=scale,
    )
    y = rt.empty((tokens, rows), fd.f32)
    op: Any = fd.ops.Gemm(
        weights=w, x=rt.tensor(x), y=y, prologue=norm, form=fd.ops.LinearForm[form]
    )
    if form == "gemv":
        op = fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y, prologue=norm)
    before = rt.statistics["dispatches"]
    rt.run(op)
    assert rt.statistics["dispatches"] == before + 1
    total = (residual + rms(x) * gain) * scale
    np.testing.assert_allclose(np.asarray(stored), total, rtol=0, atol=5e-6)
    source = rms(total) * following.astype(np.float16) if has_next else total
    # Sums of `columns` products in f32, of 16-bit inputs for one token (docs/ops.md).
    atol = 2.0**-19 * (np.abs(source) @ np.abs(w64).T).max()
    np.testing.assert_allclose(np.asarray(y), source @ w64.T, rtol=0, atol=atol)
    assert op.traffic.writes == y.nbytes + stored.nbytes
    assert op.traffic.reads == (
        w.nbytes + 2 * x.nbytes + gain.nbytes + (following.nbytes // 2 if has_next else 0)
    )


def test_two_sandwiches_take_turns_with_their_sums(rt: fd.Foundry) -> None:
    """Two blocks as Gemma 2 has them: x goes from one tensor to the other and back."""
    columns, rows = 64, 64
    products = [weights(rt, (rows, columns), "f16") for _ in range(2)]
    gains = [normal(columns, seed=i) for i in range(4)]
    g = [rt.tensor(gain) for gain in gains]
    first, second = (rt.tensor(normal(columns, seed=9)), rt.empty((columns,), fd.f32))
    a, b = rt.tensor(normal(columns, seed=8)), rt.empty((rows,), fd.f32)
    x, o = np.asarray(first).astype(np.float64), np.asarray(a).astype(np.float64)
    for i, (w, w64) in enumerate(products):
        norm = fd.ops.SandwichNorm(first, g[2 * i], g[2 * i + 1], second, epsilon=EPSILON)
        rt.run(fd.ops.Linear(weights=w, x=a, y=b, prologue=norm))
        first, second, a, b = second, first, b, a
        x = x + rms(o) * gains[2 * i]
        o = w64 @ (rms(x) * gains[2 * i + 1])
    np.testing.assert_allclose(np.asarray(first), x, rtol=0, atol=2e-5)
    np.testing.assert_allclose(np.asarray(a), o, rtol=0, atol=2e-4)


@pytest.mark.parametrize("where", ["x", "residual"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e30])  # the last one's square is infinite
def test_nan_shows_in_the_row_and_no_other(rt: fd.Foundry, where: str, value: float) -> None:
    w, _ = weights(rt, (40, 64), "f16")
    given = {"x": normal(3, 64), "residual": normal(3, 64, seed=1)}
    given[where][1, 7] = value
    gain = rt.tensor(normal(64))
    stored, y = rt.empty((3, 64), fd.f32), rt.empty((3, 40), fd.f32)
    norm = fd.ops.SandwichNorm(
        residual=rt.tensor(given["residual"]), weight=gain, next_weight=gain, y=stored
    )
    rt.run(fd.ops.Linear(weights=w, x=rt.tensor(given["x"]), y=y, prologue=norm))
    found = np.asarray(y)
    assert np.isnan(found[1]).all() and np.isfinite(found[[0, 2]]).all()
    seen = np.asarray(stored)
    assert np.isfinite(seen[[0, 2]]).all()
    if where == "x":
        assert np.isnan(seen[1]).all()
        rt.run(
            fd.ops.RmsNorm(
                gain, x=rt.tensor(given["x"]), residual=rt.tensor(given["residual"]), y=stored
            )
        )
        assert np.isnan(np.asarray(stored)[1]).all()


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    w, gain = rt.tensor(normal(8, 16)), rt.tensor(normal(16))
    x, residual, y = rt.tensor(normal(16)), rt.tensor(normal(16)), rt.empty((8,), fd.f32)

    def refused(error: type[Exception], **values: Any) -> str:
        norm = fd.ops.SandwichNorm(**{"residual": residual, "weight": gain, **values})
        with pytest.raises(error) as caught:
            rt.run(fd.ops.Linear(weights=w, x=x, y=y, prologue=norm))
        return str(caught.value)

    assert refused(fd.ShapeError, residual=rt.tensor(normal(15))) == (
        "Linear: SandwichNorm's residual is (15,): 15 elements where 16 are needed"
    )
    assert refused(fd.ShapeError, next_weight=rt.tensor(normal(15))) == (
        "Linear: SandwichNorm's next_weight is (15,): 15 elements where 16 are needed"
    )
    for operand in (residual, x):
        assert "prologue_y" in refused(fd.ArgumentError, y=operand)
    with pytest.raises(fd.ArgumentError) as error:
        fd.fuse("k").prologue(fd.ops.RmsNorm(gain, residual=residual))
    assert str(error.value) == (
        "RmsNorm: a prologue takes no residual; SandwichNorm is the one that does"
    )
    with pytest.raises(fd.ShapeError, match="RmsNorm: residual is \\(8,\\)"):
        rt.run(fd.ops.RmsNorm(gain, x=x, y=residual, residual=y))


def test_experts_take_no_sandwich(rt: fd.Foundry) -> None:
    w = rt.tensor(normal(4, 8, 16))
    x, gain = rt.tensor(normal(16)), rt.tensor(normal(16))
    ids, y = rt.tensor(np.array([1, 3], np.int32)), rt.empty((2, 8), fd.f32)
    norm = fd.ops.SandwichNorm(rt.tensor(normal(16, seed=1)), gain, gain)
    with pytest.raises(fd.ArgumentError) as error:
        rt.run(fd.ops.ExpertGatedLinear(gate=w, up=w, ids=ids, x=x, y=y, prologue=norm))
    assert str(error.value) == (
        "ExpertGatedLinear: SandwichNorm has a tensor of the input's shape, which experts have "
        "each their rows of; run it by itself"
    )
