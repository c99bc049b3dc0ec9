"""GGUF's blocks of 32 weights, made of the codes and scales that other formats keep apart: the same
numbers, in other places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import shown

Bytes = NDArray[np.uint8]
Values = NDArray[Any]

BLOCK = 32


def q4_0(name: str, codes: Values, scales: Values) -> Bytes:
    """scale * (code - 8): codes (..., columns) of 0 to 15, a scale for each of their groups."""
    return _joined(_halves(name, scales, codes.shape), _nibbles(codes))


def q4_1(name: str, codes: Values, scales: Values, minima: Values) -> Bytes:
    """scale * code + minimum."""
    heads = (_halves(name, each, codes.shape) for each in (scales, minima))
    return _joined(*heads, _nibbles(codes))


def q8_0(name: str, codes: Values, scales: Values) -> Bytes:
    """scale * code: codes of -128 to 127."""
    blocks = codes.astype(np.int8).reshape(*codes.shape[:-1], -1, BLOCK)
    return _joined(_halves(name, scales, codes.shape), blocks.view(np.uint8))


def mxfp4(codes: Values, exponents: Values) -> Bytes:
    """Elements of the OCP Microscaling format, and for each 32 an exponent (E8M0)."""
    return _joined(exponents[..., None], _nibbles(codes))


def nibbles(words: Values) -> Bytes:
    """Four-bit codes in a row of words or bytes, the lowest of each first."""
    packed = np.ascontiguousarray(words).view(np.uint8)
    both = np.stack([packed & 15, packed >> 4], axis=-1)
    return both.reshape(*packed.shape[:-1], -1)


def spread(name: str, values: Values, shape: tuple[int, ...]) -> Values:
    """A row's values, each for as many of its columns, side by side over all of them."""
    if values.shape[:-1] != shape[:-1] or not values.size or shape[-1] % values.shape[-1]:
        raise ModelError(f"tensor {shown(name)}: scales of shape {values.shape} for {shape}")
    return np.repeat(values, shape[-1] // values.shape[-1], axis=-1)


def _nibbles(codes: Values) -> Bytes:
    """Of each block the first half in low bits, the second in high ones."""
    blocks = codes.astype(np.uint8).reshape(*codes.shape[:-1], -1, 2, BLOCK // 2)
    return np.asarray(blocks[..., 0, :] | blocks[..., 1, :] << 4)


def _halves(name: str, values: Values, shape: tuple[int, ...]) -> Bytes:
    """The bytes of a half for each block. `UnsupportedModelError` for a number that is none."""
    halves = values.astype(np.float16)
    wrong = halves.astype(np.float32) != values.astype(np.float32)
    if wrong.any():
        raise UnsupportedModelError(
            f"unsupported scale {shown(float(values[wrong].flat[0]))} of {shown(name)}; supported: "
            f"numbers that half precision holds"
        )
    whole = spread(name, halves, (*shape[:-1], shape[-1] // BLOCK))
    return np.ascontiguousarray(whole)[..., None].view(np.uint8)


def _joined(*parts: Bytes) -> Bytes:
    """The blocks of a row one after the other."""
    blocks = np.concatenate(parts, axis=-1)
    return blocks.reshape(*blocks.shape[:-2], -1)
