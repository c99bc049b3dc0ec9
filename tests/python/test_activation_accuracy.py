"""Activations in units of the last place over every exponent, against extended precision.

docs/ops.md states the bounds; below 2^-126 an ulp is 2^-149.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
from values import normal

F32 = NDArray[np.float32]
Wide = NDArray[np.longdouble]
BOUND = 4.0
ERF_BOUND = 6.0


def inputs() -> F32:
    """Every 4001st magnitude of all, both tails densely, and both signs."""
    every = np.arange(0, 0x7F800000, 4001, dtype=np.uint32).view(np.float32)
    tails = np.linspace(0, 120, 1 << 18).astype(np.float32)
    positive = np.r_[every, tails]
    return np.r_[positive, -positive]


def times_sigmoid(x: Wide, z: Wide) -> Wide:
    """x * sigmoid(z) without overflow or cancellation."""
    decay = np.exp(-np.abs(z))
    return np.where(z >= 0, x / (1 + decay), x * decay / (1 + decay))


def silu(x: F32) -> Wide:
    wide = x.astype(np.longdouble)
    return times_sigmoid(wide, wide)


def gelu_tanh(x: F32) -> Wide:
    """0.5 x (1 + tanh(u)) is x * sigmoid(2 u)."""
    wide = x.astype(np.longdouble)
    pi = np.longdouble("3.14159265358979323846264338327950288")
    return times_sigmoid(wide, 2 * np.sqrt(2 / pi) * (wide + np.longdouble("0.044715") * wide**3))


def gelu_quick(x: F32) -> Wide:
    wide = x.astype(np.longdouble)
    return times_sigmoid(wide, np.longdouble("1.702") * wide)


def gelu_erf(x: F32) -> Wide:
    """In float64, whose erfc is exact to 2^-50."""
    tails = [0.5 * math.erfc(-value / math.sqrt(2)) for value in x.astype(np.float64).tolist()]
    return x.astype(np.longdouble) * np.array(tails)


def sigmoid(x: F32) -> Wide:
    wide = x.astype(np.longdouble)
    return times_sigmoid(np.ones_like(wide), wide)


def xielu(x: F32) -> Wide:
    wide = x.astype(np.longdouble)
    low = np.minimum(wide, np.longdouble(np.float32(-1e-6)))
    p, n = np.longdouble(np.float32(0.8)), np.longdouble(np.float32(0.8))
    return np.where(
        wide > 0, p * wide**2 + wide / 2, n * (np.expm1(np.minimum(low, 0)) - wide) + wide / 2
    )


def ulps(found: F32, expected: Wide) -> NDArray[np.float64]:
    size = np.maximum(np.abs(expected.astype(np.float64)), 2.0**-126)
    unit = 2.0 ** (np.floor(np.log2(size)) - 23)
    return np.abs(found.astype(np.longdouble) - expected).astype(np.float64) / unit


def activated(rt: fd.Foundry, name: str, x: F32) -> F32:
    y = rt.empty(x.shape, fd.f32)
    gated = fd.ops.SwiGlu if name == "silu" else fd.ops.GeGlu
    rt.run(gated(gate=rt.tensor(x), up=rt.tensor(np.ones_like(x)), y=y))
    return np.asarray(y)


@pytest.mark.parametrize(("name", "exact"), [("silu", silu), ("gelu", gelu_tanh)])
def test_gated_operations_are_within_four_units_of_the_last_place(
    rt: fd.Foundry, name: str, exact: Any
) -> None:
    x = inputs()
    with np.errstate(over="ignore"):
        error = ulps(activated(rt, name, x), exact(x))
    worst = int(np.argmax(error))
    assert error[worst] <= BOUND, f"{error[worst]:.2f} ulp at {x[worst]}"


STAGES = {
    "Silu": (silu, BOUND),
    "Gelu": (gelu_tanh, BOUND),
    "GeluQuick": (gelu_quick, BOUND),
    "GeluErf": (gelu_erf, ERF_BOUND),
    "Sigmoid": (sigmoid, BOUND),
}


def copied(rt: fd.Foundry, x: F32, stage: Any) -> F32:
    """By a product that copies: a row for each of x, one column of ones."""
    y = rt.empty(x.shape, fd.f32)
    one = rt.tensor(np.ones(1, np.float32))
    rt.run(fd.ops.Gemv(weights=rt.tensor(x.reshape(-1, 1)), x=one, y=y, epilogue=stage))
    return np.asarray(y)


@pytest.mark.parametrize("name", STAGES)
def test_stages_are_within_their_bounds(rt: fd.Foundry, name: str) -> None:
    x = inputs()
    exact, bound = STAGES[name]
    with np.errstate(over="ignore"):
        error = ulps(copied(rt, x, getattr(fd.ops, name)()), exact(x))
    worst = int(np.argmax(error))
    assert error[worst] <= bound, f"{error[worst]:.2f} ulp at {x[worst]}"


@pytest.mark.parametrize("name", [*STAGES, "Relu", "ReluSquared", "Xielu"])
def test_nan_in_an_activation_stays(rt: fd.Foundry, name: str) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1], np.float32)
    found = copied(rt, x, getattr(fd.ops, name)())
    limits = {"Sigmoid": (1, 0), "Relu": (np.inf, 0), "ReluSquared": (np.inf, 0)}
    np.testing.assert_array_equal(found[:3], [np.nan, *limits.get(name, (np.inf, np.nan))])
    assert np.isfinite(found[3])


def test_relu_and_its_square(rt: fd.Foundry) -> None:
    x = np.r_[normal(100), 0, 1e30].astype(np.float32)
    np.testing.assert_array_equal(copied(rt, x, fd.ops.Relu()), np.maximum(x, 0))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(copied(rt, x, fd.ops.ReluSquared()), np.maximum(x, 0) ** 2)


def test_xielu_near_zero_and_far(rt: fd.Foundry) -> None:
    x = np.r_[np.linspace(-90, 90, 4001), np.geomspace(1e-9, 1, 4001), -np.geomspace(1e-9, 1, 4001)]
    x = x.astype(np.float32)
    # The two terms have opposite signs below 0 and cancel at one point; their rounding stays.
    np.testing.assert_allclose(
        copied(rt, x, fd.ops.Xielu()), xielu(x).astype(np.float64), rtol=1e-6, atol=1e-7
    )


def test_activations_reach_into_the_subnormal_numbers(rt: fd.Foundry) -> None:
    for name, x in (("silu", np.float32(-100)), ("gelu", np.float32(-10.3))):
        exact = silu if name == "silu" else gelu_tanh
        expected = float(exact(np.array([x]))[0])
        assert -(2.0**-126) < expected < 0
        found = activated(rt, name, np.array([x]))
        assert abs(float(found[0]) - expected) <= BOUND * 2.0**-149


def test_the_soft_cap_of_attention_keeps_small_scores(rt: fd.Foundry) -> None:
    """One head of one element; two positions, whose weights tell the capped difference."""
    for size in (1e-6, 1e-3, 0.5, 20.0, 300.0, 1e5):
        q = rt.tensor(np.full((1, 1, 32), 0, np.float32))
        np.asarray(q)[0, 0, 0] = size
        k = np.zeros((2, 1, 32), np.float32)
        k[0, 0, 0] = 1
        v = np.zeros((2, 1, 32), np.float32)
        v[0, 0, 0] = 1
        y = rt.empty((1, 1, 32), fd.f32)
        rt.run(
            fd.ops.Attention(
                q=q,
                k_cache=rt.tensor(k),
                v_cache=rt.tensor(v),
                y=y,
                start=1,
                scale=1.0,
                soft_cap=30.0,
            )
        )
        score = 30 * np.tanh(np.float64(size) / 30)
        expected = 1 / (1 + np.exp(-score))
        # A score of 30 is off by 30 * 2^-24 and some, a relative error of the weight.
        np.testing.assert_allclose(np.asarray(y)[0, 0, 0], expected, rtol=4e-6)
