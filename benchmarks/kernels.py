"""Single kernels on cold data: GB/s of the bytes that they state, beside numpy, torch and a floor.

Every call takes other tensors, a gibibyte of them in all, so that no cache helps; several are
encoded at a time, as a model does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import foundry as fd
from benchmarks.competitors import Missing, libraries
from benchmarks.machine import read_bandwidth
from benchmarks.table import Table, time_call
from foundry.processors import usable

TOTAL = 1 << 30  # bytes of all tensors of a row
ROWS, COLUMNS = 4096, 2048

Call = Callable[[], object]


class Kernels:
    """Measures operations, each on a ring of tensors, and adds rows to a table."""

    def __init__(self, rt: fd.Foundry, table: Table, bandwidth: float, torch: Any) -> None:
        self.rt = rt
        self.table = table
        self.bandwidth = bandwidth
        self.torch = torch  # None where it cannot be had

    def add(
        self,
        name: str,
        operations: Sequence[fd.ops.Operation],
        numpy: Sequence[Call] = (),
        torch: Sequence[Call] = (),
    ) -> None:
        moved = operations[0].traffic.total

        def run_all() -> None:
            for operation in operations:
                self.rt.run(operation)
            self.rt.synchronize()

        ours = time_call(run_all, repeats=5).best / len(operations)
        rate = moved / ours / 1e9
        self.table.add(
            name,
            ours * 1e6,
            rate,
            rate / self.bandwidth,
            self.ratio(numpy, ours),
            self.ratio(torch, ours),
        )

    def ratio(self, calls: Sequence[Call], ours: float) -> float | str:
        """How many times longer the other one takes; empty if it is not there."""
        if not calls:
            return ""

        def run_all() -> None:
            for call in calls:
                call()

        return time_call(run_all, repeats=3).best / len(calls) / ours

    def tensors(self, shape: tuple[int, ...], count: int, dtype: str = "f4") -> list[fd.Tensor]:
        """One random tensor and rolled copies of it, shared with numpy and torch."""
        values = np.random.default_rng(1).standard_normal(shape, np.float32).astype(dtype)
        tensors = []
        for index in range(count):
            tensor = self.rt.dedicated(shape, fd.f16 if dtype == "f2" else fd.f32)
            np.asarray(tensor)[...] = np.roll(values, index)
            tensors.append(tensor)
        return tensors

    def as_torch(self, tensor: fd.Tensor) -> Any:
        return self.torch.from_numpy(np.asarray(tensor))


def each(call: Callable[..., object], arguments: Iterable[tuple[Any, ...]]) -> list[Call]:
    return [functools.partial(call, *given) for given in arguments]


def elementwise(k: Kernels) -> None:
    shape = (ROWS, COLUMNS)
    count = max(1, TOTAL // (3 * 4 * ROWS * COLUMNS))
    a, b, y = (k.tensors(shape, count) for _ in range(3))
    sets = [(np.asarray(p), np.asarray(q), np.asarray(r)) for p, q, r in zip(a, b, y, strict=True)]
    torch = k.torch
    turned = [tuple(torch.from_numpy(t) for t in s) for s in sets] if torch else []

    k.add(
        "Add, f32",
        [fd.ops.Add(p, q, r) for p, q, r in zip(a, b, y, strict=True)],
        each(lambda p, q, r: np.add(p, q, out=r), sets),
        each(lambda p, q, r: torch.add(p, q, out=r), turned),
    )
    k.add(
        "SwiGlu, f32",
        [fd.ops.SwiGlu(p, q, r) for p, q, r in zip(a, b, y, strict=True)],
        each(lambda p, q, r: np.multiply(p / (1 + np.exp(-p)), q, out=r), sets),
        each(lambda p, q, r: torch.mul(torch.nn.functional.silu(p), q, out=r), turned),
    )
    half = [k.rt.dedicated(shape, fd.f16) for _ in range(count)]
    k.add(
        "Copy, f32 to f16",
        [fd.ops.Copy(p, h) for p, h in zip(a, half, strict=True)],
        each(
            lambda p, h: np.copyto(np.asarray(h), p, casting="same_kind"),
            [(s[0], h) for s, h in zip(sets, half, strict=True)],
        ),
        each(
            lambda t, h: h.copy_(t),
            [(s[0], k.as_torch(h)) for s, h in zip(turned, half, strict=bool(torch))],
        ),
    )
    k.add(
        "Copy, transposed, f32",
        [fd.ops.Copy(p.transpose(), r.reshape(COLUMNS, ROWS)) for p, r in zip(a, y, strict=True)],
        each(lambda p, q, r: np.copyto(r.reshape(COLUMNS, ROWS), p.T), sets),
        each(lambda p, q, r: r.reshape(COLUMNS, ROWS).copy_(p.T), turned),
    )


def rows(k: Kernels) -> None:
    shape = (ROWS, COLUMNS)
    count = max(1, TOTAL // (2 * 4 * ROWS * COLUMNS))
    x, y = k.tensors(shape, count), k.tensors(shape, count)
    gamma = k.rt.tensor(np.ones(COLUMNS, np.float32))
    sets = [(np.asarray(p), np.asarray(r)) for p, r in zip(x, y, strict=True)]
    torch = k.torch
    turned = [(torch.from_numpy(s[0]),) for s in sets] if torch else []
    ones = np.ones(COLUMNS, np.float32)
    weight = torch.ones(COLUMNS) if torch else None

    def numpy_rms(p: Any, r: Any) -> None:
        np.multiply(p / np.sqrt((p * p).mean(-1, keepdims=True) + 1e-5), ones, out=r)

    def numpy_layer_norm(p: Any, r: Any) -> None:
        centred = p - p.mean(-1, keepdims=True)
        np.divide(centred, np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5), out=r)

    def numpy_softmax(p: Any, r: Any) -> None:
        e = np.exp(p - p.max(-1, keepdims=True))
        np.divide(e, e.sum(-1, keepdims=True), out=r)

    pairs = list(zip(x, y, strict=True))
    k.add(
        "RmsNorm, rows of 2048, f32",
        [fd.ops.RmsNorm(gamma, x=p, y=r) for p, r in pairs],
        each(numpy_rms, sets),
        each(lambda t: torch.nn.functional.rms_norm(t, (COLUMNS,), weight, 1e-5), turned),
    )
    k.add(
        "LayerNorm, rows of 2048, f32",
        [fd.ops.LayerNorm(p, r, gamma) for p, r in pairs],
        each(numpy_layer_norm, sets),
        each(lambda t: torch.nn.functional.layer_norm(t, (COLUMNS,), weight), turned),
    )
    k.add(
        "Softmax, rows of 2048, f32",
        [fd.ops.Softmax(p, r) for p, r in pairs],
        each(numpy_softmax, sets),
        each(lambda t: torch.softmax(t, -1), turned),
    )


def attention_over_blocks(k: Kernels) -> None:
    """Decoding of an 8B shape, of caches in blocks as KvWrite encodes them."""
    heads, kv_heads, dim, positions = 32, 8, 128, 4096
    shape = (positions, kv_heads, dim)
    scratch = k.rt.empty((fd.ops.attention_scratch(1, heads, dim),), fd.f32)
    (key,), (value,) = k.tensors(shape, 1, "f2"), k.tensors(shape, 1, "f2")
    q, y = k.tensors((1, heads, dim), 2)
    for dtype in (fd.q8_0, fd.q4_0):
        size = key.size // dtype.block_elements * dtype.block_bytes
        operations = []
        for _ in range(TOTAL // (2 * size)):
            keys, values = (k.rt.dedicated(shape, dtype) for _ in range(2))
            k.rt.run(fd.ops.KvWrite(k=key, v=value, k_cache=keys, v_cache=values))
            operations.append(
                fd.ops.Attention(q, keys, values, y, start=positions - 1, scratch=scratch)
            )
        k.add(f"Attention, 8B, decode at {positions}, {dtype.name}", operations)


def attention(k: Kernels) -> None:
    torch = k.torch
    for label, heads, kv_heads, dim in [("SmolLM2", 9, 3, 64), ("8B", 32, 8, 128)]:
        scratch = k.rt.empty((fd.ops.attention_scratch(1, heads, dim),), fd.f32)
        for tokens, positions in [(1, 512), (1, 4096), (512, 512)]:
            size = 2 * positions * kv_heads * dim * 2
            count = max(1, TOTAL // size) if tokens == 1 else 4
            count = min(count, 512)
            shape = (positions, kv_heads, dim)
            keys, values = k.tensors(shape, count, "f2"), k.tensors(shape, count, "f2")
            q, y = k.tensors((tokens, heads, dim), 2)
            operations = [
                fd.ops.Attention(
                    q, key, value, y, start=positions - tokens, scratch=scratch
                )
                for key, value in zip(keys, values, strict=True)
            ]  # fmt: skip
            numpy_calls: list[Call] = []
            torch_calls: list[Call] = []
            if tokens == 1:
                query = np.asarray(q).reshape(kv_heads, heads // kv_heads, dim) / np.sqrt(dim)

                def numpy_decode(key: Any, value: Any, query: Any = query) -> Any:
                    scores = np.einsum("hgd,phd->hgp", query, key.astype(np.float32))
                    weight = np.exp(scores - scores.max(-1, keepdims=True))
                    weight /= weight.sum(-1, keepdims=True)
                    return np.einsum("hgp,phd->hgd", weight, value.astype(np.float32))

                arrays = [
                    (np.asarray(p), np.asarray(v))
                    for p, v in zip(keys[:8], values[:8], strict=True)
                ]
                numpy_calls = each(numpy_decode, arrays)
            if torch:
                query_t = k.as_torch(q).permute(1, 0, 2)[None].to(torch.float16)

                def attend(p: Any, v: Any, query: Any = query_t, causal: bool = tokens > 1) -> Any:
                    return torch.nn.functional.scaled_dot_product_attention(
                        query,
                        p.permute(1, 0, 2)[None],
                        v.permute(1, 0, 2)[None],
                        is_causal=causal,
                        enable_gqa=True,
                    )

                turned = zip(map(k.as_torch, keys), map(k.as_torch, values), strict=True)
                torch_calls = each(attend, turned)
            what = f"decode at {positions}" if tokens == 1 else f"prompt of {tokens}"
            k.add(f"Attention, {label}, {what}", operations, numpy_calls, torch_calls)
            if tokens > 1:
                flops = 4 * heads * dim * tokens * (tokens + 1) / 2
                k.table.rows[-1][0] += f", {flops / k.table.rows[-1][1] / 1e3:.0f} GFLOP/s"


def measure() -> list[Table]:
    threads = usable()
    bandwidth = read_bandwidth(threads)
    table = Table(
        f"Kernels, {threads} threads, read bandwidth {bandwidth:.1f} GB/s; numpy and torch: their "
        "time over ours",
        ["", "us", "GB/s", "of bandwidth", "numpy", "torch"],
    )
    torch = missing = None
    try:
        torch = libraries.load("torch")
        torch.set_num_threads(threads)
    except Missing as reason:
        missing = str(reason)
    kernels = Kernels(fd.Foundry(), table, bandwidth, torch)
    elementwise(kernels)
    rows(kernels)
    attention(kernels)
    attention_over_blocks(kernels)
    if missing:
        table.add(missing, *[None] * 5)
    return [table]
