"""reduction/: whole arrays, rows and columns; sums, products, extremes, logic; slice updates."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from corpus import BF16, EPSILON, MSL, Case, one
from numpy.typing import DTypeLike, NDArray

HEADERS = ("utils.h", "atomic.h", "reduction/ops.h", "reduce.h")
F32, F16 = np.dtype(np.float32), np.dtype(np.float16)
I32, I64 = np.dtype(np.int32), np.dtype(np.int64)

rng = np.random.default_rng(2)


def tolerance(dtype: DTypeLike, terms: int) -> tuple[float, float]:
    """A sum of numbers below one in any order: one rounding a level of the tree of 32 and one a
    term of a lane's share; the result is rounded to its type."""
    return EPSILON[np.dtype(dtype)], EPSILON[np.dtype(dtype)] * terms / 8


def whole(
    x: NDArray[Any], out: DTypeLike, op: str, expected: Callable[..., Any], tol: tuple[float, float]
) -> Case:
    """all_reduce with two threadgroups, the second one's rows cut short."""
    per_group = -(-x.size // 2)
    return Case(
        f"all_reduce_{op}_{x.dtype}",
        HEADERS,
        f"all_reduce<{MSL[x.dtype]}, {MSL[np.dtype(out)]}, {op}<{MSL[np.dtype(out)]}>, int>",
        [x, np.zeros(2, out), one(x.size, np.uint64), one(per_group, np.uint64)],
        (96, 2, 1),
        (96, 1, 1),
        {1: np.array([expected(x[:per_group]), expected(x[per_group:])])},
        {1: tol},
    )


def rows(x: NDArray[Any], op: str, function: Callable[..., Any], tol: tuple[float, float]) -> Case:
    """row_reduce_simple: four rows a threadgroup, the last one overlapping."""
    count, length = x.shape
    kind = MSL[x.dtype]
    return Case(
        f"row_reduce_simple_{op}_{x.dtype}",
        HEADERS,
        f"row_reduce_simple<{kind}, {kind}, {op}<{kind}>>",
        [x, np.zeros(count, x.dtype), one(length, np.uint64), one(count, I64)],
        (64, -(-count // 4), 1),
        (64, 1, 1),
        {1: function(x.astype(np.float64) if x.dtype.kind in "fV" else x)},
        {1: tol},
    )


def shape_arguments(
    x: NDArray[Any], kept: Sequence[int], reduced: Sequence[int]
) -> list[NDArray[Any]]:
    """Shapes and strides of the axes that stay and of those that are reduced beside the row."""
    strides = [s // x.itemsize for s in x.strides]

    def pick(axes: Sequence[int]) -> list[NDArray[Any]]:
        return [
            np.array([x.shape[a] for a in axes] or [1], I32),
            np.array([strides[a] for a in axes] or [0], I64),
            one(len(axes), I32),
        ]

    return [*pick(kept), *pick(reduced)]


def looped_rows() -> Case:
    """Sum over axes 1 and 3 of four: rows of 70, five of them to each output."""
    x = rng.random((3, 5, 2, 70)).astype(F32)
    return Case(
        "row_reduce_looped_Sum_float32",
        HEADERS,
        "row_reduce_looped<float, float, Sum<float>, int, 1>",
        [x, np.zeros((3, 2), F32), one(70, I64), one(5, I64), *shape_arguments(x, [0, 2], [1])],
        (32, 6, 1),
        (32, 1, 1),
        {1: x.astype(np.float64).sum((1, 3))},
        {1: tolerance(F32, 350)},
    )


def small_rows(outer: int) -> Case:
    """Few rows to an output: a thread each; many: a simdgroup each, lanes with unequal shares."""
    x = rng.integers(-1000, 1000, (7, outer, 13)).astype(I32)
    by_thread = outer <= 8
    return Case(
        f"row_reduce_small_Sum_{outer}",
        HEADERS,
        "row_reduce_small<int32_t, int32_t, Sum<int32_t>, int, 1>",
        [x, np.zeros(7, I32), one(13, I64), one(outer, I64), *shape_arguments(x, [0], [1])],
        (7, 1, 1) if by_thread else (32, 7, 1),
        (7, 1, 1) if by_thread else (32, 1, 1),
        {1: x.sum((1, 2))},
    )


def columns_small() -> Case:
    x = rng.normal(size=(3, 9, 37)).astype(F16)
    return Case(
        "col_reduce_small_Max_float16",
        HEADERS,
        "col_reduce_small<half, half, Max<half>, int, 1>",
        [x, np.zeros((3, 37), F16), one(9, np.uint64), one(37, I64),
         *shape_arguments(x, [0], [1]), one(1, np.uint64)],
        (10, 12, 1),
        (10, 4, 1),
        {1: x.astype(np.float64).max(1)},
    )  # fmt: skip


def columns_looped() -> Case:
    """32 x 32 tiles of a 100 x 45 matrix: the last column tile is ragged."""
    x = rng.random((100, 45)).astype(BF16)
    return Case(
        "col_reduce_looped_Sum_bfloat16",
        HEADERS,
        "col_reduce_looped<bfloat16_t, float, Sum<float>, int, 1, 32, 32>",
        [x, np.zeros(45, F32), one(100, np.uint64), one(45, I64),
         *shape_arguments(x, [], [0]), one(1, np.uint64), one(0, I64)],
        (512, 1, 1),
        (256, 1, 1),
        {1: x.astype(np.float64).sum(0)},
        {1: tolerance(F32, 100)},
    )  # fmt: skip


def update_slice() -> Case:
    """Adds a slice, element by element, into a strided place of a larger array."""
    out, update = rng.normal(size=(11, 24)).astype(F32), rng.normal(size=(5, 12)).astype(F32)
    expected = out.astype(np.float64)
    expected[2:7, ::2] += update
    return Case(
        "slice_update_Sum_float32",
        (*HEADERS[:3], "indexing/scatter.h"),
        "slice_update_op_impl<float, int, Sum<float>, false, true, false, 1, 2>",
        [update, out, np.array(update.shape, I32), np.array([12, 1], I64), one(2, I32),
         one(update.size, I64), np.array([24, 2], I64), one(2 * 24, I64)],
        (12, 5, 1),
        (12, 5, 1),
        {1: expected},
        {1: (EPSILON[F32], 1e-6)},
    )  # fmt: skip


numbers = rng.integers(-(2**40), 2**40, 1999).astype(I64)
CASES = [
    whole(rng.random(5000).astype(F32), F32, "Sum", lambda x: x.astype(np.float64).sum(),
          tolerance(F32, 2500)),
    whole(rng.integers(-99, 99, 1111).astype(I32), I32, "Min", lambda x: x.min(), (0, 0)),
    whole(numbers, I64, "Sum", lambda x: x.sum(), (0, 0)),
    whole(rng.random(700) < 0.999, np.bool_, "And", lambda x: x.all(), (0, 0)),
    rows(rng.normal(size=(10, 301)).astype(F32), "Max", lambda x: x.max(1), (0, 0)),
    rows(rng.uniform(0.9, 1.1, (6, 300)).astype(F32), "Prod", lambda x: x.prod(1),
         (300 * EPSILON[F32], 0)),
    looped_rows(),
    small_rows(6),
    small_rows(45),
    columns_small(),
    columns_looped(),
    update_slice(),
]  # fmt: skip
