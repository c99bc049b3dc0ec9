"""Operations that reduce rows: softmax, LayerNorm and RMSNorm, against float64 numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
from values import rng

F64 = NDArray[np.float64]
SHAPES = [(1, 1), (1, 31), (3, 32), (5, 33), (4, 100), (9, 576), (2, 4099), (1, 49152)]
FLOATS = ["f32", "f16", "bf16"]
# Half of the last place of what the result is stored in; f32's results are sums of their own.
STORED = {"f32": 2.0**-21, "f16": 2.0**-11 * 1.01, "bf16": 2.0**-8 * 1.01}


def put(rt: fd.Foundry, values: Any, name: str) -> tuple[fd.Tensor, F64]:
    tensor = rt.tensor(values, fd.DType[name])
    return tensor, tensor.copy_to_host().astype(np.float64)


def softmax(x: F64) -> F64:
    highest = x.max(axis=-1, keepdims=True)
    weight = np.exp(x - np.where(np.isfinite(highest), highest, 0))
    total = weight.sum(axis=-1, keepdims=True)
    return np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)


def check(found: Any, expected: F64, name: str, absolute: float) -> None:
    # A lane adds every 32nd element one after the other: rounding errors grow with their root.
    sums = 2.0**-23 * np.sqrt(expected.shape[-1] / 32)
    np.testing.assert_allclose(
        np.asarray(found).astype(np.float64), expected, rtol=STORED[name] + sums, atol=absolute
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("scale", [1.0, 0.125, -3.0])
def test_softmax(rt: fd.Foundry, shape: tuple[int, int], name: str, scale: float) -> None:
    x, x64 = put(rt, rng("softmax", shape, name).standard_normal(shape) * 4, name)
    y = rt.empty(shape, fd.DType[name])
    rt.run(fd.ops.Softmax(x=x, y=y, scale=scale))
    # A score of up to 60 is off by 60 * 2^-24, a relative error; f16 loses what is below 2^-25.
    check(y, softmax(x64 * scale), name, 2.0**-25 + 1e-5 * float(name == "f32") / shape[1])


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", FLOATS)
def test_softmax_with_a_mask(rt: fd.Foundry, name: str, whole: bool) -> None:
    random = rng("mask", name, whole)
    x, x64 = put(rt, random.standard_normal((7, 100)), "f32")
    values = random.standard_normal((7, 100) if whole else (100,))
    values[random.random(values.shape) < 0.4] = -np.inf
    mask, mask64 = put(rt, values, name)
    y = rt.empty((7, 100), fd.f32)
    rt.run(fd.ops.Softmax(x=x, y=y, mask=mask, scale=0.5))
    check(y, softmax(x64 * 0.5 + mask64), "f32", 1e-7)


@pytest.mark.parametrize("name", ["f32", "f16"])
def test_softmax_at_the_extremes(rt: fd.Foundry, name: str) -> None:
    rows = np.full((6, 40), -np.inf)
    rows[1, 39] = 5  # one element left
    rows[2] = 3.0e4  # large and equal
    rows[3] = np.linspace(-6e4, 6e4, 40)  # far apart
    rows[4] = 0
    rows[4, 7] = np.nan
    rows[5] = np.nan
    x, x64 = put(rt, rows, name)
    y = rt.empty((6, 40), fd.DType[name])
    rt.run(fd.ops.Softmax(x=x, y=y))
    found = np.asarray(y)
    np.testing.assert_array_equal(found[0], 0)
    check(found[1:4], softmax(x64[1:4]), name, 0)
    assert np.isnan(found[4:]).all()


def test_softmax_in_place(rt: fd.Foundry) -> None:
    x, x64 = put(rt, rng("in place").standard_normal((3, 70)), "f32")
    rt.run(fd.ops.Softmax(x=x, y=x))
    check(x, softmax(x64), "f32", 0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("bias", [False, True])
def test_layer_norm(rt: fd.Foundry, shape: tuple[int, int], name: str, bias: bool) -> None:
    random = rng("layer norm", shape, name)
    x, x64 = put(rt, random.standard_normal(shape) * 3 + 1, name)
    gamma, gamma64 = put(rt, random.standard_normal(shape[1]), "f32")
    beta, beta64 = put(rt, random.standard_normal(shape[1]), "f16")
    y = rt.empty(shape, fd.DType[name])
    rt.run(fd.ops.LayerNorm(x=x, y=y, weight=gamma, bias=beta if bias else None, epsilon=1e-5))
    centred = x64 - x64.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * gamma64
    if bias:
        expected = expected + beta64
    # The mean of values up to 15 is off by a few 2^-24 of them; one column alone has no variance,
    # and 1 / sqrt(epsilon) = 316 magnifies that.
    check(y, expected, name, 2e-5 if shape[1] > 1 else 1e-3)


@pytest.mark.parametrize("columns", [40, 1100])
def test_norms_without_weights(rt: fd.Foundry, columns: int) -> None:
    x, x64 = put(rt, rng("no weight", columns).standard_normal((3, columns)) * 3 + 1, "f32")
    y = rt.empty((3, columns), fd.f32)
    rt.run(fd.ops.RmsNorm(x=x, y=y, epsilon=1e-5))
    check(y, x64 / np.sqrt((x64**2).mean(axis=1, keepdims=True) + 1e-5), "f32", 2.0**-25)
    rt.run(fd.ops.LayerNorm(x=x, y=y, epsilon=1e-5))
    centred = x64 - x64.mean(axis=1, keepdims=True)
    # As with weights: the mean of values up to 15 is off by a few 2^-24 of them.
    check(y, centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5), "f32", 2e-5)


def test_layer_norm_far_from_zero(rt: fd.Foundry) -> None:
    """The variance of values whose squares would swallow it."""
    x, x64 = put(rt, rng("far").standard_normal((4, 1000)) + 4096, "f32")
    ones, _ = put(rt, np.ones(1000), "f32")
    y = rt.empty((4, 1000), fd.f32)
    rt.run(fd.ops.LayerNorm(x=x, y=y, weight=ones))
    expected = (x64 - x64.mean(axis=1, keepdims=True)) / np.sqrt(
        x64.var(axis=1, keepdims=True) + 1e-5
    )
    # The mean, about 4096, has 2^-12 of absolute precision in f32, a few times that after the sum.
    check(y, expected, "f32", 2.0**-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FLOATS)
def test_rms_norm(rt: fd.Foundry, shape: tuple[int, int], name: str) -> None:
    random = rng("rms norm", shape, name)
    x, x64 = put(rt, random.standard_normal(shape) * 8_000, name)
    gamma, gamma64 = put(rt, random.standard_normal(shape[1]), "f32")
    y = rt.empty(shape, fd.DType[name])
    rt.run(fd.ops.RmsNorm(weight=gamma, epsilon=1e-5, x=x, y=y))
    expected = x64 / np.sqrt((x64**2).mean(axis=1, keepdims=True) + 1e-5) * gamma64
    check(y, expected, name, 2.0**-25)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda e: fd.ops.Softmax(e((2, 8)), e((2, 7))), fd.ShapeError, "y is (2, 7): 14 elements"),
        (
            lambda e: fd.ops.Softmax(e((2, 8)), e((2, 8)), e((9,))),
            fd.ShapeError,
            "mask is (9,): 9 elements where 16 are needed",
        ),
        (
            lambda e: fd.ops.LayerNorm(e((2, 8)), e((2, 8)), e((7,))),
            fd.ShapeError,
            "LayerNorm: weight is (7,): 7 elements where 8 are needed",
        ),
        (
            lambda e: fd.ops.LayerNorm(e((2, 8)), e((2, 8)), e((8,)), e((2,))),
            fd.ShapeError,
            "LayerNorm: bias is (2,): 2 elements where 8 are needed",
        ),
        (
            lambda e: fd.ops.Softmax(e((2, 8), fd.i32), e((2, 8))),
            fd.DTypeError,
            "x takes f32, f16 or bf16, got",
        ),
        (
            lambda e: fd.ops.LayerNorm(x=e((8,)), weight=e((8,))),
            fd.ArgumentError,
            "LayerNorm: y is missing",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    rt: fd.Foundry, make: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        rt.run(make(lambda shape, dtype=fd.f32: rt.empty(shape, dtype)))
    assert text in str(caught.value)
