"""Halide pipelines, each with a schedule for processors and one for a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import halide as hl
import numpy as np

x, y, c = hl.Var("x"), hl.Var("y"), hl.Var("c")
xo, yo, xi, yi = hl.Var("xo"), hl.Var("yo"), hl.Var("xi"), hl.Var("yi")

Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


@dataclass(frozen=True)
class Pipeline:
    name: str
    # Gives the output and its inputs, scheduled for the target.
    define: Callable[[bool], tuple[hl.Func, list[hl.ImageParam]]]
    # Inputs from random numbers, and the output's shape and type (numpy's order: y before x).
    inputs: Callable[[np.random.Generator], list[Array]]
    shape: tuple[int, ...]
    dtype: str
    # Of the largest magnitude: roundings that another order of sums and other functions bring.
    tolerance: float = 0.0


def image(kind: hl.Type, dimensions: int, name: str) -> hl.ImageParam:
    return hl.ImageParam(kind, dimensions, name)


def pointwise(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """Functions of floats: the GPU's math library against libm."""
    a = image(hl.Float(32), 2, "a")
    f = hl.Func("pointwise")
    v = a[x, y]
    f[x, y] = (
        hl.exp(v)
        + hl.log(hl.abs(v) + 1.5) * hl.sin(v)
        + hl.sqrt(hl.abs(v))
        + hl.pow(hl.abs(v), hl.f32(1.7))
    )
    if gpu:
        f.gpu_tile(x, y, xo, yo, xi, yi, 16, 8)
    return f, [a]


def blur(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """Two stages, the first kept in threadgroup memory."""
    a = image(hl.UInt(8), 2, "a")
    wide, rows, f = hl.Func("wide"), hl.Func("rows"), hl.Func("blur")
    clamped = hl.BoundaryConditions.repeat_edge(a)
    wide[x, y] = hl.cast(hl.UInt(16), clamped[x, y])
    rows[x, y] = (wide[x - 1, y] + wide[x, y] * 2 + wide[x + 1, y]) / 4
    f[x, y] = hl.cast(hl.UInt(8), (rows[x, y - 1] + rows[x, y] * 2 + rows[x, y + 1]) / 4)
    if gpu:
        f.gpu_tile(x, y, xo, yo, xi, yi, 16, 8)
        rows.compute_at(f, xo).gpu_threads(x, y)
    return f, [a]


def product(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """A matrix product: sums over a reduction domain inside of a kernel."""
    a, b = image(hl.Float(32), 2, "a"), image(hl.Float(32), 2, "b")
    k = hl.RDom([(0, 70)], "k")
    f = hl.Func("product")
    f[x, y] = 0.0
    f[x, y] += a[k, y] * b[x, k]
    if gpu:
        out = hl.Func("out")
        out[x, y] = f[x, y]
        out.gpu_tile(x, y, xo, yo, xi, yi, 8, 8)
        f.compute_at(out, xi)
        return out, [a, b]
    return f, [a, b]


def vectorised(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """Vectors of four in the kernel, and integers that saturate."""
    a, b = image(hl.Int(16), 2, "a"), image(hl.Int(16), 2, "b")
    f = hl.Func("vectorised")
    total = hl.cast(hl.Int(32), a[x, y]) * 3 - b[x, y]
    f[x, y] = hl.cast(hl.Int(16), hl.clamp(total, -32768, 32767))
    if gpu:
        f.gpu_tile(x, y, xo, yo, xi, yi, 32, 4)
        f.vectorize(xi, 4)
    return f, [a, b]


def table(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """Gathers: a table of 256 entries, and a select."""
    a, lut = image(hl.UInt(8), 2, "a"), image(hl.Int(32), 1, "lut")
    f = hl.Func("table")
    index = hl.cast(hl.Int(32), a[x, y])
    f[x, y] = hl.select(index % 3 == 0, lut[255 - index], lut[index])
    if gpu:
        f.gpu_tile(x, y, xo, yo, xi, yi, 16, 16)
    return f, [a, lut]


def reduction(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """Each row's sum and maximum, over threads and barriers."""
    a = image(hl.Float(32), 2, "a")
    f, partial = hl.Func("reduction"), hl.Func("partial")
    inner, outer = hl.RDom([(0, 16)], "inner"), hl.RDom([(0, 16)], "outer")
    partial[x, y] = 0.0
    partial[x, y] += a[x * 16 + inner, y]
    f[y] = 0.0
    f[y] += partial[outer, y]
    if gpu:
        out = hl.Func("out")
        out[y] = f[y]
        out.gpu_blocks(y)
        f.compute_at(out, y)
        partial.compute_at(out, y).gpu_threads(x)
        partial.update(0).gpu_threads(x)
        return out, [a]
    return f, [a]


def halves(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """half in and out, float between."""
    a = image(hl.Float(16), 2, "a")
    f = hl.Func("halves")
    f[x, y] = hl.cast(hl.Float(16), hl.cast(hl.Float(32), a[x, y]) * 1.25 + 0.5)
    if gpu:
        f.gpu_tile(x, y, xo, yo, xi, yi, 16, 8)
    return f, [a]


def planes(gpu: bool) -> tuple[hl.Func, list[hl.ImageParam]]:
    """Three dimensions, and two kernels of which one reads what the other wrote."""
    a = image(hl.Int(32), 3, "a")
    first, f = hl.Func("first"), hl.Func("planes")
    first[x, y, c] = a[x, y, c] * (c + 1) + x
    f[x, y, c] = first[x, y, c] - first[x, y, 2 - c] / 3
    if gpu:
        first.compute_root().gpu_tile(x, y, xo, yo, xi, yi, 8, 8)
        f.gpu_tile(x, y, xo, yo, xi, yi, 16, 4)
    return f, [a]


def floats(*shape: int) -> Callable[[np.random.Generator], Array]:
    return lambda rng: rng.uniform(-3, 3, shape).astype(np.float32)


PIPELINES = [
    # exp, log, sin and pow of two libraries, a few units of the last place each.
    Pipeline("pointwise", pointwise, lambda r: [floats(37, 53)(r)], (37, 53), "float32", 5e-6),
    Pipeline(
        "blur",
        blur,
        lambda r: [r.integers(0, 256, (41, 67), dtype=np.uint8)],
        (41, 67),
        "uint8",
    ),
    # Sums of 70 products.
    Pipeline(
        "product",
        product,
        lambda r: [floats(35, 70)(r), floats(70, 43)(r)],
        (35, 43),
        "float32",
        2e-6,
    ),
    Pipeline(
        "vectorised",
        vectorised,
        lambda r: [r.integers(-(2**15), 2**15, (19, 64), dtype=np.int16) for _ in range(2)],
        (19, 64),
        "int16",
    ),
    Pipeline(
        "table",
        table,
        lambda r: [
            r.integers(0, 256, (33, 65), dtype=np.uint8),
            r.integers(-(2**31), 2**31, 256, dtype=np.int32),
        ],
        (33, 65),
        "int32",
    ),
    Pipeline("reduction", reduction, lambda r: [floats(21, 256)(r)], (21,), "float32", 2e-6),
    Pipeline(
        "halves",
        halves,
        lambda r: [r.uniform(-3, 3, (18, 40)).astype(np.float16)],
        (18, 40),
        "float16",
    ),
    Pipeline(
        "planes",
        planes,
        lambda r: [r.integers(-(2**28), 2**28, (3, 20, 35), dtype=np.int32)],
        (3, 20, 35),
        "int32",
    ),
]
