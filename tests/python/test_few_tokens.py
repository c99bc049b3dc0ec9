"""A few tokens at once: each token's results are what they are alone, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
import quantised

FORMATS = ["f16", "q8_0", "q4_1", "q4_k", "q6_k"]
HEADS, KV_HEADS, DIM = 4, 2, 32


def put(
    rt: fd.Foundry, rng: np.random.Generator, *shape: int, format: str = "f32", scale: float = 1.0
) -> fd.Tensor:
    values = (scale * rng.standard_normal(shape)).astype(np.float32)
    if format in ("f32", "f16"):
        return rt.tensor(values, getattr(fd, format))
    tensor = rt.dedicated(shape, getattr(fd.DType, format))
    tensor.copy_from(quantised.pack(values, format))
    return tensor


def check(rt: fd.Foundry, x: fd.Tensor, y: fd.Tensor, make: Any) -> None:
    """`make(x, y, first)` is an operation for tokens from `first` on."""
    tokens = x.shape[0]
    alone = []
    for token in range(tokens):
        rt.run(make(x[token : token + 1], y[token : token + 1], token))
        alone.append(np.array(y)[token])
    y.copy_from(np.zeros(y.shape, np.float32))
    rt.run(make(x, y, 0))
    np.testing.assert_array_equal(np.array(y), np.stack(alone))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("tokens", [2, 7])
def test_products(rt: fd.Foundry, format: str, tokens: int) -> None:
    rng = np.random.default_rng(tokens)
    rows, columns = 70, 768
    weights, norm, bias = (
        put(rt, rng, rows, columns, format=format),
        put(rt, rng, columns),
        put(rt, rng, rows),
    )
    # One of the tokens has a number that integers cannot stand for.
    values = rng.standard_normal((tokens, columns)).astype(np.float32)
    values[1, 5] = 1e-35
    values[1, :4] = 0
    values[1, 16:20] = 0
    values[1, 6:8] = 0
    x, y = rt.tensor(values), rt.empty((tokens, rows), fd.f32)
    for prologue in (None, fd.ops.RmsNorm(weight=norm)):
        check(
            rt,
            x,
            y,
            lambda x, y, _, prologue=prologue: fd.ops.Linear(
                weights=weights,
                x=x,
                y=y,
                prologue=prologue,
                epilogue=[fd.ops.Bias(bias), fd.ops.Silu()],
            ),
        )


@pytest.mark.parametrize("columns", [64, 1536, 4352])
def test_columns(rt: fd.Foundry, columns: int) -> None:
    """That leave room for four tokens, for two, and for none."""
    rng = np.random.default_rng(columns)
    gate, up = (put(rt, rng, 40, columns, format="q4_1") for _ in range(2))
    x, y = put(rt, rng, 5, columns), rt.empty((5, 40), fd.f32)
    weight, after = put(rt, rng, columns), put(rt, rng, columns)
    check(
        rt,
        x,
        y,
        lambda x, y, _: fd.ops.GatedLinear(
            gate=gate, up=up, x=x, y=y, prologue=fd.ops.LayerNorm(weight=weight, bias=after)
        ),
    )


def test_a_prologues_own_result(rt: fd.Foundry) -> None:
    rng = np.random.default_rng(1)
    weights, norm = put(rt, rng, 40, 96), put(rt, rng, 96)
    x, residual, y = put(rt, rng, 7, 96), put(rt, rng, 7, 96), rt.empty((7, 40), fd.f32)
    total = rt.empty((7, 96), fd.f32)

    def make(x: fd.Tensor, y: fd.Tensor, first: int) -> fd.ops.Operation:
        own = slice(first, first + len(x))
        stage = fd.ops.SandwichNorm(
            residual=residual[own], weight=norm, next_weight=norm, y=total[own], epsilon=1e-5
        )
        return fd.ops.Linear(weights=weights, x=x, y=y, prologue=stage)

    check(rt, x, y, make)
    expected = np.array(x) / np.sqrt(np.mean(np.array(x) ** 2, -1, keepdims=True) + 1e-5)
    expected = np.array(residual) + expected * np.array(norm)
    # Sums of f32 in another order.
    np.testing.assert_allclose(np.array(total), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("norm_after", [None, False, True])
@pytest.mark.parametrize("dim", [64, 80])
def test_queries_keys_and_values(rt: fd.Foundry, norm_after: bool | None, dim: int) -> None:
    rng = np.random.default_rng(2)
    columns, tokens, capacity = 320, 6, 12
    weights: dict[str, Any] = {
        "query": put(rt, rng, HEADS * dim, columns, format="q4_1"),
        "key": put(rt, rng, KV_HEADS * dim, columns, format="q8_0"),
        "value": put(rt, rng, KV_HEADS * dim, columns, format="f16"),
    }
    norms: dict[str, Any] = {}
    if norm_after is not None:
        norms = {"query_norm": put(rt, rng, dim), "key_norm": put(rt, rng, dim)}
        norms["norm_after_rope"] = norm_after
    caches = [rt.empty((capacity, KV_HEADS, dim), fd.f16) for _ in range(2)]
    x, norm = put(rt, rng, tokens, columns), put(rt, rng, columns)
    q = rt.empty((tokens, HEADS, dim), fd.f32)
    bias = put(rt, rng, HEADS * dim)

    def make(x: fd.Tensor, q: fd.Tensor, first: int) -> fd.ops.Operation:
        return fd.ops.QkvLinear(
            **weights,
            x=x,
            q=q,
            k_cache=caches[0],
            v_cache=caches[1],
            start=3 + first,
            prologue=fd.ops.RmsNorm(weight=norm),
            query_bias=bias,
            interleaved=dim == 64,
            **norms,
        )

    found: list[list[NDArray[Any]]] = []
    for at_once in (False, True):
        for cache in caches:
            cache.copy_from(np.zeros(cache.shape, np.float16))
        if at_once:
            rt.run(make(x, q, 0))
        else:
            check(rt, x, q, make)
            for cache in caches:
                cache.copy_from(np.zeros(cache.shape, np.float16))
            for token in range(tokens):
                rt.run(make(x[token : token + 1], q[token : token + 1], token))
        found.append([np.array(tensor) for tensor in (q, *caches)])
    for alone, together in zip(*found, strict=True):
        np.testing.assert_array_equal(together, alone)
    assert (found[1][1][3 : 3 + tokens] != 0).any(axis=(1, 2)).all()


@pytest.mark.parametrize("capacity", [64, 4096])
def test_attention(rt: fd.Foundry, capacity: int) -> None:
    """Of a long cache in as many parts for each token as alone."""
    rng = np.random.default_rng(3)
    tokens, start = 5, capacity - 9
    caches = [
        rt.tensor(rng.standard_normal((capacity, KV_HEADS, DIM)).astype(np.float16))
        for _ in range(2)
    ]
    q, y = put(rt, rng, tokens, HEADS * DIM), rt.empty((tokens, HEADS * DIM), fd.f32)

    def make(q: fd.Tensor, y: fd.Tensor, first: int) -> fd.ops.Operation:
        scratch = rt.empty((fd.ops.attention_scratch(len(q), HEADS, DIM),), fd.f32)
        return fd.ops.Attention(
            q=q,
            k_cache=caches[0],
            v_cache=caches[1],
            y=y,
            start=start + first,
            scratch=scratch,
        )

    check(rt, q, y, make)
