"""Weights in every format with a policy, for tests: adversarial blocks, and quantisers.

The `gguf` package dequantises every format and quantises to some. For three of the K formats there
are plain quantisers here: the nearest code to each weight, without the search for the best scale
that llama.cpp does. For the others `pack` draws codes at random, of the size that the weights have.
"""

from __future__ import annotations

import zlib
from typing import Any

import gguf
import numpy as np
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray

import foundry as fd

Bytes = NDArray[np.uint8]
F32 = NDArray[np.float32]

FORMATS = [str(dtype) for dtype in fd.weight_formats()]
PLAIN = [str(dtype) for dtype in fd.weight_formats() if not dtype.is_block]

# Where the half-precision scales and minima of a block stand, in bytes. IQ1_M's is in four parts.
SCALES = {
    "q8_0": [0],
    "q4_0": [0],
    "q4_1": [0, 2],
    "q5_0": [0],
    "q5_1": [0, 2],
    "q2_k": [80, 82],
    "q3_k": [108],
    "q4_k": [0, 2],
    "q5_k": [0, 2],
    "q6_k": [208],
    "iq1_s": [0],
    "iq1_m": [49],
    "iq2_xxs": [0],
    "iq2_xs": [0],
    "iq2_s": [0],
    "iq3_xxs": [0],
    "iq3_s": [0],
    "iq4_nl": [0],
    "iq4_xs": [0],
    "tq1_0": [52],
    "tq2_0": [64],
    "mxfp4": [],
    "nvfp4": [],
}
# Formats that differ in more than how four codes are unpacked (lib/fours.metal), and of the rest
# one for each size of block and one with a codebook.
_LIKE_OTHERS = (
    *("q2_k", "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq4_xs"),
    *("tq1_0", "tq2_0", "mxfp4"),
)
DISTINCT = [name for name in FORMATS if name not in _LIKE_OTHERS]
WITH_NAN = [name for name in FORMATS if SCALES.get(name, PLAIN)]


def kind_of(name: str) -> gguf.GGMLQuantizationType:
    # gguf spells the K formats as in Q4_K, the plain ones as in BF16.
    return gguf.GGMLQuantizationType[name.upper()]


def block_of(name: str) -> tuple[int, int]:
    """Weights and bytes of a block."""
    return gguf.GGML_QUANT_SIZES[kind_of(name)]


def pack(values: F32, name: str) -> Bytes:
    """Rows of weights as rows of bytes."""
    quantiser = {"q4_k": _q4_k, "q5_k": _q5_k, "q6_k": _q6_k}.get(name)
    if quantiser is not None:
        return quantiser(values.reshape(-1, 256)).reshape(*values.shape[:-1], -1)
    if name in DRAWN:
        return _drawn(values, name)
    return quantize(values, kind_of(name)).view(np.uint8)


def unpack(packed: Bytes, name: str) -> F32:
    return dequantize(packed, kind_of(name)).astype(np.float32, copy=False)


def set_halves(blocks: Bytes, name: str, at: int, values: NDArray[np.float16]) -> None:
    """Each block's scale, or minimum, at one of its SCALES."""
    bits = values.view(np.uint16)
    if name == "iq1_m":  # a nibble at the top of each of four halfwords, the lowest first
        for part in range(4):
            place = blocks[:, at + 2 * part]
            blocks[:, at + 2 * part] = (place & 15) | (bits >> 4 * part & 15) << 4
    else:
        blocks[:, at : at + 2] = bits.view(np.uint8).reshape(-1, 2)


def set_scales(blocks: Bytes, name: str, scale: float) -> None:
    """Scales and minima to one number; to a power of two in formats that have only those."""
    if name == "mxfp4":
        blocks[:, 0] = 127 + round(np.log2(scale))
    elif name == "nvfp4":
        blocks[:, :4] = 8 * (7 + round(np.log2(scale)))
    for at in SCALES[name]:
        set_halves(blocks, name, at, np.full(len(blocks), scale, np.float16))


