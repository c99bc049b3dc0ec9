"""Characters in classes that no pattern tells apart: a code for each, and what classes have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from tokenizers import pre_tokenizers

from foundry.generation.segmentation.characters import pattern

_COUNT = 0x110000
_BLOCK = 4096  # characters that are looked at together: the package takes longer for longer texts
_SURROGATES = slice(0xD800, 0xE000)
_LITERAL = re.compile(r"\\([^\w])|([^\\\[])", re.DOTALL)
_NAMED = {r"\r": "\r", r"\n": "\n", r"\t": "\t"}


@lru_cache(maxsize=64)
def members(text: str) -> NDArray[np.bool_]:
    """Of every code point whether it is in the class, by the regular expressions that cut words."""
    found = _LITERAL.fullmatch(text)
    character = _NAMED.get(text, (found[1] or found[2]) if found else None)
    mask = np.zeros(_COUNT, np.bool_)
    if character is not None:
        mask[ord(character)] = True
        return mask
    mask[:] = True
    mask[_SURROGATES] = False
    split = pre_tokenizers.Split(pattern(f"(?:{text})+"), "removed")
    codes = np.flatnonzero(mask).astype("<u4")
    for first in range(0, len(codes), _BLOCK):
        block = codes[first : first + _BLOCK]
        for _, (start, end) in split.pre_tokenize_str(block.tobytes().decode("utf-32-le")):
            mask[block[start:end]] = False
    return mask


def codes_of(
    classes: Sequence[str],
) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Where ranges of equal characters begin, the code of each range, and for each class (rows)
    whether it has a code (columns)."""
    masks = np.stack([members(text) for text in classes])
    packed = np.packbits(masks, axis=0)
    begins = np.flatnonzero(np.r_[True, (packed[:, 1:] != packed[:, :-1]).any(axis=0)])
    kinds, codes = np.unique(packed[:, begins], axis=1, return_inverse=True)
    if kinds.shape[1] > 256:
        raise AssertionError(f"{kinds.shape[1]} kinds of characters; a code is a byte")
    has = np.unpackbits(kinds, axis=0)[: len(masks)]
    return begins.astype(np.uint32), codes.reshape(-1).astype(np.uint8), has
