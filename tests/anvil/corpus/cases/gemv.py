"""gemv.h: matrix times vector, vector times matrix, several vectors at once."""

from typing import Any

import numpy as np
from corpus import BF16, EPSILON, MSL, Case, one
from numpy.typing import DTypeLike, NDArray

F32, F16, I32, I64 = (np.dtype(t) for t in (np.float32, np.float16, np.int32, np.int64))
GEMV = ("gemv.h",)
rng = np.random.default_rng(5)


def numbers(dtype: DTypeLike, *shape: int) -> NDArray[Any]:
    return rng.normal(size=shape).astype(dtype)


def tolerance(dtype: DTypeLike, terms: int) -> tuple[float, float]:
    """Products are exact in float or rounded once; sums of `terms` numbers of size 1."""
    return EPSILON[np.dtype(dtype)], terms**0.5 * 16 * EPSILON[F32]


def matrix_vector(
    dtype: DTypeLike, rows: int, columns: int, tiles: tuple[int, ...], axpby: bool = False
) -> Case:
    """tiles: simdgroups (M, N), threads (M, N) of a simdgroup, elements (M, N) of a thread."""
    bm, bn, sm, _, tm, _ = tiles
    batch = 2
    matrix, x = numbers(dtype, batch, rows, columns), numbers(dtype, batch, columns)
    bias = numbers(dtype, batch, rows)
    alpha, beta = (1.5, -0.5) if axpby else (1.0, 0.0)
    product = np.einsum("bij,bj->bi", matrix.astype(np.float64), x.astype(np.float64))
    block = bm * sm * tm
    strides = [one(s, I64) for s in (columns, rows * columns, rows)]
    kind = MSL[np.dtype(dtype)]
    return Case(
        f"gemv_{np.dtype(dtype)}_{rows}x{columns}{'_axpby' * axpby}",
        GEMV,
        f"gemv<{kind}, {', '.join(map(str, tiles))}, false, {str(axpby).lower()}>",
        [matrix, x, bias, np.zeros((batch, rows), dtype), one(columns, I32), one(rows, I32),
         one(columns, I32), one(alpha, F32), one(beta, F32), one(1, I32), one(batch, I32),
         *strides, one(1, I32)],
        (-(-rows // block) * 32, bn, bm * batch),
        (32, bn, bm),
        {3: alpha * product + beta * bias.astype(np.float64)},
        {3: tolerance(dtype, columns)},
    )  # fmt: skip


def vector_matrix(dtype: DTypeLike, rows: int, columns: int, tiles: tuple[int, ...]) -> Case:
    """gemv_t: y = x M; the matrix is read along its rows. There are barriers where lanes beyond the
    last column do not come by, so the columns are whole threadgroups."""
    bm, bn, _, sn, _, tn = tiles
    matrix, x = numbers(dtype, rows, columns), numbers(dtype, rows)
    kind = MSL[np.dtype(dtype)]
    return Case(
        f"gemv_t_{np.dtype(dtype)}_{rows}x{columns}",
        GEMV,
        f"gemv_t<{kind}, {', '.join(map(str, tiles))}, false, false>",
        [matrix, x, np.zeros(1, dtype), np.zeros(columns, dtype), one(rows, I32),
         one(columns, I32), one(columns, I32), one(1, F32), one(0, F32), one(1, I32), one(1, I32),
         one(0, I64), one(0, I64), one(0, I64), one(1, I32)],
        (-(-columns // (bn * sn * tn)) * 32, bn, bm),
        (32, bn, bm),
        {3: x.astype(np.float64) @ matrix.astype(np.float64)},
        {3: tolerance(dtype, rows)},
    )  # fmt: skip


def wide() -> Case:
    """gemv_wide: five vectors against one matrix, function constants switch batch and bias off."""
    rows, columns, vectors, k_lanes, per_group = 21, 300, 5, 16, 2
    matrix, x = numbers(F16, rows, columns), numbers(F16, vectors, columns)
    return Case(
        "gemv_wide_float16",
        GEMV,
        f"gemv_wide<half, {per_group}, {k_lanes}>",
        [matrix, x, None, np.zeros((vectors, rows), F16), one(columns, I32), one(rows, I32),
         one(vectors, I32), one(columns, I32), one(columns, I32), None, None, one(1, I32),
         one(1, I32), one(0, I64), one(0, I64), None, None, None],
        (2 * 32, -(-rows // 4) * 2, 1),
        (32, 2, 1),
        {3: x.astype(np.float64) @ matrix.astype(np.float64).T},
        {3: tolerance(F16, columns)},
        {0: False, 1: False},
    )  # fmt: skip


CASES = [
    matrix_vector(F32, 37, 129, (4, 1, 1, 32, 4, 4)),
    matrix_vector(F16, 21, 200, (1, 4, 1, 32, 1, 4), axpby=True),
    matrix_vector(BF16, 40, 96, (2, 1, 4, 8, 4, 4)),
    vector_matrix(F16, 70, 160, (1, 2, 8, 4, 4, 4)),
    vector_matrix(F32, 33, 96, (1, 2, 4, 8, 4, 1)),
    wide(),
]
