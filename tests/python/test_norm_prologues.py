"""Norms as prologues, in both forms of a Gemm and for long inputs, against float64 numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import F64, normal, weights

FORMS = ["gemv", "gemm_lanes", "gemm_matrices"]


def rms(x: F64) -> F64:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)


def layer(x: F64) -> F64:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)


@pytest.mark.parametrize("columns", [96, 4160])  # above 4096 an input is not kept in memory
@pytest.mark.parametrize(
    ("form", "parts"),
    [
        *((form, parts) for form in FORMS for parts in ("weight and bias", "rms")),
        *(("gemv", parts) for parts in ("weight", "bias", "none")),
    ],
)
def test_a_norm_as_prologue(rt: fd.Foundry, form: str, columns: int, parts: str) -> None:
    tokens, rows = (1, 45) if form == "gemv" else (35, 45)
    w, w64 = weights(rt, (rows, columns), "f16")
    # Far from zero, where the difference of two means would lose the variance.
    x = normal(tokens, columns, seed=form) + 100
    gain, bias = normal(columns, seed=1), normal(columns, seed=2).astype(np.float16)
    expected: F64 = x.astype(np.float64)
    values: dict[str, Any] = {}
    expected = rms(expected) if parts == "rms" else layer(expected)
    if "weight" in parts:
        values["weight"] = rt.tensor(gain)
        expected = expected * gain
    if "bias" in parts:
        values["bias"] = rt.tensor(bias)
        expected = expected + bias
    norm = fd.ops.RmsNorm() if parts == "rms" else fd.ops.LayerNorm(**values)
    y = rt.empty((tokens, rows), fd.f32)
    op: Any = fd.ops.Gemm(
        weights=w, x=rt.tensor(x), y=y, prologue=norm, form=fd.ops.LinearForm[form]
    )
    if form == "gemv":
        op = fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y, prologue=norm)
    rt.run(op)
    # f32 sums of `columns` products, and a mean near 100 that is off by a few 2^-24 of it, which
    # moves every element of the row: both count with the sum of the weights' magnitudes.
    atol = 2.0**-24 * 8 * 100 * np.abs(w64).sum(axis=1).max()
    np.testing.assert_allclose(np.asarray(y), expected @ w64.T, rtol=0, atol=atol)


def test_a_head_norm_without_weights(rt: fd.Foundry) -> None:
    w, w64 = weights(rt, (64, 96), "f16")
    x = normal(96)
    y = rt.empty((1, 2, 32), fd.f32)
    kernel = fd.fuse("k").main(fd.ops.Linear(weights=w)).epilogue(fd.ops.HeadNorm(epsilon=1e-5))
    rt.run(kernel.build(x=rt.tensor(x), y=y))
    # f32 sums of 96 products, magnified by one over their root mean square, near 10.
    np.testing.assert_allclose(np.asarray(y)[0], rms((w64 @ x).reshape(2, 32)), atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e30])  # the last one's square is infinite
def test_nan_in_a_norm_shows_in_every_result(rt: fd.Foundry, value: float) -> None:
    w, _ = weights(rt, (40, 64), "q8_0")
    x = normal(3, 64)
    x[1, 7] = value
    for norm in (fd.ops.LayerNorm(weight=rt.tensor(normal(64))), fd.ops.RmsNorm()):
        y = rt.empty((3, 40), fd.f32)
        rt.run(fd.ops.Linear(weights=w, x=rt.tensor(x), y=y, prologue=norm))
        found = np.asarray(y)
        assert np.isnan(found[1]).all() and np.isfinite(found[[0, 2]]).all()
        one = rt.empty((40,), fd.f32)
        rt.run(fd.ops.Linear(weights=w, x=rt.tensor(x[1]), y=one, prologue=norm))
        assert np.isnan(np.asarray(one)).all()


def test_a_norm_of_another_size_is_named(rt: fd.Foundry) -> None:
    w, _ = weights(rt, (40, 64), "f32")
    x, y = rt.tensor(normal(64)), rt.empty((40,), fd.f32)
    norm = fd.ops.LayerNorm(weight=rt.tensor(normal(64)), bias=rt.tensor(normal(63)))
    with pytest.raises(fd.ShapeError) as error:
        rt.run(fd.ops.Linear(weights=w, x=x, y=y, prologue=norm))
    assert str(error.value) == (
        "Linear: LayerNorm's bias is (63,): 63 elements where 64 are needed"
    )
