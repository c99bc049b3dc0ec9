"""CausalConv against float64 numpy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry import ops
from values import F64, normal


def convolved(x: F64, weights: F64, state: F64) -> tuple[F64, F64]:
    taps = weights.shape[1]
    whole = np.concatenate([state, x])
    result = sum(whole[j : j + len(x)] * weights[:, j] for j in range(taps))
    assert isinstance(result, np.ndarray)
    return result, whole[len(x) :]


def exact(tensor: fd.Tensor) -> F64:
    return tensor.copy_to_host().astype(np.float64)


def silu(x: F64) -> F64:
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("tokens", "channels", "taps"), [(1, 1, 2), (1, 300, 4), (2, 33, 4), (70, 40, 3), (5, 64, 16)]
)
def test_a_sum_over_the_last_inputs(rt: fd.Foundry, tokens: int, channels: int, taps: int) -> None:
    # Channels of a wider row.
    x = rt.tensor(normal(tokens, channels + 7))[:, 3 : 3 + channels]
    weights, state = rt.tensor(normal(channels, taps)), rt.tensor(normal(taps - 1, channels))
    y = rt.empty((tokens, channels), fd.f32)
    expected, after = convolved(exact(x), exact(weights), exact(state))
    rt.run(ops.CausalConv(x, weights, state, y, start=1))
    # Up to 16 products in f32.
    np.testing.assert_allclose(y.copy_to_host(), expected, atol=1e-5)
    np.testing.assert_array_equal(state.copy_to_host(), after)


def test_bias_silu_and_gates(rt: fd.Foundry) -> None:
    tokens, channels = 9, 48
    # LFM 2: a gate before, a gate after, and what is convolved, side by side.
    mixed = rt.tensor(normal(tokens, 3 * channels))
    before, after, x = (mixed[:, i * channels : (i + 1) * channels] for i in range(3))
    weights, bias = rt.tensor(normal(channels, 3), fd.f16), rt.tensor(normal(channels))
    state, y = rt.zeros((2, channels)), rt.empty((tokens, channels), fd.f16)
    rt.run(
        ops.CausalConv(
            x, weights, state, y, bias=bias, input_gate=before, output_gate=after, silu=True
        )
    )
    sums, inputs = convolved(
        exact(x) * exact(before), exact(weights), np.zeros((2, channels), np.float64)
    )
    expected = silu(sums + exact(bias)) * exact(after)
    np.testing.assert_allclose(exact(y), expected, rtol=2.0**-10, atol=2e-5)  # y is f16
    np.testing.assert_allclose(state.copy_to_host(), inputs, rtol=1e-6)


def test_tokens_one_by_one_and_in_parts_are_all_at_once(rt: fd.Foundry) -> None:
    x, weights = rt.tensor(normal(12, 40)), rt.tensor(normal(40, 4))
    state, y = rt.tensor(np.full((3, 40), np.nan, np.float32)), rt.empty((12, 40), fd.f32)
    rt.run(ops.CausalConv(x, weights, state, y))  # the first token finds zeros
    other, parts = rt.tensor(np.full((3, 40), np.nan, np.float32)), rt.empty((12, 40), fd.f32)
    for first, last in ((0, 1), (1, 3), (3, 4), (4, 12)):
        rt.run(ops.CausalConv(x[first:last], weights, other, parts[first:last], start=first))
    np.testing.assert_array_equal(parts.copy_to_host(), y.copy_to_host())
    np.testing.assert_array_equal(other.copy_to_host(), state.copy_to_host())
    assert np.isfinite(y.copy_to_host()).all()


def test_nan_goes_into_its_channel_and_the_next_tokens(rt: fd.Foundry) -> None:
    x = normal(9, 40)
    x[2, 5] = np.nan
    state, y = rt.zeros((3, 40)), rt.empty((9, 40), fd.f32)
    rt.run(ops.CausalConv(rt.tensor(x), rt.tensor(normal(40, 4)), state, y))
    found = np.isnan(y.copy_to_host())
    assert found[2:6, 5].all() and found.sum() == 4


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    good = {"x": (3, 40), "weights": (40, 4), "state": (3, 40), "y": (3, 40)}

    def fails(error: type[Exception], text: str, **changed: Any) -> None:
        tensors = {name: rt.zeros(shape) for name, shape in good.items()} | changed
        with pytest.raises(error, match=re.escape(text)):
            rt.run(ops.CausalConv(**tensors))

    fails(fd.ShapeError, "x is (120,), not (tokens, channels)", x=rt.zeros((120,)))
    fails(fd.ShapeError, "y is (3, 20), x is (3, 40)", y=rt.zeros((3, 20)))
    fails(fd.ShapeError, "input_gate is (1, 40), x is (3, 40)", input_gate=rt.zeros((1, 40)))
    fails(
        fd.ShapeError,
        "weights are (40, 17), not (40, taps) with 2 to 16 taps",
        weights=rt.zeros((40, 17)),
    )
    fails(fd.ShapeError, "state is (4, 40), not (3, 40)", state=rt.zeros((4, 40)))
    fails(fd.DTypeError, "state takes f32, got", state=rt.zeros((3, 40), fd.f16))
    fails(fd.ShapeError, "bias is (39,): 39 elements where 40 are needed", bias=rt.zeros((39,)))
    fails(
        fd.ShapeError,
        "x must have its channels contiguous",
        x=rt.zeros((40, 3)).transpose(),
    )
