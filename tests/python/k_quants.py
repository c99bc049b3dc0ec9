"""What shaders/encoders/k_blocks.metal computes, in numpy: Q2_K to Q6_K.

A block of 256 has sub-blocks, each with a scale, and with a smallest value where the format has
one; both are multiples of the block's own. Codes, scales and smallest values are those with the
least squared error among several ranges, fitted by least squares, as ggml's quantisers choose them.
Layouts: ggml's ggml-common.h, as `gguf.quants` reads them. Every sum is taken in order, so that
bytes are equal.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

BLOCK = 256
_AT_ONCE = 256  # blocks, whose intermediate arrays stay in the second cache
_STEPS = [step / 8 for step in range(-8, 9)]
"""By how much of a code the ranges that are tried are wider or narrower than the values'."""


def encode(values: F32, name: str) -> U8:
    """uint8 (..., bytes of a row's blocks) of float32 (..., columns), columns whole blocks."""
    blocks = np.ascontiguousarray(values, np.float32).reshape(-1, BLOCK)
    encoder = ENCODERS[name]
    parts = [blocks[first : first + _AT_ONCE] for first in range(0, len(blocks), _AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets go of the interpreter's lock
        found = list(pool.map(encoder, parts))
    return np.concatenate(found).reshape(*values.shape[:-1], -1)


def _sum(values: F32) -> F32:
    """Along the last axis, one after the other."""
    return np.add.accumulate(values, axis=-1)[..., -1:]


def _affine(x: F32, most: int) -> tuple[F32, F32]:
    """For each of (..., n): the scale s and the m >= 0 of x = s * code - m, codes 0 to `most`."""
    weight = np.sqrt(_sum(x * x) / np.float32(x.shape[-1])) + np.abs(x)
    low = np.minimum(x.min(axis=-1, keepdims=True), 0)
    span = x.max(axis=-1, keepdims=True) - low
    best = np.full(span.shape, np.inf, np.float32)
    scale, least = span / most, -low
    for step in _STEPS:
        inverse = np.where(span > 0, (most + step) / np.where(span > 0, span, 1), 0)
        codes = np.clip(np.rint((x - low) * inverse), 0, most)
        s, m = _fitted(x, codes, weight)
        error = _sum(weight * (s * codes - m - x) ** 2)
        better = error < best
        best = np.where(better, error, best)
        scale, least = np.where(better, s, scale), np.where(better, m, least)
    return scale[..., 0].astype(np.float32), least[..., 0].astype(np.float32)


def _fitted(x: F32, codes: F32, weight: F32) -> tuple[Any, Any]:
    """Least squares for x = s * code - m, m >= 0."""

    def total(values: Any) -> Any:
        return _sum(weight * values)

    n, c, cc = total(np.float32(1)), total(codes), total(codes * codes)
    sx, cx = total(x), total(codes * x)
    determinant = n * cc - c * c
    is_free = determinant > 1e-12 * n * cc
    safe = np.where(is_free, determinant, 1)
    n = np.maximum(n, np.float32(1e-37))  # of nothing but zeros
    s = np.where(is_free, (n * cx - c * sx) / safe, 0)
    m = np.where(is_free, (c * cx - cc * sx) / safe, -sx / n)
    without = np.where(cc > 0, cx / np.where(cc > 0, cc, 1), 0)  # where m would be below 0
    s = np.where(m < 0, without, s)
    return np.maximum(s, 0), np.maximum(m, 0)


def _symmetric(x: F32, most: int) -> F32:
    """For each of (..., n): the scale s of x = s * code, codes -most to most - 1."""
    at = np.abs(x).argmax(axis=-1)[..., None]
    peak = np.take_along_axis(x, at, axis=-1)  # with its sign: the longer end takes it
    weight = x * x
    best = np.full(peak.shape, -np.inf, np.float32)
    scale = np.zeros(peak.shape, np.float32)
    for step in _STEPS:
        inverse = np.where(peak != 0, -(most + step) / np.where(peak != 0, peak, 1), 0)
        codes = np.clip(np.rint(x * inverse), -most, most - 1)
        products = _sum(weight * x * codes)
        squares = _sum(weight * codes * codes)
        some = squares > 0
        gain = np.where(some, products * products / np.where(some, squares, 1), 0)
        better = gain > best
        best = np.where(better, gain, best)
        scale = np.where(better, np.where(some, products / np.where(some, squares, 1), 0), scale)
    return scale[..., 0].astype(np.float32)


def _half(values: F32) -> F32:
    """To the nearest f16, which the block stores."""
    return values.astype(np.float16).astype(np.float32)


def _shares(values: F32, most: int) -> tuple[F32, F32]:
    """(blocks, sub-blocks) not below 0 as integers up to `most` times a number of the block's."""
    unit = _half(values.max(axis=-1, keepdims=True) / most)
    shares = np.where(unit > 0, np.rint(values / np.where(unit > 0, unit, 1)), 0)
    return unit, np.clip(shares, 0, most)


def _signed_shares(values: F32, most: int) -> tuple[F32, F32]:
    """The same of either sign, from -most to most - 1."""
    at = np.abs(values).argmax(axis=-1)[..., None]
    peak = np.take_along_axis(values, at, axis=-1)
    unit = _half(peak / np.float32(-most))
    shares = np.where(unit != 0, np.rint(values / np.where(unit != 0, unit, 1)), 0)
    return unit, np.clip(shares, -most, most - 1)


def _codes(x: F32, scale: F32, least: F32 | float, low: int, high: int) -> U8:
    safe = np.where(scale != 0, scale, 1)
    codes = np.where(scale != 0, np.rint((x + least) / safe), 0)
    return (np.clip(codes, low, high) - low).astype(np.uint8)


def _bytes_of(half: F32) -> U8:
    return half.astype("<f2").view(np.uint8).reshape(len(half), -1)


def _six_bits(scales: F32, least: F32) -> U8:
    """Eight scales and eight smallest values of 6 bits in twelve bytes."""
    sc, m = scales.astype(np.uint8), least.astype(np.uint8)
    first = sc[:, :4] | (sc[:, 4:] >> 4) << 6
    second = m[:, :4] | (m[:, 4:] >> 4) << 6
    third = (sc[:, 4:] & 15) | (m[:, 4:] & 15) << 4
    return np.concatenate([first, second, third], axis=1)


def _affine_block(blocks: F32, size: int, code_bits: int, share_bits: int) -> Any:
    """Of sub-blocks of `size`: the block's scale and smallest value, their shares, the codes."""
    x = blocks.reshape(len(blocks), -1, size)
    scale, least = _affine(x, (1 << code_bits) - 1)
    d, shares = _shares(scale, (1 << share_bits) - 1)
    dmin, least_shares = _shares(least, (1 << share_bits) - 1)
    codes = _codes(
        x, (d * shares)[..., None], (dmin * least_shares)[..., None], 0, (1 << code_bits) - 1
    )
    return d, dmin, shares, least_shares, codes.reshape(len(blocks), BLOCK)


def _q4_k(blocks: F32) -> U8:
    d, dmin, shares, least, codes = _affine_block(blocks, 32, 4, 6)
    pairs = codes.reshape(-1, 4, 2, 32)
    low = (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(len(blocks), 128)
    return np.concatenate([_bytes_of(d), _bytes_of(dmin), _six_bits(shares, least), low], axis=1)


def _q5_k(blocks: F32) -> U8:
    d, dmin, shares, least, codes = _affine_block(blocks, 32, 5, 6)
    pairs = (codes & 15).reshape(-1, 4, 2, 32)
    low = (pairs[:, :, 0] | pairs[:, :, 1] << 4).reshape(len(blocks), 128)
    fifth = (codes >> 4).reshape(-1, 8, 32) << np.arange(8, dtype=np.uint8)[:, None]
    high = np.bitwise_or.reduce(fifth, axis=1).astype(np.uint8)
    head = [_bytes_of(d), _bytes_of(dmin), _six_bits(shares, least)]
    return np.concatenate([*head, high, low], axis=1)


def _q2_k(blocks: F32) -> U8:
    d, dmin, shares, least, codes = _affine_block(blocks, 16, 2, 4)
    scales = shares.astype(np.uint8) | least.astype(np.uint8) << 4
    quads = codes.reshape(-1, 2, 4, 32) << np.array([0, 2, 4, 6], np.uint8)[:, None]
    packed = np.bitwise_or.reduce(quads, axis=2).astype(np.uint8).reshape(len(blocks), 64)
    return np.concatenate([scales, packed, _bytes_of(d), _bytes_of(dmin)], axis=1)


def _q3_k(blocks: F32) -> U8:
    x = blocks.reshape(len(blocks), 16, 16)
    d, shares = _signed_shares(_symmetric(x, 4), 32)
    codes = _codes(x, (d * shares)[..., None], 0.0, -4, 3).reshape(len(blocks), BLOCK)
    quads = (codes & 3).reshape(-1, 2, 4, 32) << np.array([0, 2, 4, 6], np.uint8)[:, None]
    low = np.bitwise_or.reduce(quads, axis=2).astype(np.uint8).reshape(len(blocks), 64)
    thirds = (codes >> 2).reshape(-1, 8, 32) << np.arange(8, dtype=np.uint8)[:, None]
    high = np.bitwise_or.reduce(thirds, axis=1).astype(np.uint8)
    s = (shares + 32).astype(np.uint8)
    nibbles = (s[:, :8] & 15) | (s[:, 8:] & 15) << 4
    tops = (s >> 4).reshape(-1, 4, 4) << np.array([0, 2, 4, 6], np.uint8)[:, None]
    top = np.bitwise_or.reduce(tops, axis=1).astype(np.uint8)
    return np.concatenate([high, low, nibbles, top, _bytes_of(d)], axis=1)


def _q6_k(blocks: F32) -> U8:
    x = blocks.reshape(len(blocks), 16, 16)
    d, shares = _signed_shares(_symmetric(x, 32), 128)
    codes = _codes(x, (d * shares)[..., None], 0.0, -32, 31).reshape(-1, 2, 4, 32)
    low = codes & 15
    nibbles = np.concatenate(
        [low[:, :, 0] | low[:, :, 2] << 4, low[:, :, 1] | low[:, :, 3] << 4], 2
    )
    tops = (codes >> 4) << np.array([0, 2, 4, 6], np.uint8)[:, None]
    top = np.bitwise_or.reduce(tops, axis=2).astype(np.uint8).reshape(len(blocks), 64)
    scales = shares.astype(np.int8).view(np.uint8)
    return np.concatenate([nibbles.reshape(len(blocks), 128), top, scales, _bytes_of(d)], axis=1)


ENCODERS = {"q2_k": _q2_k, "q3_k": _q3_k, "q4_k": _q4_k, "q5_k": _q5_k, "q6_k": _q6_k}
