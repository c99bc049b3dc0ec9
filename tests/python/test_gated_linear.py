"""GatedLinear with every activation and its biases, in every form, against float64 numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import F64, normal, rng, weights

ROWS, COLUMNS = 45, 96


def sigmoid(x: F64) -> F64:
    return 1 / (1 + np.exp(-x))


def xielu(x: F64) -> F64:
    return np.where(x > 0, 0.5 * x**2 + 0.25 * x, 0.75 * (np.expm1(np.minimum(x, 0)) - x) + x / 4)


ACTIVATIONS: dict[str, tuple[Callable[[], Any], Callable[[F64], F64]]] = {
    "Silu": (fd.ops.Silu, lambda x: x * sigmoid(x)),
    "GeluErf": (fd.ops.GeluErf, lambda x: x * 0.5 * np.vectorize(math.erfc)(-x / math.sqrt(2))),
    "GeluQuick": (fd.ops.GeluQuick, lambda x: x * sigmoid(1.702 * x)),
    "Sigmoid": (fd.ops.Sigmoid, sigmoid),
    "Relu": (fd.ops.Relu, lambda x: np.maximum(x, 0)),
    "ReluSquared": (fd.ops.ReluSquared, lambda x: np.maximum(x, 0) ** 2),
    "Xielu": (lambda: fd.ops.Xielu(0.5, 0.75, 0.25, -1e-6), xielu),
    "Scale": (lambda: fd.ops.Scale(1.5), lambda x: 1.5 * x),
    "SoftCap": (lambda: fd.ops.SoftCap(4), lambda x: 4 * np.tanh(x / 4)),
}


BOTH = ("gate_bias", "up_bias")


@pytest.mark.parametrize(
    ("name", "tokens", "biases"),
    [
        *((name, 1, BOTH) for name in ACTIVATIONS),
        ("Silu", 35, BOTH),
        ("Silu", 1, ("gate_bias",)),
        ("GeluErf", 35, ("up_bias",)),
    ],
)
def test_activation_and_biases(
    rt: fd.Foundry, name: str, tokens: int, biases: tuple[str, ...]
) -> None:
    make, exact = ACTIVATIONS[name]
    (gate, gate64), (up, up64) = (weights(rt, (ROWS, COLUMNS), f) for f in ("q8_0", "f16"))
    x = (normal(tokens, COLUMNS, seed=name) / 8).astype(np.float32)
    values = {bias: rng(bias).standard_normal(ROWS) for bias in biases}
    tensors: dict[str, Any] = {
        bias: rt.tensor(v, fd.f32 if bias == "up_bias" else fd.f16) for bias, v in values.items()
    }
    y = rt.empty((tokens, ROWS), fd.f32)
    op = fd.ops.GatedLinear(gate=gate, up=up, x=rt.tensor(x), y=y, activation=make(), **tensors)
    rt.run(op)
    added = {bias: t.copy_to_host().astype(np.float64) for bias, t in tensors.items()}
    g = x.astype(np.float64) @ gate64.T + added.get("gate_bias", 0.0)
    u = x.astype(np.float64) @ up64.T + added.get("up_bias", 0.0)
    # f32 sums of 96 products near 1/8, of 16-bit inputs for one token: 2^-19 of a sum of magnitudes
    # near 12, through a square and a factor up to 10.
    np.testing.assert_allclose(np.asarray(y), exact(g) * u, rtol=1e-4, atol=2e-3)
    read = sum(t.nbytes for t in (gate, up, *tensors.values())) + x.nbytes
    assert op.traffic.reads == read


def test_biases_in_a_kernel_of_ones_own(rt: fd.Foundry) -> None:
    tokens = 33
    (gate, gate64), (up, up64) = (weights(rt, (ROWS, COLUMNS), "f16") for _ in range(2))
    x, bias = normal(tokens, COLUMNS), normal(ROWS)
    y = rt.empty((tokens, ROWS), fd.f32)
    kernel = fd.fuse("k").prologue(fd.ops.RmsNorm())
    main = fd.ops.GatedLinear(
        gate=gate, up=up, gate_bias=rt.tensor(bias), up_bias=rt.tensor(2 * bias)
    )
    rt.run(kernel.main(main).build(x=rt.tensor(x), y=y))
    normed = x / np.sqrt((x.astype(np.float64) ** 2).mean(axis=1, keepdims=True) + 1e-5)
    g, u = normed @ gate64.T + bias, normed @ up64.T + 2 * bias
    # f32 sums of 96 products of normal numbers, and the product of two of them, near 100.
    np.testing.assert_allclose(np.asarray(y), g * sigmoid(g) * u, rtol=1e-4, atol=2e-3)


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    w = rt.tensor(normal(8, 16))
    x, y = rt.tensor(normal(16)), rt.empty((8,), fd.f32)

    def refused(error: type[Exception], **values: Any) -> str:
        with pytest.raises(error) as caught:
            rt.run(fd.ops.GatedLinear(gate=w, up=w, x=x, y=y, **values))
        return str(caught.value)

    assert refused(fd.ShapeError, gate_bias=rt.tensor(normal(7))) == (
        "GatedLinear: gate_bias is (7,): 7 elements where 8 are needed"
    )
    assert refused(fd.DTypeError, up_bias=rt.tensor(np.zeros(8, np.int32))).startswith(
        "GatedLinear: up_bias takes f32, f16 or bf16, got "
    )
    assert refused(fd.ArgumentError, activation=fd.ops.Scale(np.nan)) == (
        "GatedLinear: Scale's parameter is out of its range"
    )
    assert refused(fd.ArgumentError, activation=fd.ops.Bias(y)) == (
        "GatedLinear: Bias has a tensor and cannot be a gate's activation"
    )
    for cap in (0, -1, np.nan):
        with pytest.raises(fd.ArgumentError, match=r"^SoftCap: cap is .*, not above 0$"):
            rt.run(fd.ops.Linear(weights=w, x=x, y=y, epilogue=fd.ops.SoftCap(cap)))
