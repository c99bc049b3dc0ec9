"""A decoder layer fused and unfused: time, dispatches, bytes; and the two forms of a gemm."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np

import foundry as fd
from benchmarks.machine import read_bandwidth
from benchmarks.table import Table, time_call

REPEATS = 40
POSITION = 64  # of the decoded token: what attention reads


@dataclass(frozen=True)
class Shape:
    """A decoder layer's sizes; `norms`: RMSNorm of every query and key head."""

    name: str
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    norms: bool
    layers: int  # with weights of their own, taken in turn so that they are not in the caches


SHAPES = (
    Shape("SmolLM2-135M, Q4_1", 576, 1536, 9, 3, 64, False, 30),
    Shape("Qwen3-0.6B, Q4_1", 1024, 3072, 16, 8, 128, True, 8),
)


# Bytes of a block of 32 weights, and how many of them are its scales.
BLOCKS = {"q4_1": (20, 4), "q8_0": (34, 2)}


def random_weights(
    rt: fd.Foundry, random: np.random.Generator, rows: int, columns: int, name: str = "q4_1"
) -> fd.Tensor:
    """Small scales, and codes of any value."""
    block, scales = BLOCKS[name]
    raw = random.integers(0, 256, (rows * columns // 32, block), dtype=np.uint8)
    small = random.normal(0, 0.01, (len(raw), scales // 2)).astype(np.float16)
    raw[:, :scales] = small.view(np.uint8)
    tensor = rt.dedicated((rows, columns), fd.DType[name])
    tensor.copy_from(raw.reshape(-1))
    return tensor


class Layer:
    """One layer's tensors and both ways to evaluate a token."""

    def __init__(self, rt: fd.Foundry, shape: Shape, seed: int) -> None:
        random = np.random.default_rng(seed)
        self._rt, self._shape = rt, shape

        def weights(rows: int, columns: int) -> fd.Tensor:
            return random_weights(rt, random, rows, columns)

        def values(count: int) -> fd.Tensor:
            return rt.tensor(random.normal(1, 0.1, count).astype(np.float32))

        q_rows, kv_rows = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.query, self.key, self.value = (
            weights(rows, shape.hidden) for rows in (q_rows, kv_rows, kv_rows)
        )
        self.out = weights(shape.hidden, q_rows)
        self.gate, self.up = (weights(shape.inner, shape.hidden) for _ in range(2))
        self.down = weights(shape.hidden, shape.inner)
        self.norm_in, self.norm_mlp = values(shape.hidden), values(shape.hidden)
        self.query_norm = values(shape.head_dim) if shape.norms else None
        self.key_norm = values(shape.head_dim) if shape.norms else None
        cache = (POSITION + 1, shape.kv_heads, shape.head_dim)
        self.keys, self.values = (
            rt.tensor(random.normal(0, 1, cache).astype(np.float16)) for _ in range(2)
        )

    def fused(self, x: fd.Tensor) -> list[fd.ops.Operation]:
        s, rt = self._shape, self._rt
        q = rt.empty((1, s.heads, s.head_dim), fd.f32)
        mixed = rt.empty((s.heads * s.head_dim,), fd.f32)
        inner = rt.empty((s.inner,), fd.f32)
        return [
            fd.ops.QkvLinear(
                query=self.query,
                key=self.key,
                value=self.value,
                x=x,
                q=q,
                k_cache=self.keys,
                v_cache=self.values,
                start=POSITION,
                prologue=fd.ops.RmsNorm(weight=self.norm_in),
                query_norm=self.query_norm,
                key_norm=self.key_norm,
            ),
            self._attention(q, mixed),
            fd.ops.Gemv(weights=self.out, x=mixed, y=x, epilogue=fd.ops.Residual(x)),
            fd.ops.GatedLinear(
                gate=self.gate,
                up=self.up,
                x=x,
                y=inner,
                prologue=fd.ops.RmsNorm(weight=self.norm_mlp),
            ),
            fd.ops.Gemv(weights=self.down, x=inner, y=x, epilogue=fd.ops.Residual(x)),
        ]

    def unfused(self, x: fd.Tensor) -> list[fd.ops.Operation]:
        s, rt = self._shape, self._rt
        q_rows, kv_rows = s.heads * s.head_dim, s.kv_heads * s.head_dim

        def buffer(columns: int) -> fd.Tensor:
            return rt.empty((columns,), fd.f32)

        normed, mixed, projected = buffer(s.hidden), buffer(q_rows), buffer(s.hidden)
        q, k, v = buffer(q_rows), buffer(kv_rows), buffer(kv_rows)
        gate, up, inner = (buffer(s.inner) for _ in range(3))
        operations: list[fd.ops.Operation] = [
            fd.ops.RmsNorm(weight=self.norm_in, x=x, y=normed),
            fd.ops.Gemv(weights=self.query, x=normed, y=q),
            fd.ops.Gemv(weights=self.key, x=normed, y=k),
            fd.ops.Gemv(weights=self.value, x=normed, y=v),
        ]
        for tensor, norm in ((q, self.query_norm), (k, self.key_norm)):
            if norm is not None:
                heads = tensor.reshape(tensor.size // s.head_dim, s.head_dim)
                operations.append(fd.ops.RmsNorm(weight=norm, x=heads, y=heads))
        q = q.reshape(1, s.heads, s.head_dim)
        k = k.reshape(1, s.kv_heads, s.head_dim)
        return [
            *operations,
            fd.ops.Rope(x=q, y=q, start=POSITION),
            fd.ops.Rope(x=k, y=k, start=POSITION),
            fd.ops.KvWrite(
                k=k,
                v=v.reshape(1, s.kv_heads, s.head_dim),
                k_cache=self.keys,
                v_cache=self.values,
                start=POSITION,
            ),
            self._attention(q, mixed),
            fd.ops.Gemv(weights=self.out, x=mixed, y=projected),
            fd.ops.Add(x, projected, x),
            fd.ops.RmsNorm(weight=self.norm_mlp, x=x, y=normed),
            fd.ops.Gemv(weights=self.gate, x=normed, y=gate),
            fd.ops.Gemv(weights=self.up, x=normed, y=up),
            fd.ops.SwiGlu(gate=gate, up=up, y=inner),
            fd.ops.Gemv(weights=self.down, x=inner, y=projected),
            fd.ops.Add(x, projected, x),
        ]

    def _attention(self, q: fd.Tensor, mixed: fd.Tensor) -> fd.ops.Operation:
        return fd.ops.Attention(
            q=q, k_cache=self.keys, v_cache=self.values, y=mixed, start=POSITION
        )


def layer(shape: Shape, bandwidth: float) -> Table:
    rt = fd.Foundry()
    stack = [Layer(rt, shape, seed) for seed in range(shape.layers)]
    x = rt.tensor(np.random.default_rng(0).normal(0, 1, shape.hidden).astype(np.float32))
    table = Table(
        f"A decoder layer, {shape.name}, one token at position {POSITION}",
        ["", "dispatches", "bytes stated", "best us", "median us", "of the floor"],
    )
    ways = {
        "fused": [layer.fused(x) for layer in stack],
        "unfused": [layer.unfused(x) for layer in stack],
    }
    # Operation by operation over all layers, so that short quiet moments of a shared machine count.
    times: dict[str, list[list[float]]] = {
        name: [[] for _ in layers[0]] for name, layers in ways.items()
    }
    for _ in range(REPEATS):  # in turns: both see the same machine
        for name, layers in ways.items():
            for index, operations in enumerate(zip(*layers, strict=True)):
                start = time.perf_counter()
                for operation in operations:
                    rt.run(operation)
                rt.synchronize()
                times[name][index].append((time.perf_counter() - start) / shape.layers)
    for name, layers in ways.items():
        moved = sum(operation.traffic.total for operation in layers[0])
        best = sum(min(samples) for samples in times[name])
        median = sum(statistics.median(samples) for samples in times[name])
        floor = moved / (bandwidth * 1e9) / best
        table.add(name, len(layers[0]), moved, best * 1e6, median * 1e6, floor)
    return table


def gemms() -> Table:
    table = Table(
        "The two forms of a gemm, 256 tokens, weights 1536 x 576",
        ["weights", "by lanes, GFLOP/s", "by matrices, GFLOP/s"],
    )
    rt = fd.Foundry()
    random = np.random.default_rng(0)
    tokens, rows, columns = 256, 1536, 576
    x = rt.tensor(random.normal(0, 1, (tokens, columns)).astype(np.float32))
    y = rt.empty((tokens, rows), fd.f32)
    for name in ("f16", "q8_0", "q4_1"):
        size = rows * columns
        if name == "f16":
            weights = rt.tensor(random.normal(0, 1, (rows, columns)).astype(np.float16))
        else:
            weights = random_weights(rt, random, rows, columns, name)
        rates = []
        for form in (fd.ops.LinearForm.gemm_lanes, fd.ops.LinearForm.gemm_matrices):
            op = fd.ops.Gemm(weights=weights, x=x, y=y, form=form)

            def once(op: fd.ops.Operation = op) -> None:
                rt.run(op)
                rt.synchronize()

            rates.append(2 * size * tokens / time_call(once, repeats=10).best / 1e9)
        table.add(name, *rates)
    return table


def measure() -> list[Table]:
    bandwidth = read_bandwidth(2)
    return [*(layer(shape, bandwidth) for shape in SHAPES), gemms()]
