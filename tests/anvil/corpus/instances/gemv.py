"""gemv.h and gemv_masked.h: a matrix and vectors, chosen by indices or with masks of blocks."""

from typing import Any

import numpy as np
from cases.gemv import GEMV
from corpus import Case, Size, one
from numpy.typing import NDArray

from instances.common import F32, I32, I64, KIND, TYPE, TYPES, U32, flag, instance, seeded
from instances.gemm import MASK, mask_type, masks

MASKED = ("utils.h", "steel/utils.h", "gemv_masked.h")
TILES = r"bm(\d+)_bn(\d+)_sm(\d+)_sn(\d+)_tm(\d+)_tn(\d+)"


def sizes(transposed: bool, tiles: list[int]) -> tuple[int, int, Size, Size]:
    """Elements of the vector and of the result; threads. gemv_t has barriers that lanes beyond the
    last column do not come by: its result is whole threadgroups."""
    bm, bn, sm, sn, tm, tn = tiles
    group: Size = (32, bn, bm)
    if transposed:
        out = 2 * bn * sn * tn
        return 133, out, (2 * 32, bn, bm), group
    block = bm * sm * tm
    return 133, block + 5, (2 * 32, bn, bm), group


def operands(rng: np.random.Generator, t: np.dtype[Any], length: int, out: int,
             count: int) -> list[NDArray[Any]]:  # fmt: skip
    return [rng.normal(size=(count, n)).astype(t) for n in (length * out, length, out, out)]


def times_vector(name: str, transposed: str | None, source: str, *words: str) -> Case:
    *tile_words, batches, scaled = words
    tiles, t = [int(word) for word in tile_words], TYPES[source]
    length, out, grid, group = sizes(bool(transposed), tiles)
    matrix, x, bias, y = operands(seeded(name), t, length, out, 2)
    ld = out if transposed else length
    buffers = [matrix, x, bias, y, one(length, I32), one(out, I32), one(ld, I32), one(1.5, F32),
               one(-0.5, F32), one(1, I32), one(2, I32), one(length, I64), one(length * out, I64),
               one(out, I64), one(1, I32)]  # fmt: skip
    text = instance("gemv_t" if transposed else "gemv", KIND[t], *tiles, flag(batches == "1"),
                    flag(scaled == "1"))  # fmt: skip
    return Case(name, GEMV, text, buffers, (grid[0], grid[1], grid[2] * 2), group, {})


def times_chosen(name: str, transposed: str | None, source: str, *words: str) -> Case:
    tiles, t = [int(word) for word in words], TYPES[source]
    length, out, grid, group = sizes(bool(transposed), tiles)
    matrix, x, bias, y = operands(seeded(name), t, length, out, 3)
    ld = out if transposed else length
    layout = [one(1, I32), one(3, I32)]
    buffers = [matrix, x, bias, y, one(length, I32), one(out, I32), one(ld, I32), one(1, F32),
               one(0, F32), one(1, I32), one(2, I32), np.array([1, 1], I64), *layout,
               one(length, I64), *layout, one(length * out, I64), np.array([2, 0], U32),
               np.array([1, 2], U32)]  # fmt: skip
    text = instance("gemv_t_gather" if transposed else "gemv_gather", KIND[t], *tiles)
    return Case(name, GEMV, text, buffers, (grid[0], grid[1], grid[2] * 2), group, {})


def wide(name: str, source: str, vectors: str, lanes: str) -> Case:
    t, rows, columns, count = TYPES[source], 21, 300, 5
    matrix, x, _, _ = operands(seeded(name), t, columns, rows, count)
    buffers = [matrix[0], x, None, np.zeros((count, rows), t), one(columns, I32), one(rows, I32),
               one(count, I32), one(columns, I32), one(columns, I32), None, None, one(1, I32),
               one(1, I32), one(0, I64), one(0, I64), None, None, None]  # fmt: skip
    return Case(name, GEMV, instance("gemv_wide", KIND[t], vectors, lanes), buffers,
                wide_grid(count, rows, int(vectors), int(lanes)), (32, 2, 1), {}, {},
                {0: False, 1: False})  # fmt: skip


def wide_grid(count: int, rows: int, vectors: int, lanes: int) -> Size:
    """A simdgroup has 32 / lanes rows, a threadgroup two simdgroups."""
    return (-(-count // vectors) * 32, -(-rows // (2 * 32 // lanes)) * 2, 1)


def wide_chosen(name: str, source: str, vectors: str, lanes: str) -> Case:
    t, rows, columns, count = TYPES[source], 21, 300, 5
    rng = seeded(name)
    matrix = rng.normal(size=(3, rows * columns)).astype(t)
    x = rng.normal(size=(3, count, columns)).astype(t)
    layout = [one(1, I32), one(3, I32)]
    buffers = [matrix, x, x, np.zeros((2, count, rows), t), one(columns, I32), one(rows, I32),
               one(count, I32), one(columns, I32), one(columns, I32), None, None, one(1, I32),
               one(2, I32), np.array([1, 1], I64), *layout, one(count * columns, I64), *layout,
               one(rows * columns, I64), np.array([2, 0], U32), np.array([1, 2], U32)]  # fmt: skip
    x_, y_, _ = wide_grid(count, rows, int(vectors), int(lanes))
    return Case(name, GEMV, instance("gemv_wide_gather", KIND[t], vectors, lanes), buffers,
                (x_, y_, 2), (32, 2, 1), {}, {}, {0: False, 1: False})  # fmt: skip


def masked(
    name: str, transposed: str | None, of_result: str, of_operands: str, source: str, *words: str
) -> Case:
    *tile_words, batches = words
    tiles, t = [int(word) for word in tile_words], TYPES[source]
    length, out, grid, group = sizes(bool(transposed), tiles)
    rng = seeded(name)
    matrix, x, _, y = operands(rng, t, length, out, 1)
    ld = out if transposed else length
    # More blocks than there can be.
    across = 64
    strides = [] if of_result == "nomask" else [1, 1]
    strides += [] if of_operands == "nomask" else [1, across, 1, 1]
    buffers = [matrix, x, None, y, one(length, I32), one(out, I32), one(ld, I32), None, None,
               one(1, I32), one(1, I32), one(0, I64), one(0, I64), *[None] * 7,
               masks(rng, of_result, across), masks(rng, of_operands, across * across),
               masks(rng, of_operands, across), np.array(strides, I32),
               np.zeros(8, I64)]  # fmt: skip
    template = "gemv_t_masked" if transposed else "gemv_masked"
    text = instance(template, KIND[t], mask_type(of_result), mask_type(of_operands), *tiles,
                    flag(batches == "1"))  # fmt: skip
    return Case(name, MASKED, text, buffers, grid, group, {})


RULES = [
    (rf"gemv_(t_)?{TYPE}_{TILES}_nc(\d)_axpby(\d)", times_vector),
    (rf"gemv_(t_)?gather_{TYPE}_{TILES}", times_chosen),
    (rf"gemv_wide_{TYPE}_nv(\d+)_kl(\d+)", wide),
    (rf"gemv_wide_gather_{TYPE}_nv(\d+)_kl(\d+)", wide_chosen),
    (rf"gemv_(t_)?outmask_{MASK}_opmask_{MASK}_{TYPE}_{TILES}_nc(\d)", masked),
]