def adversarial(name: str, random: np.random.Generator) -> Bytes:
    """Blocks (count, bytes): every byte of a block takes all of its 256 values, beside scales that
    are zero, subnormal, largest, negative, infinite, NaN or random. For plain formats: all patterns
    of 16 bits, or random patterns and the edges of 32."""
    if name in ("f16", "bf16"):
        return np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    if name == "f32":
        edges = [0, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000]
        patterns = np.r_[edges, random.integers(0, 2**31, 4088)].astype(np.uint32)
        return np.r_[patterns, patterns | np.uint32(1 << 31)].view(np.uint8).reshape(-1, 4)
    _, size = block_of(name)
    halves = [0.0, 2.0**-24, 1023 * 2.0**-24, 2.0**-14, 1.0, 65504.0, np.inf, np.nan]
    special = np.array(halves, np.float16).view(np.uint16)
    special = np.r_[special, special | np.uint16(0x8000), np.uint16(0x7C01)].astype(np.uint16)
    count = 256 * 4
    index = np.arange(count)
    blocks = ((index[:, None] + 37 * np.arange(size)) % 256).astype(np.uint8)
    blocks[512:768] = random.integers(0, 256, (256, size))
    for at, step in zip(SCALES[name], (1, 5), strict=False):
        scale = special[(index * step + index // 256) % len(special)]
        scale[768:] = random.integers(0, 65536, 256)
        set_halves(blocks, name, at, scale.view(np.float16))
    return blocks


def _halves(values: NDArray[Any]) -> tuple[Bytes, F32]:
    """As two bytes each, and what they are then worth."""
    half = values.astype(np.float16)
    return half.view(np.uint8).reshape(-1, 2), half.astype(np.float32)


def _over(values: F32, by: F32) -> F32:
    return np.divide(values, by, out=np.zeros_like(values), where=by != 0)


def _with_minima(blocks: F32, levels: int) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Scale, minimum, packed sub-scales, and codes (blocks, 8, 32) of Q4_K and Q5_K."""
    runs = blocks.reshape(-1, 8, 32)
    lowest = -np.minimum(runs.min(axis=2), 0)
    step = (runs.max(axis=2) + lowest) / np.float32(levels)
    scale, d = _halves(step.max(axis=1) / 63)
    minimum, dmin = _halves(lowest.max(axis=1) / 63)
    s = np.rint(_over(step, np.broadcast_to(d[:, None], step.shape))).clip(0, 63)
    m = np.rint(_over(lowest, np.broadcast_to(dmin[:, None], step.shape))).clip(0, 63)
    width, offset = (d[:, None] * s)[..., None], (dmin[:, None] * m)[..., None]
    codes = np.rint(_over(runs + offset, np.broadcast_to(width, runs.shape))).clip(0, levels)
    s8, m8 = s.astype(np.uint8), m.astype(np.uint8)
    packed = np.concatenate(
        [
            s8[:, :4] | (s8[:, 4:] >> 4 << 6),
            m8[:, :4] | (m8[:, 4:] >> 4 << 6),
            (s8[:, 4:] & 15) | (m8[:, 4:] & 15) << 4,
        ],
        axis=1,
    )
    return scale, minimum, packed, codes.astype(np.uint8)


def _q4_k(blocks: F32) -> Bytes:
    scale, minimum, packed, codes = _with_minima(blocks, 15)
    low = codes[:, 0::2] | codes[:, 1::2] << 4
    return np.concatenate([scale, minimum, packed, low.reshape(-1, 128)], axis=1)


def _q5_k(blocks: F32) -> Bytes:
    scale, minimum, packed, codes = _with_minima(blocks, 31)
    low = (codes[:, 0::2] & 15) | (codes[:, 1::2] & 15) << 4
    high = np.packbits(codes >> 4, axis=1, bitorder="little").reshape(-1, 32)
    return np.concatenate([scale, minimum, packed, high, low.reshape(-1, 128)], axis=1)


def _q6_k(blocks: F32) -> Bytes:
    runs = blocks.reshape(-1, 16, 16)
    step = np.abs(runs).max(axis=2) / 32
    scale, d = _halves(step.max(axis=1) / 127)
    s = np.rint(_over(step, np.broadcast_to(d[:, None], step.shape))).clip(0, 127)
    width = (d[:, None] * s)[..., None]
    codes = np.rint(_over(runs, np.broadcast_to(width, runs.shape))).clip(-32, 31) + 32
    codes = codes.astype(np.uint8).reshape(-1, 2, 4, 32)  # halves of four runs
    low = (codes[:, :, :2] & 15) | (codes[:, :, 2:] & 15) << 4
    high = np.zeros((len(codes), 2, 32), np.uint8)
    for run in range(4):
        high |= codes[:, :, run] >> 4 << 2 * run
    return np.concatenate(
        [low.reshape(-1, 128), high.reshape(-1, 64), s.astype(np.int8).view(np.uint8), scale],
        axis=1,
    )


# Formats whose codes are searched for where they are made, or that the package does not make.
DRAWN = (
    *("q2_k", "q3_k", "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s"),
    *("iq4_nl", "iq4_xs", "nvfp4"),
)


def _drawn(values: F32, name: str) -> Bytes:
    """Blocks of any codes, as large as all of `values` in the mean of squares."""
    count, size = block_of(name)
    random = np.random.default_rng(zlib.crc32(values.tobytes()))
    blocks = random.integers(0, 256, (values.size // count, size), dtype=np.uint8)
    set_scales(blocks, name, 1)
    if name == "q2_k":  # codes of 1.5 and scales of 7.5 in the mean, minima likewise
        set_halves(blocks, name, SCALES[name][1], np.full(len(blocks), 1.5, np.float16))
    scale = np.sqrt(np.mean(np.square(values)) / np.mean(np.square(unpack(blocks, name))))
    if scale == 0:
        return np.zeros((*values.shape[:-1], values.shape[-1] // count * size), np.uint8)
    if name == "nvfp4":
        set_scales(blocks, name, scale)
    for index, at in enumerate(SCALES[name]):
        set_halves(blocks, name, at, np.full(len(blocks), scale * (1, 1.5)[index], np.float16))
    return blocks.reshape(*values.shape[:-1], -1)
