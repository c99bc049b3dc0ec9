"""tinygrad's METAL device on Anvil against tinygrad's own CPU device, over its operations."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from operations import CASES, Case
from tinygrad import Tensor, TinyJit
from tinygrad.helpers import Context


def tensors(result: Any) -> list[Tensor]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def run(case: Case, device: str) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    return [tensor.numpy() for tensor in tensors(case.run(rng, device))]


def compare(actual: np.ndarray[Any, Any], expected: np.ndarray[Any, Any], tolerance: float) -> None:
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    if actual.dtype.kind != "f" or tolerance == 0:
        np.testing.assert_array_equal(actual, expected)
        return
    finite = np.abs(expected[np.isfinite(expected)].astype(np.float64))
    scale = float(finite.max(initial=1e-30))
    np.testing.assert_allclose(
        actual.astype(np.float64),
        expected.astype(np.float64),
        rtol=tolerance,
        atol=tolerance * scale,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_operation(case: Case) -> None:
    for actual, expected in zip(run(case, "METAL"), run(case, "CPU"), strict=True):
        compare(actual, expected, case.tolerance)


# tinygrad's search compiles and times many kernels of one operation, and keeps one.
SEARCHED = (
    "matmul-64-float",
    "matmul-ragged-half",
    "conv2d-3x3",
    "softmax",
    "attention-causal-True",
)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.name in SEARCHED], ids=lambda case: case.name
)
def test_searched_kernels(case: Case) -> None:
    with Context(BEAM=2, IGNORE_BEAM_CACHE=1):
        found = run(case, "METAL")
    for actual, expected in zip(found, run(case, "CPU"), strict=True):
        compare(actual, expected, case.tolerance)


def test_jitted_function_is_replayed_as_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph is an indirect command buffer, whose commands are changed for every replay."""
    from tinygrad.runtime.graph.metal import MetalGraph

    replays: list[int] = []
    replay = MetalGraph.__call__

    def counted(graph: Any, *rest: Any, **named: Any) -> Any:
        replays.append(len(graph.calls))
        return replay(graph, *rest, **named)

    monkeypatch.setattr(MetalGraph, "__call__", counted)
    weight = np.random.default_rng(1).standard_normal((33, 20)).astype(np.float32)
    device_weight = Tensor(weight, device="METAL")

    @TinyJit
    def step(x: Tensor) -> Tensor:
        return (x @ device_weight).relu().softmax().realize()

    for seed in range(6):
        x = np.random.default_rng(seed).standard_normal((7, 33)).astype(np.float32)
        z = np.maximum(x.astype(np.float64) @ weight.astype(np.float64), 0)
        expected = np.exp(z - z.max(1, keepdims=True))
        expected /= expected.sum(1, keepdims=True)
        # A float32 sum of 33 products: 33 roundings of values up to 10.
        np.testing.assert_allclose(
            step(Tensor(x, device="METAL")).numpy(), expected, rtol=2e-5, atol=1e-6
        )
    assert len(replays) >= 4 and min(replays) > 1, replays


def train(device: str) -> list[float]:
    """Adam, written out, on a network of two layers; the loss before each step."""
    rng = np.random.default_rng(3)
    x = Tensor(rng.standard_normal((64, 30)).astype(np.float32), device=device)
    y = Tensor(rng.integers(0, 4, 64, dtype=np.int32), device=device)
    weights = [
        Tensor((rng.standard_normal(shape) * 0.2).astype(np.float32), device=device)
        for shape in ((30, 16), (16, 4))
    ]
    first, second = ([w.zeros_like().contiguous() for w in weights] for _ in range(2))
    losses = []
    for step in range(1, 9):
        loss = (x @ weights[0]).gelu().matmul(weights[1]).sparse_categorical_crossentropy(y)
        losses.append(float(loss.item()))
        for i, gradient in enumerate(loss.gradient(*weights)):
            first[i] = (first[i] * 0.9 + gradient * 0.1).realize()
            second[i] = (second[i] * 0.999 + gradient.square() * 0.001).realize()
            mean, square = first[i] / (1 - 0.9**step), second[i] / (1 - 0.999**step)
            weights[i] = (weights[i] - mean / (square.sqrt() + 1e-8) * 0.02).realize()
    return losses


def test_training_follows_the_same_losses() -> None:
    actual, expected = train("METAL"), train("CPU")
    assert actual[-1] < actual[0]
    # Eight steps of Adam, each carrying on the roundings of the last.
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


def test_wrong_source_is_a_compile_error() -> None:
    from tinygrad.device import CompileError, Device

    with pytest.raises(CompileError, match="no_such_name"):
        Device["METAL"].compiler.compile("kernel void f(device float* x) { x[0] = no_such_name; }")
