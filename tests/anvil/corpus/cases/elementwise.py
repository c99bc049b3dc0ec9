"""unary.h, binary.h, ternary.h, copy.h: contiguous, ragged, strided and broadcast."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from corpus import BF16, EPSILON, MSL, Case, one
from numpy.typing import DTypeLike, NDArray

F32, F16, C64 = np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.complex64)
I32, U8, BOOL = np.dtype(np.int32), np.dtype(np.uint8), np.dtype(np.bool_)
UNARY = ("utils.h", "unary_ops.h", "unary.h")
BINARY = ("utils.h", "binary_ops.h", "binary.h")

rng = np.random.default_rng(1)
erf = np.vectorize(math.erf)


def real(
    dtype: DTypeLike, shape: int | tuple[int, ...], low: float = -4.0, high: float = 4.0
) -> NDArray[Any]:
    return rng.uniform(low, high, shape).astype(dtype)


def wide(x: NDArray[Any]) -> NDArray[Any]:
    return x.astype(
        {"c": np.complex128, "V": np.float64, "f": np.float64}.get(x.dtype.kind, x.dtype)
    )


def per_thread(dtype: DTypeLike) -> int:
    return max(8 // np.dtype(dtype).itemsize, 1)


def tolerance(dtype: DTypeLike, ulps: float) -> tuple[float, float]:
    """`ulps` of the result's type; near zero, of a result of size one (periodic functions)."""
    epsilon = EPSILON.get(np.dtype(dtype), 0)
    return ulps * epsilon, ulps * epsilon


