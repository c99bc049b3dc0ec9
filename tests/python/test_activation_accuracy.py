"""Activations in units of the last place over every exponent, against extended precision.

docs/ops.md states the bound of 4 ulp; below 2^-126 an ulp is 2^-149.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd

F32 = NDArray[np.float32]
Wide = NDArray[np.longdouble]
BOUND = 4.0


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


def ulps(found: F32, expected: Wide) -> NDArray[np.float64]:
    size = np.maximum(np.abs(expected.astype(np.float64)), 2.0**-126)
    unit = 2.0 ** (np.floor(np.log2(size)) - 23)
    return np.abs(found.astype(np.longdouble) - expected).astype(np.float64) / unit


def activated(rt: fd.Foundry, name: str, x: F32, by: str) -> F32:
    y = rt.empty(x.shape, fd.f32)
    gated = fd.ops.SwiGlu if name == "silu" else fd.ops.GeGlu
    stage = fd.ops.Silu() if name == "silu" else fd.ops.Gelu()
    if by == "operation":
        rt.run(gated(gate=rt.tensor(x), up=rt.tensor(np.ones_like(x)), y=y))
    else:  # a product that copies: one column of ones times x, a row for each
        rows = rt.tensor(x.reshape(-1, 1))
        one = rt.tensor(np.ones(1, np.float32))
        rt.run(fd.ops.Gemv(weights=rows, x=one, y=y, epilogue=stage))
    return np.asarray(y)


@pytest.mark.parametrize("by", ["operation", "epilogue"])
@pytest.mark.parametrize(("name", "exact"), [("silu", silu), ("gelu", gelu_tanh)])
def test_activations_are_within_four_units_of_the_last_place(
    rt: fd.Foundry, name: str, exact: Any, by: str
) -> None:
    x = inputs()
    with np.errstate(over="ignore"):
        error = ulps(activated(rt, name, x, by), exact(x))
    worst = int(np.argmax(error))
    assert error[worst] <= BOUND, f"{error[worst]:.2f} ulp at {x[worst]}"


def test_activations_reach_into_the_subnormal_numbers(rt: fd.Foundry) -> None:
    for name, x in (("silu", np.float32(-100)), ("gelu", np.float32(-10.3))):
        exact = silu if name == "silu" else gelu_tanh
        expected = float(exact(np.array([x]))[0])
        assert -(2.0**-126) < expected < 0
        found = activated(rt, name, np.array([x]), "operation")
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
