"""steel/gemm: tiles in threadgroup memory, simdgroup matrices, swizzled grids, ragged edges."""

from typing import Any

import numpy as np
from corpus import BF16, EPSILON, MSL, Case
from numpy.typing import DTypeLike, NDArray

F32, F16, I32, I64 = (np.dtype(t) for t in (np.float32, np.float16, np.int32, np.int64))
STEEL = ("utils.h", "steel/gemm/gemm.h", "steel/gemm/kernels/steel_gemm_fused.h")
SPLIT = ("utils.h", "steel/gemm/gemm.h", "steel/gemm/kernels/steel_gemm_splitk.h")
rng = np.random.default_rng(7)


def parameters(
    m: int,
    n: int,
    k: int,
    lda: int,
    ldb: int,
    tile: tuple[int, ...],
    batch_strides: tuple[int, ...],
    swizzle: int,
) -> NDArray[Any]:
    """GEMMParams of steel/gemm/params.h."""
    bm, bn, bk = tile
    ints = [m, n, k, lda, ldb, n, -(-n // bn), -(-m // bm)]
    return np.frombuffer(
        np.array(ints, I32).tobytes()
        + np.array(batch_strides, I64).tobytes()
        + np.array([swizzle, k // bk, 1, 0], I32).tobytes(),
        np.uint8,
    )


def addmm_parameters(n: int, rows: int, alpha: float, beta: float) -> NDArray[Any]:
    return np.frombuffer(
        np.array([n, 1], I32).tobytes()
        + np.array([rows * n], I64).tobytes()
        + np.array([alpha, beta], F32).tobytes(),
        np.uint8,
    )


def gemm(
    dtype: DTypeLike,
    shape: tuple[int, ...],
    tile: tuple[int, ...],
    warps: tuple[int, ...],
    transpose: tuple[bool, bool] = (False, False),
    axpby: bool = False,
    swizzle: int = 0,
) -> Case:
    (batch, m, n, k), (bm, bn, bk), (wm, wn) = shape, tile, warps
    a = rng.normal(size=(batch, k, m) if transpose[0] else (batch, m, k)).astype(dtype)
    b = rng.normal(size=(batch, n, k) if transpose[1] else (batch, k, n)).astype(dtype)
    # Rows of c beyond the last are read, and what comes of them is not stored.
    c = rng.normal(size=(batch, -(-m // bm) * bm, n)).astype(dtype)
    left = a.astype(np.float64).transpose(0, 2, 1) if transpose[0] else a.astype(np.float64)
    right = b.astype(np.float64).transpose(0, 2, 1) if transpose[1] else b.astype(np.float64)
    expected = left @ right
    alpha, beta = 0.5, 2.0
    if axpby:
        expected = alpha * expected + beta * c[:, :m].astype(np.float64)
    lda, ldb = a.shape[2], b.shape[2]
    tiles_m, tiles_n = -(-m // bm), -(-n // bn)
    # Swizzling folds rows of tiles into columns.
    grid = (tiles_n << swizzle, -(-tiles_m // (1 << swizzle)), batch)
    flags = ", ".join(str(t).lower() for t in transpose)
    name = "".join("nt"[t] for t in transpose)
    return Case(
        f"steel_gemm_{name}_{np.dtype(dtype)}_{m}x{n}x{k}{'_axpby' * axpby}",
        STEEL,
        f"gemm<{MSL[np.dtype(dtype)]}, {bm}, {bn}, {bk}, {wm}, {wn}, {flags}, float>",
        [a, b, c if axpby else None, np.zeros((batch, m, n), dtype),
         parameters(m, n, k, lda, ldb, tile, (m * k, k * n, m * n), swizzle),
         addmm_parameters(n, c.shape[1], alpha, beta) if axpby else None, None, None],
        (grid[0] * 32, grid[1] * wn, grid[2] * wm),
        (32, wn, wm),
        {3: expected},
        # Exact products, sums of k numbers of size one in float, one rounding to the type.
        {3: (2 * EPSILON[np.dtype(dtype)], 16 * k**0.5 * EPSILON[F32])},
        {10: False, 100: axpby, 110: axpby, 200: m % bm == 0, 201: n % bn == 0, 202: k % bk == 0},
    )  # fmt: skip


def split_k() -> Case:
    """Two partial products side by side."""
    m, n, k, parts, bk = 20, 33, 96, 2, 16
    a, b = rng.normal(size=(m, k)).astype(F16), rng.normal(size=(k, n)).astype(F16)
    size = k // parts
    ints = [m, n, k, k, n, n, 2, 1, parts, m * n, size, 0, size // bk]
    wide = [x.astype(np.float64) for x in (a, b)]
    expected = [wide[0][:, p : p + size] @ wide[1][p : p + size] for p in (0, size)]
    return Case(
        "steel_gemm_splitk_float16",
        SPLIT,
        "gemm_splitk<half, float, 32, 32, 16, 2, 2, false, false, false, true>",
        [a, b, np.zeros((parts, m, n), F32), np.array(ints, I32)],
        (2 * 32, 2, parts * 2),
        (32, 2, 2),
        {2: np.stack(expected)},
        {2: (0, 16 * size**0.5 * EPSILON[F32])},
    )


CASES = [
    gemm(F16, (1, 64, 32, 48), (32, 32, 16), (2, 2)),
    gemm(F16, (2, 35, 40, 21), (32, 32, 16), (2, 2), (False, True)),
    gemm(F32, (1, 33, 40, 20), (32, 32, 16), (1, 2), (True, False), swizzle=1),
    gemm(BF16, (1, 40, 29, 32), (32, 32, 16), (2, 1), axpby=True),
    split_k(),
]
