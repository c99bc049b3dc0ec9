"""quantized.h: affine groups of 1 to 8 bits; quantise, dequantise, matvec, vecmat, matmul."""

from typing import Any

import numpy as np
from corpus import EPSILON, MSL, Case, one
from numpy.typing import DTypeLike, NDArray

F32, F16, I32, I64 = (np.dtype(t) for t in (np.float32, np.float16, np.int32, np.int64))
QUANTIZED = ("utils.h", "steel/gemm/gemm.h", "quantized_utils.h", "quantized.h")
GROUP = 32
rng = np.random.default_rng(6)


def pack(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """Rows of numbers as one stream of bits, least significant first, in bytes."""
    rows = (values[..., None] >> np.arange(bits)) & 1
    return np.packbits(rows.reshape(len(values), -1).astype(np.uint8), axis=1, bitorder="little")


def weights(
    dtype: DTypeLike, rows: int, columns: int, bits: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Packed values, scales, biases, and what they stand for."""
    values = rng.integers(0, 2**bits, (rows, columns)).astype(np.uint32)
    shape = (rows, columns // GROUP)
    scales = (rng.uniform(0.5, 1, shape) / 2**bits).astype(dtype)
    biases = rng.uniform(-0.6, -0.4, shape).astype(dtype)
    wide = np.repeat(scales.astype(np.float64), GROUP, 1) * values
    return pack(values, bits), scales, biases, wide + np.repeat(biases.astype(np.float64), GROUP, 1)


def batch_arguments(x: NDArray[Any], rank: int = 1) -> list[NDArray[Any]]:
    """The arguments about batches, which these cases do not have."""
    none = [one(0, I32), np.array(x.shape[-2:], I32), one(0, I64)]
    return [*none, one(0, I32), one(1, I32), one(0, I64), one(0, I64), one(0, I64)]


def tolerance(dtype: DTypeLike, columns: int) -> tuple[float, float]:
    """The dot product of x and whole numbers, scaled afterwards: sums of size 2^bits, in float;
    load_vector adds half numbers in half."""
    return EPSILON[np.dtype(dtype)] * 2, columns * 4 * EPSILON[np.dtype(dtype)] / 16


def matvec(
    name: str, dtype: DTypeLike, rows: int, columns: int, bits: int, vectors: int = 2
) -> Case:
    """Eight rows a threadgroup of two simdgroups."""
    packed, scales, biases, wide = weights(dtype, rows, columns, bits)
    x = rng.normal(size=(vectors, columns)).astype(dtype)
    kind = MSL[np.dtype(dtype)]
    return Case(
        f"affine_{name}_{np.dtype(dtype)}_{bits}bit",
        QUANTIZED,
        f"affine_{name}<{kind}, {GROUP}, {bits}, false>",
        [packed, scales, biases, x, np.zeros((vectors, rows), dtype), one(columns, I32),
         one(rows, I32), *batch_arguments(x)],
        (vectors * 32, -(-rows // 8) * 2, 1),
        (32, 2, 1),
        {4: x.astype(np.float64) @ wide.T},
        {4: tolerance(dtype, columns)},
    )  # fmt: skip


def vecmat(dtype: DTypeLike, rows: int, columns: int, bits: int) -> Case:
    """y = x W with W [rows][columns] quantised along its rows."""
    packed, scales, biases, wide = weights(dtype, rows, columns, bits)
    x = rng.normal(size=(1, rows)).astype(dtype)
    return Case(
        f"affine_qvm_{np.dtype(dtype)}_{bits}bit",
        QUANTIZED,
        f"affine_qvm<{MSL[np.dtype(dtype)]}, {GROUP}, {bits}, false>",
        [packed, scales, biases, x, np.zeros((1, columns), dtype), one(rows, I32),
         one(columns, I32), *batch_arguments(x)],
        (32, -(-columns // 64) * 2, 1),
        (32, 2, 1),
        {4: x.astype(np.float64) @ wide},
        {4: tolerance(dtype, rows)},
    )  # fmt: skip


def matmul(dtype: DTypeLike, m: int, n: int, k: int, bits: int) -> Case:
    """qmm_t through threadgroup memory and simdgroup matrices; m is ragged."""
    packed, scales, biases, wide = weights(dtype, n, k, bits)
    x = rng.normal(size=(m, k)).astype(dtype)
    return Case(
        f"affine_qmm_t_{np.dtype(dtype)}_{bits}bit",
        QUANTIZED,
        f"affine_qmm_t<{MSL[np.dtype(dtype)]}, {GROUP}, {bits}, false, false>",
        [packed, scales, biases, x, np.zeros((m, n), dtype), one(k, I32), one(n, I32), one(m, I32),
         *batch_arguments(x)],
        (-(-n // 32) * 32, -(-m // 32) * 2, 2),
        (32, 2, 2),
        {4: x.astype(np.float64) @ wide.T},
        # Weights are rounded to their type on their way through threadgroup memory.
        {4: (4 * EPSILON[np.dtype(dtype)], 4 * k**0.5 * EPSILON[np.dtype(dtype)])},
    )  # fmt: skip


def dequantize(bits: int) -> Case:
    packed, scales, biases, wide = weights(F16, 4, 96, bits)
    per_pack = {3: 8, 5: 8, 6: 4}.get(bits, 8 // bits)
    return Case(
        f"affine_dequantize_{bits}bit",
        QUANTIZED,
        f"affine_dequantize<half, {GROUP}, {bits}>",
        [packed, scales, biases, np.zeros((4, 96), F16)],
        (96 // per_pack, 4, 1),
        (8, 4, 1),
        {3: wide},
        {3: (2 * EPSILON[F16], 2 * EPSILON[F16])},
    )


def quantize(bits: int) -> Case:
    """Numbers that are scale * whole + bias come back exactly."""
    values = rng.integers(0, 2**bits, (6, GROUP)).astype(np.uint32)
    values[:, 0], values[:, 1] = 0, 2**bits - 1
    top = 2**bits - 1
    w = ((values.astype(np.float64) - top) * 0.25).astype(F32)  # the edge is the least number
    scale, bias = np.full((6, 1), 0.25, F32), np.full((6, 1), -top * 0.25, F32)
    return Case(
        f"affine_quantize_{bits}bit",
        QUANTIZED,
        f"affine_quantize<float, {GROUP}, {bits}>",
        [
            w,
            np.zeros((6, GROUP * bits // 8), np.uint8),
            np.zeros((6, 1), F32),
            np.zeros((6, 1), F32),
        ],
        (6 * GROUP, 1, 1),
        (64, 1, 1),
        {1: pack(values, bits), 2: scale, 3: bias},
        {2: (4 * EPSILON[F32], 0), 3: (EPSILON[F32], 0)},
    )


CASES = [
    matvec("qmv_fast", F16, 24, 512, 4),
    matvec("qmv_fast", F32, 16, 512, 8),
    matvec("qmv", F16, 21, 160, 4),
    matvec("qmv", F32, 13, 96, 3),
    matvec("qmv", F32, 9, 128, 5),
    matvec("qmv", F16, 8, 96, 6),
    matvec("qmv", F32, 11, 224, 2),
    vecmat(F16, 64, 96, 4),
    matmul(F16, 37, 45, 64, 4),
    dequantize(3),
    dequantize(4),
    dequantize(5),
    quantize(4),
    quantize(6),
]