def unary(
    op: str,
    x: NDArray[Any],
    function: Callable[..., Any],
    ulps: float = 1.0,
    out: DTypeLike | None = None,
) -> Case:
    """unary_v over a count that is no multiple of a thread's share."""
    out = np.dtype(out or x.dtype)
    threads = -(-x.size // per_thread(x.dtype))
    with np.errstate(all="ignore"):
        expected = function(wide(x))
    return Case(
        f"unary_v_{op}_{x.dtype}",
        UNARY,
        f"unary_v<{MSL[x.dtype]}, {MSL[out]}, {op}>",
        [x, np.zeros(x.shape, out), one(x.size, np.uint32)],
        (threads, 1, 1),
        (min(threads, 256), 1, 1),
        {1: expected},
        {1: tolerance(out, ulps)},
    )


def unary_strided() -> Case:
    """unary_g over a transposed view: general strides, two elements a thread."""
    x = real(F32, (5, 7, 9), -3, 3)
    view = x.transpose(2, 0, 1)
    strides = np.array([s // 4 for s in view.strides], np.int64)
    grid = (-(-view.shape[2] // 2), view.shape[1], view.shape[0])
    return Case(
        "unary_g_ArcSinh_float32",
        UNARY,
        "unary_g<float, float, ArcSinh, 2, int>",
        [x, np.zeros(view.shape, F32), np.array(view.shape, I32), strides, one(3, I32)],
        grid,
        (4, 4, 4),
        {1: np.arcsinh(wide(view))},
        {1: tolerance(F32, 4)},
    )


def binary(
    op: str,
    a: NDArray[Any],
    b: NDArray[Any],
    function: Callable[..., Any],
    ulps: float = 1.0,
    out: DTypeLike | None = None,
    form: str = "vv",
) -> Case:
    out = np.dtype(out or a.dtype)
    size = max(a.size, b.size)
    threads = -(-size // per_thread(a.dtype))
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(function(wide(a), wide(b)), (size,))
    return Case(
        f"binary_{form}_{op}_{a.dtype}",
        BINARY,
        f"binary_{form}<{MSL[a.dtype]}, {MSL[out]}, {op}>",
        [a, b, np.zeros(size, out), one(size, np.uint32)],
        (threads, 1, 1),
        (min(threads, 128), 1, 1),
        {2: expected},
        {2: tolerance(out, ulps)},
    )


def binary_general() -> Case:
    """Four dimensions, one operand broadcast along two of them, the other reversed in order."""
    shape = (2, 3, 5, 6)
    a, b = real(F32, (3, 6)), real(F32, shape[::-1])
    left = np.broadcast_to(a[None, :, None, :], shape)
    right = b.transpose()
    strides = [np.array([s // 4 for s in view.strides], np.int64) for view in (left, right)]
    return Case(
        "binary_g_Multiply_float32",
        BINARY,
        "binary_g<float, float, Multiply, 4, int>",
        [a, b, np.zeros(shape, F32), np.array(shape, I32), *strides, one(4, I32)],
        (-(-shape[3] // 4), shape[2], shape[0] * shape[1]),
        (2, 5, 6),
        {2: wide(left) * wide(right)},
        {2: tolerance(F32, 1)},
    )


def binary_two_dimensions() -> Case:
    a, b = real(F16, (13, 40)), real(F16, 40)
    strides = [np.array(s, np.int64) for s in ((40, 1), (0, 1))]
    return Case(
        "binary_g_nd2_Maximum_float16",
        BINARY,
        "binary_g_nd2<half, half, Maximum, int>",
        [a, b, np.zeros(a.shape, F16), *strides],
        (40, 13, 1),
        (16, 8, 1),
        {2: np.maximum(wide(a), wide(b))},
    )


def select() -> Case:
    chosen, a, b = rng.random(1001) < 0.5, real(BF16, 1001), real(BF16, 1)
    return Case(
        "ternary_v_Select_bfloat16",
        ("utils.h", "ternary_ops.h", "ternary.h"),
        "ternary_v<bfloat16_t, Select, false, true>",
        [chosen, a, b, np.zeros(1001, BF16), one(1001, np.uint32)],
        (251, 1, 1),
        (64, 1, 1),
        {3: np.where(chosen, wide(a), wide(b))},
    )


def cast() -> Case:
    x = real(F32, 777, -300, 300)
    return Case(
        "copy_v_float32_int32",
        ("utils.h", "copy.h"),
        "copy_v<float, int32_t>",
        [x, np.zeros(777, I32), one(777, np.uint32)],
        (389, 1, 1),
        (128, 1, 1),
        {1: np.trunc(x).astype(I32)},
    )


integers = rng.integers(-(2**31), 2**31, 500).astype(I32)
divisors = np.where(integers % 7 == 0, 3, rng.integers(1, 1000, 500) * (-1) ** (integers & 1))
complexes = (rng.normal(size=333) + 1j * rng.normal(size=333)).astype(C64)
bytes_ = rng.integers(0, 256, 300).astype(U8)

# Tolerances: what the Metal specification allows (4 ulp for most functions), and what MLX composes
# around that; one rounding for a 16-bit result.
CASES = [
    unary("Exp", real(F32, 1003, -80, 80), np.exp, 4),
    unary("Log1p", real(F32, 1003, -0.9, 50), np.log1p, 8),
    unary("Erf", real(F32, 1003), erf, 16),
    unary("Tanh", real(F32, 1003), np.tanh, 8),
    unary("Sin", real(F32, 1003, -100, 100), np.sin, 4),
    unary("ArcTan", real(F32, 1003, -50, 50), np.arctan, 5),
    unary("Sigmoid", real(F16, 1003, -10, 10), lambda x: 1 / (1 + np.exp(-x)), 2),
    unary("Rsqrt", real(F16, 1003, 0.01, 100), lambda x: 1 / np.sqrt(x), 1),
    unary("Cos", real(BF16, 1003, -6, 6), np.cos, 1),
    unary("Exp", complexes, np.exp, 16),
    unary("Abs", integers, lambda x: np.where(x < 0, -x, x)),
    unary("BitwiseInvert", bytes_, lambda x: ~x),
    unary("LogicalNot", rng.random(77) < 0.5, lambda x: ~x),
    unary_strided(),
    binary("Add", real(F16, 999), real(F16, 999), np.add),
    binary("Power", real(F32, 999, 0.1, 6), real(F32, 999, -5, 5), np.power, 16),
    binary("ArcTan2", real(F32, 999), real(F32, 999), np.arctan2, 6),
    binary("LogAddExp", real(BF16, 999), real(BF16, 999), np.logaddexp),
    binary("Subtract", real(F32, 1), real(F32, 999), np.subtract, form="sv"),
    binary("Multiply", complexes, complexes[:1], np.multiply, 4, form="vs"),
    binary("Remainder", integers, divisors.astype(I32), np.remainder),
    binary("FloorDivide", integers, divisors.astype(I32), np.floor_divide),
    binary("LeftShift", bytes_, bytes_ & 7, np.left_shift),
    binary("Less", real(F16, 99), real(F16, 99), np.less, out=BOOL),
    binary_general(),
    binary_two_dimensions(),
    select(),
    cast(),
]
