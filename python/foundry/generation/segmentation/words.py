"""Where a text can be cut before it is looked at closely, because no token lies across."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from foundry.generation.vocabulary import SPACE

_CACHED = 1 << 16  # words
_LONGEST = 64  # characters of one that is kept


def splitter(tokens: Iterable[str]) -> Callable[[str], list[str]]:
    """Cuts before runs of U+2581, but not after a character that precedes one in a token."""
    within = {
        text[index - 1]
        for text in tokens
        if SPACE in text
        for index in range(1, len(text))
        if text[index] == SPACE != text[index - 1]
    }
    before = "".join(re.escape(character) for character in sorted({SPACE} | within))
    return re.compile(f"(?<![{before}])(?={SPACE})").split


def remembered(encode: Callable[[str], list[int]]) -> Callable[[str], list[int]]:
    """`encode` that knows the words it met."""
    known = lru_cache(_CACHED)(encode)
    return lambda word: known(word) if len(word) <= _LONGEST else encode(word)
