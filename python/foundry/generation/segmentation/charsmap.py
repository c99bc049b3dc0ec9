"""SentencePiece's normalisation (`tokenizer.ggml.precompiled_charsmap`): texts for texts.

The map is a length of 4 bytes, a double array of that many bytes (Kanda 2018: a unit has BASE in
bits 10 to 30, shifted by 8 where bit 9 is set, the label in bits 0 to 7 with bit 31, a leaf's mark
in bit 8) and the replacements, each ending in a zero. The longest text that is there is replaced.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from foundry.errors import TokenizerError

_KEY = "tokenizer.ggml.precompiled_charsmap"
_LABEL = 0x800000FF
_REMEMBERED = 1 << 16  # words


class Charsmap:
    """`TokenizerError` for a map whose parts do not fit, where a text meets it at the latest."""

    def __init__(self, data: bytes, kept: Iterable[str]) -> None:
        """No text that begins one of `kept` is replaced."""
        self._units: list[int] = []
        self._texts = b""
        if data:
            size = struct.unpack_from("<I", data)[0] if len(data) >= 4 else 0
            if size % 4 or not 0 < size < len(data) - 4:
                raise TokenizerError(
                    f"{_KEY} has {len(data)} bytes; expected a length, an array of that many bytes "
                    f"({size} here) and texts"
                )
            self._units = np.frombuffer(data, "<u4", size // 4, 4).tolist()
            self._texts = data[4 + size :]
        self._root = self._base(0) if self._units else 0
        self._kept = frozenset(text[:end] for text in kept for end in range(1, len(text) + 1))
        self._steps: dict[tuple[int, str], tuple[int, str | None] | None] = {}
        self._replaced = lru_cache(_REMEMBERED)(self._replace)
        # A space is never within what is replaced.
        self._by_word = not any(unit & _LABEL == 0x20 for unit in self._units) and not any(
            " " in text for text in self._kept
        )

    def replace(self, text: str) -> str:
        if not self._units:
            return text
        if not self._by_word:
            return self._replace(text)
        return " ".join(map(self._replaced, text.split(" ")))

    def _replace(self, text: str) -> str:
        found = []
        start = 0
        while start < len(text):
            end = start
            while end < len(text) and text[start : end + 1] in self._kept:
                end += 1
            if end > start:
                found.append(text[start:end])
                start = end
                continue
            end, replacement = self._longest(text, start)
            found.append(replacement)
            start = end
        return "".join(found)

    def _longest(self, text: str, start: int) -> tuple[int, str]:
        """Where the text that is replaced ends, and what it becomes."""
        best = start + 1, text[start]
        state = self._root
        for index in range(start, len(text)):
            key = state, text[index]
            if key not in self._steps:
                self._steps[key] = self._step(*key)
            step = self._steps[key]
            if step is None:
                break
            state = step[0]
            if step[1] is not None:
                best = index + 1, step[1]
        return best

    def _step(self, state: int, character: str) -> tuple[int, str | None] | None:
        """The state after a character and, if a text ends there, its replacement."""
        replacement = None
        for byte in character.encode():
            state ^= byte
            if byte == 0 or self._unit(state) & _LABEL != byte:
                return None
            leaf = self._unit(state) >> 8 & 1
            state ^= self._base(state)
            replacement = self._text(self._unit(state) & 0x7FFFFFFF) if leaf else None
        return state, replacement

    def _base(self, index: int) -> int:
        unit = self._unit(index)
        return unit >> 10 << (unit >> 6 & 8)

    def _unit(self, index: int) -> int:
        if index >= len(self._units):
            raise TokenizerError(
                f"{_KEY} names unit {index} of its array, which has {len(self._units)}"
            )
        return self._units[index]

    def _text(self, offset: int) -> str:
        end = self._texts.find(b"\0", offset)
        try:
            if end >= 0:
                return self._texts[offset:end].decode()
        except UnicodeDecodeError:
            pass
        raise TokenizerError(
            f"{_KEY} has no text of UTF-8 at byte {offset} of {len(self._texts)}, which its array "
            "names"
        )
