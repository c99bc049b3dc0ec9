"""The distribution of random numbers in every format: bounds, histograms, moments, tails."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd

F64 = NDArray[np.float64]
FLOATS = ["f32", "f16", "bf16"]
COUNT = 1 << 20
# Bits of a significand, the hidden one included.
BITS = {"f32": 24, "f16": 11, "bf16": 8}


def uniform(rt: fd.Foundry, name: str, low: float, high: float, seed: int = 1) -> F64:
    y = rt.empty((COUNT,), fd.DType[name])
    rt.run(fd.ops.RandomUniform(y=y, low=low, high=high, seed=seed))
    return y.copy_to_host().astype(np.float64)


def check_histogram(bins: NDArray[np.int64], expected: F64) -> None:
    """Chi-square has mean d and variance 2 d; five standard deviations."""
    freedom = len(bins) - 1
    chi_square = ((bins - expected) ** 2 / expected).sum()
    assert abs(chi_square - freedom) < 5 * math.sqrt(2 * freedom) + 5


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (-1, 1), (1, 2), (-2, -1), (-3, 5), (0.1, 0.3), (0, 1e-3), (-0.3, -0.1), (1000, 1024)],
)
def test_uniform_numbers_stay_below_their_end(
    rt: fd.Foundry, name: str, low: float, high: float
) -> None:
    low, high = float(np.float32(low)), float(np.float32(high))
    for seed in range(4):
        u = uniform(rt, name, low, high, seed)
        assert low <= u.min() and u.max() < high
    # An element stands for the interval up to the next one: on average half of one is cut off.
    unit = 2.0 ** (1 - BITS[name]) * max(abs(low), abs(high))
    error = 5 * (high - low) / math.sqrt(12 * COUNT)
    assert (low + high) / 2 - unit - error < u.mean() < (low + high) / 2 + error
    assert abs(u.std() - (high - low) / math.sqrt(12)) < unit + error


@pytest.mark.parametrize("name", FLOATS)
def test_intervals_between_elements_get_their_share(rt: fd.Foundry, name: str) -> None:
    u = uniform(rt, name, 0, 1)
    for count in (16, 128, 256):  # their ends are elements of every format
        bins = np.bincount((u * count).astype(int), minlength=count)
        assert len(bins) == count
        check_histogram(bins, np.full(count, COUNT / count))
    # Towards 0 as well: the interval from 2^-(i + 1) on and below 2^-i has 2^-(i + 1) of all.
    bins = np.bincount(np.minimum(-np.frexp(np.maximum(u, 2.0**-20))[1], 11), minlength=12)
    share = 2.0 ** -np.arange(1, 13)
    share[-1] *= 2  # and what is below
    check_histogram(bins, COUNT * share)  # type: ignore[arg-type]
    # And from the middle of a signed interval, where elements are closest.
    signed = uniform(rt, name, -1, 1)
    bins = np.bincount(((signed + 1) * 64).astype(int), minlength=128)
    check_histogram(bins, np.full(128, COUNT / 128))


@pytest.mark.parametrize("name", FLOATS)
def test_an_empty_or_single_interval(rt: fd.Foundry, name: str) -> None:
    assert (uniform(rt, name, 0.5, 0.5) == 0.5).all()
    y = rt.empty((3,), fd.DType[name])
    near = float(np.nextafter(np.float32(1.001), np.float32(2)))
    if name == "f32":
        assert (uniform(rt, name, 1.001, near) == float(np.float32(1.001))).all()
        return
    with pytest.raises(fd.ArgumentError, match=rf"RandomUniform: no {name} lies from 1.001 up to"):
        rt.run(fd.ops.RandomUniform(y=y, low=1.001, high=near))


def test_bounds_beyond_the_format_are_refused(rt: fd.Foundry) -> None:
    half = rt.empty((3,), fd.f16)
    with pytest.raises(fd.ArgumentError, match=r"RandomUniform: high 70000 lies beyond what f16"):
        rt.run(fd.ops.RandomUniform(y=half, low=0, high=7e4))
    with pytest.raises(fd.ArgumentError, match=r"RandomNormal: a number of the tail, 66700 lies"):
        rt.run(fd.ops.RandomNormal(y=half, deviation=1e4))
    for bad in (math.nan, math.inf):
        with pytest.raises(fd.ArgumentError, match=r"is no interval"):
            rt.run(fd.ops.RandomUniform(y=half, low=0, high=bad))
        with pytest.raises(fd.ArgumentError, match=r"finite ones"):
            rt.run(fd.ops.RandomNormal(y=half, mean=bad))


def normal_share(low: float, high: float) -> float:
    return 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))


@pytest.mark.parametrize("name", FLOATS)
def test_normal_numbers_have_their_shape_and_tails(rt: fd.Foundry, name: str) -> None:
    y = rt.empty((4 * COUNT,), fd.DType[name])
    rt.run(fd.ops.RandomNormal(y=y, seed=5))
    z = y.copy_to_host().astype(np.float64)
    assert np.isfinite(z).all() and np.abs(z).max() < 6.67
    # Half an element above each, where rounding to nearest has its own edge.
    edges = np.array([-4, -3, -2, -1.5, -1, -0.5, -0.25, 0.25, 0.5, 1, 1.5, 2, 3, 4])
    edges += 2.0 ** (np.floor(np.log2(np.abs(edges))) - BITS[name])
    bins = np.bincount(np.searchsorted(edges, z), minlength=len(edges) + 1)
    ends = [-np.inf, *edges, np.inf]
    share = np.array([normal_share(a, b) for a, b in itertools.pairwise(ends)])
    check_histogram(bins, len(z) * share)
    error = 5 / math.sqrt(len(z))
    assert abs(z.mean()) < error
    assert abs(z.var() - 1) < error * math.sqrt(2) + 4.0 ** -BITS[name]
    assert abs((z**3).mean()) < error * math.sqrt(15)
    assert abs((z**4).mean() - 3) < error * math.sqrt(96) + 20 * 4.0 ** -BITS[name]
