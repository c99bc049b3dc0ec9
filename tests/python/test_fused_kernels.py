"""Prologue x main x epilogue: every combination that makes sense against float64 numpy, and every
other one for the reason that it is refused with."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd

F64 = NDArray[np.float64]
ROWS, COLUMNS, HEAD_DIM, CAPACITY, POSITION = 64, 96, 32, 4, 3
HEADS = ROWS // HEAD_DIM

PROLOGUES = ["none", "RmsNorm"]
MAINS = ["Gemv", "Gemm", "Linear", "GatedLinear"]
EPILOGUES = ["none", "Bias", "Residual", "Multiply", "Silu", "Gelu"]
# Of one shape with another that is tried with everything.
ALIKE = [("LayerNorm", "none"), ("none", "Scale"), ("none", "SoftCap"), ("none", "TokenScale")]
HEAD_STAGES = ["HeadNorm", "Rope", "CacheWrite"]


class Case:
    """Tensors that stages are made of, with their float64 values."""

    def __init__(self, rt: fd.Foundry, tokens: int) -> None:
        self._rt = rt
        self._random = np.random.default_rng(tokens)
        self.tokens = tokens
        self.x, self.x64 = self.put(tokens, COLUMNS)
        self.weights, self.weights64 = self.put(ROWS, COLUMNS, dtype=fd.f16)
        self.gate, self.gate64 = self.put(ROWS, COLUMNS, dtype=fd.bf16)
        self.columns, self.columns64 = self.put(COLUMNS)
        self.offsets, self.offsets64 = self.put(COLUMNS, dtype=fd.f16)
        self.rows, self.rows64 = self.put(ROWS)
        self.result, self.result64 = self.put(tokens, ROWS)
        self.each, self.each64 = self.put(tokens)
        self.head, self.head64 = self.put(HEAD_DIM)

    def put(self, *shape: int, dtype: fd.DType = fd.f32) -> tuple[fd.Tensor, F64]:
        tensor = self._rt.tensor(self._random.standard_normal(shape), dtype)
        return tensor, tensor.copy_to_host().astype(np.float64)

    def main(self, name: str) -> Any:
        if name == "GatedLinear":
            return fd.ops.GatedLinear(gate=self.gate, up=self.weights)
        return getattr(fd.ops, name)(weights=self.weights)

    def stage(self, name: str) -> Any:
        makers: dict[str, Callable[[], Any]] = {
            "RmsNorm": lambda: fd.ops.RmsNorm(weight=self.columns),
            "LayerNorm": lambda: fd.ops.LayerNorm(weight=self.columns, bias=self.offsets),
            "Bias": lambda: fd.ops.Bias(self.rows),
            "Residual": lambda: fd.ops.Residual(self.result),
            "Multiply": lambda: fd.ops.Multiply(self.result),
            "Scale": lambda: fd.ops.Scale(0.25),
            "TokenScale": lambda: fd.ops.TokenScale(self.each),
            "SoftCap": lambda: fd.ops.SoftCap(5),
            "HeadNorm": lambda: fd.ops.HeadNorm(self.head),
            "Rope": lambda: fd.ops.Rope(interleaved=False),
        }
        return makers.get(name, lambda: getattr(fd.ops, name)())()

    def expected(self, prologue: str, main: str, epilogue: str) -> F64:
        x = self.x64
        if prologue == "RmsNorm":
            x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5) * self.columns64
        elif prologue == "LayerNorm":
            centred = x - x.mean(axis=1, keepdims=True)
            x = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
            x = x * self.columns64 + self.offsets64
        y: F64 = x @ self.weights64.T
        if main == "GatedLinear":
            gate = x @ self.gate64.T
            y = gate / (1 + np.exp(-gate)) * y
        finish: dict[str, Callable[[F64], F64]] = {
            "Bias": lambda y: y + self.rows64,
            "Residual": lambda y: y + self.result64,
            "Multiply": lambda y: y * self.result64,
            "Scale": lambda y: y * 0.25,
            "TokenScale": lambda y: y * self.each64[:, None],
            "SoftCap": lambda y: 5 * np.tanh(y / 5),
            "Silu": lambda y: y / (1 + np.exp(-y)),
            "Gelu": lambda y: 0.5 * y * (1 + np.tanh(np.sqrt(2 / np.pi) * (y + 0.044715 * y**3))),
            "HeadNorm": self._normed_heads,
            "Rope": self._turned,
        }
        return finish.get(epilogue, lambda y: y)(y)  # type: ignore[no-untyped-call]

    def _normed_heads(self, y: F64) -> F64:
        heads = y.reshape(HEADS, HEAD_DIM)
        scale = np.sqrt((heads**2).mean(axis=1, keepdims=True) + 1e-6)
        return (heads / scale * self.head64).reshape(1, ROWS)

    def _turned(self, y: F64) -> F64:
        heads = y.reshape(HEADS, HEAD_DIM)
        angle = POSITION * 10000.0 ** (-2 * np.arange(HEAD_DIM // 2) / HEAD_DIM)
        a, b = heads[:, : HEAD_DIM // 2], heads[:, HEAD_DIM // 2 :]
        cos, sin = np.cos(angle), np.sin(angle)
        return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=1).reshape(1, ROWS)


def tokens_of(main: str) -> list[int]:
    return {"Gemv": [1], "Gemm": [3]}.get(main, [1, 3])


def built(case: Case, prologue: str, main: str, epilogue: str) -> fd.FusedKernelBuilder:
    kernel = fd.fuse("fused")
    if prologue != "none":
        kernel = kernel.prologue(case.stage(prologue))
    kernel = kernel.main(case.main(main))
    return kernel if epilogue == "none" else kernel.epilogue(case.stage(epilogue))


def check(found: NDArray[Any], expected: F64, before: F64 | None = None) -> None:
    # Sums of 96 products of normal numbers in f32, through a gate (a product of two) or an
    # activation with slope up to 1.13: 2^-18 of the largest result bounds what is seen by 4. Of a
    # cap, with slope up to 1, that is the largest before it.
    scale = max(1.0, float(np.abs(expected if before is None else before).max()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2.0**-18 * scale)


@pytest.mark.parametrize("main", MAINS)
@pytest.mark.parametrize(
    ("prologue", "epilogue"), [*itertools.product(PROLOGUES, EPILOGUES), *ALIKE]
)
def test_every_prologue_main_and_epilogue(
    rt: fd.Foundry, prologue: str, main: str, epilogue: str
) -> None:
    for tokens in tokens_of(main):
        case = Case(rt, tokens)
        y = rt.empty((tokens, ROWS), fd.f32)
        rt.run(built(case, prologue, main, epilogue).build(x=case.x, y=y))
        before = case.expected(prologue, main, "none") if epilogue == "SoftCap" else None
        check(np.asarray(y), case.expected(prologue, main, epilogue), before)


@pytest.mark.parametrize("stage", HEAD_STAGES)
@pytest.mark.parametrize("main", ["Gemv", "Linear"])
@pytest.mark.parametrize("prologue", PROLOGUES)
def test_every_head_stage_on_one_token(
    rt: fd.Foundry, prologue: str, main: str, stage: str
) -> None:
    case = Case(rt, 1)
    to_cache = stage == "CacheWrite"
    y = rt.tensor(np.full((CAPACITY if to_cache else 1, HEADS, HEAD_DIM), np.nan), fd.f32)
    rt.run(built(case, prologue, main, stage).build(x=case.x, y=y, start=POSITION))
    found = np.asarray(y)
    row = POSITION if to_cache else 0
    check(found[row].reshape(1, ROWS), case.expected(prologue, main, stage))
    assert np.isnan(np.delete(found, row, axis=0)).all()


@pytest.mark.parametrize("stage", HEAD_STAGES)
@pytest.mark.parametrize(
    ("main", "tokens", "reason"),
    [
        ("Linear", 9, "head stages and stores take up to 8 tokens by Gemv, got 9; for more, let"),
        ("Gemm", 1, "head stages and stores take up to 8 tokens by Gemv, got 1; for more, let"),
        ("GatedLinear", 1, "{stage} needs heads, which a gated product has not"),
    ],
)
def test_head_stages_are_refused_where_there_are_no_heads(
    rt: fd.Foundry, stage: str, main: str, tokens: int, reason: str
) -> None:
    case = Case(rt, tokens)
    extent = CAPACITY + tokens if stage == "CacheWrite" else tokens
    y = rt.empty((extent, HEADS, HEAD_DIM), fd.f32)
    expected = re.escape("fused: " + reason.format(stage=stage))
    with pytest.raises(fd.ArgumentError, match=expected):
        rt.run(built(case, "none", main, stage).build(x=case.x, y=y))


@pytest.mark.parametrize("stage", [*EPILOGUES[1:], *HEAD_STAGES])
def test_only_a_prologue_is_a_prologue(rt: fd.Foundry, stage: str) -> None:
    kind = "an epilogue"
    if stage in HEAD_STAGES:
        kind = "a store" if stage == "CacheWrite" else "a head stage"
    with pytest.raises(
        fd.ArgumentError, match=f"fused kernel k: {stage} is {kind} and cannot be the "
    ):
        fd.fuse("k").prologue(Case(rt, 1).stage(stage))


@pytest.mark.parametrize("after", [*EPILOGUES[1:], *HEAD_STAGES])
@pytest.mark.parametrize("before", [*EPILOGUES[1:], *HEAD_STAGES])
def test_stages_after_a_product_stand_in_their_order(
    rt: fd.Foundry, before: str, after: str
) -> None:
    case = Case(rt, 1)
    rank = {"HeadNorm": 1, "Rope": 2, "CacheWrite": 3}
    kernel = fd.fuse("k").main(case.main("Linear")).epilogue(case.stage(before))
    a, b = rank.get(before, 0), rank.get(after, 0)
    if a < b or a == b == 0 or (before, after) == ("Rope", "HeadNorm"):
        kernel.epilogue(case.stage(after))
        return
    reason = (
        f"is the second stage of its kind after {before}; a product has one at most"
        if a == b
        else "the order is epilogues, HeadNorm and Rope, CacheWrite"
    )
    with pytest.raises(fd.ArgumentError, match=f"fused kernel k: {after}.*{reason}"):
        kernel.epilogue(case.stage(after))


@pytest.mark.parametrize("prologue", PROLOGUES)
def test_attention_stands_alone(rt: fd.Foundry, prologue: str) -> None:
    q = rt.empty((1, HEADS, HEAD_DIM), fd.f32)
    cache = rt.empty((CAPACITY, HEADS, HEAD_DIM), fd.f16)
    kernel = fd.fuse("k")
    if prologue != "none":
        kernel = kernel.prologue(Case(rt, 1).stage(prologue))
    with pytest.raises(
        fd.ArgumentError,
        match="fused kernel k: Attention cannot be fused: its result is mixed over positions, not "
        "one product per row",
    ):
        kernel.main(fd.ops.Attention(q=q, k_cache=cache, v_cache=cache, y=q))


@pytest.mark.parametrize("name", ["Silu", "Bias", "RmsNorm", "Rope", "HeadNorm"])
def test_a_stage_is_no_main(rt: fd.Foundry, name: str) -> None:
    with pytest.raises(fd.ArgumentError, match=f"{name} cannot be the main part of a fused kernel"):
        fd.fuse("k").main(Case(rt, 1).stage(name))


@pytest.mark.parametrize("main", [*MAINS, "Add"])
def test_a_main_is_no_stage(rt: fd.Foundry, main: str) -> None:
    case = Case(rt, 1)
    operation = case.main(main) if main != "Add" else fd.ops.Add(case.rows, case.rows, case.rows)
    with pytest.raises(fd.ArgumentError, match=f"{main} is neither a prologue nor an epilogue"):
        fd.fuse("k").main(case.main("Linear")).epilogue(operation)


def test_a_multiply_of_two_tensors_is_no_epilogue(rt: fd.Foundry) -> None:
    case = Case(rt, 1)
    kernel = fd.fuse("k").main(case.main("Linear"))
    with pytest.raises(
        fd.ArgumentError, match=r"Multiply: an epilogue takes a alone, got b tensor \("
    ):
        kernel.epilogue(fd.ops.Multiply(case.result, case.result))
    assert repr(fd.ops.Multiply(rt.empty((8,), fd.f32, name="t"))) == "Multiply(a=t (8,) f32)"
    with pytest.raises(fd.ArgumentError, match="Multiply: y is missing"):
        rt.run(fd.ops.Multiply(case.result, case.result))
