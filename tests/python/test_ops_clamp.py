"""Clamp against numpy."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd
from values import normal


@pytest.mark.parametrize("name", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("count", [1, 31, 1000])
def test_clamp_brings_elements_between_the_bounds(rt: fd.Foundry, name: str, count: int) -> None:
    x, y = rt.tensor(normal(count), fd.DType[name]), rt.empty((count,), fd.f32)
    rt.run(fd.ops.Clamp(x=x, y=y, low=-0.5, high=0.75))
    np.testing.assert_array_equal(np.asarray(y), x.copy_to_host().clip(-0.5, 0.75))
    rt.run(fd.ops.Clamp(x=x, y=x, high=1e9))
    assert x.copy_to_host().min() >= 0


def test_clamp_keeps_nan_and_bounds_infinity(rt: fd.Foundry) -> None:
    x = rt.tensor(np.array([np.nan, np.inf, -np.inf, 0.5], np.float32))
    y = rt.empty((4,), fd.f16)
    rt.run(fd.ops.Clamp(x=x, y=y, low=-1, high=1))
    np.testing.assert_array_equal(np.asarray(y), [np.nan, 1, -1, 0.5])


def test_clamp_names_what_does_not_fit(rt: fd.Foundry) -> None:
    x = rt.empty((4,), fd.f32)
    for low, high in ((1, 0), (np.nan, 1), (0, np.nan)):
        with pytest.raises(fd.ArgumentError, match=f"Clamp: low is {low}, high is {high}"):
            rt.run(fd.ops.Clamp(x=x, y=x, low=low, high=high))
    with pytest.raises(fd.ShapeError, match=r"Clamp: y is \(3,\): 3 elements where 4 are needed"):
        rt.run(fd.ops.Clamp(x=x, y=rt.empty((3,), fd.f32)))
    with pytest.raises(fd.DTypeError, match=r"Clamp: x takes f32, f16 or bf16, got .* i32"):
        rt.run(fd.ops.Clamp(x=rt.empty((4,), fd.i32), y=x))
