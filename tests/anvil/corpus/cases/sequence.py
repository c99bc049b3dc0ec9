"""scan.h, sort.h, searchsorted.h, hadamard.h, dot.h, arange.h: order along an axis."""

from collections.abc import Callable
from typing import Any

import numpy as np
from corpus import EPSILON, MSL, Case, one
from numpy.typing import NDArray

F32, F16 = np.dtype(np.float32), np.dtype(np.float16)
I32, I64, U32 = np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.uint32)
SCAN = ("utils.h", "scan.h")
SORT = ("utils.h", "sort.h", "searchsorted.h")
rng = np.random.default_rng(4)


def scan(
    x: NDArray[Any],
    op: str,
    function: Callable[..., Any],
    inclusive: bool = True,
    reverse: bool = False,
    tolerance: tuple[float, float] = (0, 0),
) -> Case:
    rows, length = x.shape
    kind = MSL[x.dtype]
    flags = f"{str(inclusive).lower()}, {str(reverse).lower()}"
    wide = x.astype(np.float64) if x.dtype.kind == "f" else x
    expected = function(wide[:, ::-1] if reverse else wide)
    if not inclusive:
        expected = np.pad(expected, ((0, 0), (1, 0)))[:, :-1]
    return Case(
        f"contiguous_scan_{op}_{x.dtype}_{'in' if inclusive else 'ex'}{'_reverse' * reverse}",
        SCAN,
        f"contiguous_scan<{kind}, {kind}, {op}<{kind}>, 4, {flags}>",
        [x, np.zeros_like(x), one(length, np.uint64)],
        (64, rows, 1),
        (64, 1, 1),
        {1: expected[:, ::-1] if reverse else expected},
        {1: tolerance},
    )


def strided_scan() -> Case:
    x = rng.integers(-99, 99, (45, 50)).astype(I32)
    return Case(
        "strided_scan_CumMax_int32",
        SCAN,
        "strided_scan<int32_t, int32_t, CumMax<int32_t>, 4, true, false>",
        [x, np.zeros_like(x), one(45, np.uint64), one(50, np.uint64), one(2, np.uint64)],
        (256, 2, 1),
        (256, 1, 1),
        {1: np.maximum.accumulate(x, 0)},
    )


def sort(x: NDArray[Any], arguments: bool) -> Case:
    rows, length = x.shape
    out = np.zeros(x.shape, U32 if arguments else x.dtype)
    order = np.argsort(x, axis=1, kind="stable")
    name = "argsort" if arguments else "sort"
    return Case(
        f"{name}_{x.dtype}",
        SORT,
        f"block_sort<{MSL[x.dtype]}, {MSL[out.dtype]}, {str(arguments).lower()}, 64, 4>",
        [x, out, one(length, I32), one(1, I32), one(1, I32), one(length, I32), one(length, I32)],
        (64, rows, 1),
        (64, 1, 1),
        {1: order if arguments else np.sort(x.astype(np.float64), axis=1)},
    )


def search() -> Case:
    sorted_ = np.sort(rng.integers(0, 500, 100)).astype(F32)
    values = rng.integers(-5, 510, 77).astype(F32)
    return Case(
        "searchsorted_float32",
        SORT,
        "searchsorted<float, true>",
        [sorted_, values, np.zeros(77, U32), one(100, U32), one(1, I64)],
        (77, 1, 1),
        (32, 1, 1),
        {2: np.searchsorted(sorted_, values, "right")},
    )


def hadamard() -> Case:
    """One transform of 256 in steps of radix 4, in half: intermediate results are rounded."""
    x = rng.normal(size=(3, 256)).astype(F16)
    matrix = np.array([[1.0]])
    for _ in range(8):
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return Case(
        "hadamard_float16",
        ("utils.h", "hadamard.h"),
        "hadamard_n<half, 256, 4, 2>",
        [x, np.zeros_like(x), one(0.0625, F32)],
        (64, 3, 1),
        (64, 1, 1),
        {1: x.astype(np.float64) @ matrix * 0.0625},
        {1: (8 * EPSILON[F16], 8 * EPSILON[F16])},
    )


def dot() -> Case:
    a, b = (rng.normal(size=1001).astype(F16) for _ in range(2))
    products = a.astype(np.float64) * b.astype(np.float64)
    products = np.pad(products, (0, 1024 - 1001)).reshape(2, -1).sum(1)
    return Case(
        "dot_product_float16",
        ("dot.h",),
        "dot_product<half, 8, 64, 2>",
        [a, b, np.zeros(2, F32), one(1001, I32)],
        (128, 1, 1),
        (64, 1, 1),
        {2: products},
        {2: (0, 512 * EPSILON[F32])},
    )


def arange() -> Case:
    return Case(
        "arange_float16",
        ("utils.h", "arange.h"),
        "arange<half>",
        [one(-3, F16), one(0.5, F16), np.zeros(100, F16)],
        (100, 1, 1),
        (64, 1, 1),
        {2: -3 + 0.5 * np.arange(100)},
    )


CASES = [
    scan(rng.random((3, 700)).astype(F32), "CumSum", lambda x: x.cumsum(1),
         tolerance=(64 * EPSILON[F32], 0)),
    scan(rng.integers(-(2**50), 2**50, (2, 300)).astype(I64), "CumSum", lambda x: x.cumsum(1),
         inclusive=False),
    scan(rng.integers(-999, 999, (2, 301)).astype(I32), "CumMin",
         lambda x: np.minimum.accumulate(x, 1), reverse=True),
    strided_scan(),
    sort(rng.normal(size=(2, 201)).astype(F32), arguments=False),
    sort(rng.integers(-20, 20, (2, 256)).astype(I32), arguments=True),
    search(),
    hadamard(),
    dot(),
    arange(),
]  # fmt: skip
