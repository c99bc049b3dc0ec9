"""Where a text spells special tokens: control tokens, and those that a model's users defined.

The rule is llama.cpp's (`tokenizer_st_partition` in src/llama-vocab.cpp): of all special tokens the
longest is looked for first, from left to right, then the next in what is left.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Set

from foundry.generation.templates.text import Spans

_BLANK = " \t\n\v\f\r"
_BLANKS = re.compile(f"[{_BLANK}]*")


class SpecialTokens:
    """Control tokens count where they are allowed, the others anywhere."""

    def __init__(
        self,
        control: Mapping[str, int],
        defined: Mapping[str, int],
        *,
        strips_left: Set[int] = frozenset(),
        strips_right: Set[int] = frozenset(),
    ) -> None:
        self._control = {text: token for text, token in control.items() if text}
        self._defined = {text: token for text, token in defined.items() if text}
        self._ids = self._control | self._defined
        self._strips_left, self._strips_right = strips_left, strips_right
        firsts = "".join(sorted({text[0] for text in self._ids}))
        self._first = re.compile(f"[{re.escape(firsts)}]") if firsts else None
        heads: dict[str, set[int]] = {}
        for text in self._ids:
            heads.setdefault(text[:2], set()).add(len(text))
        self._lengths = {head: sorted(lengths, reverse=True) for head, lengths in heads.items()}

    def get(self, text: str) -> int | None:
        """The control token that is spelled so."""
        return self._control.get(text)

    def within(self, text: str) -> str | None:
        """A control token's text that `text` holds."""
        spans = ((0, len(text)),)
        for start, end, token in self._occurrences(text, spans):
            if token in self._control.values():
                return text[start:end]
        return None

    def split(self, text: str, spans: Spans) -> Iterator[str | int]:
        """Special tokens, control tokens if they lie within `spans`, and the texts between them."""
        position = 0
        for start, end, token in self._occurrences(text, spans):
            if start > position:
                yield text[position:start]
            yield token
            position = end
        if position < len(text):
            yield text[position:]

    def _occurrences(self, text: str, spans: Spans) -> Iterator[tuple[int, int, int]]:
        for start, end in self._clusters(text):
            token = self._ids.get(text[start:end])
            if token is not None and self._allowed(text[start:end], start, end, spans):
                yield start, end, token
            else:
                yield from self._longest_first(text, start, end, spans)

    def _clusters(self, text: str) -> Iterator[tuple[int, int]]:
        """The parts of a text in which special tokens lie, with what they may strip: no special
        token reaches from one to another."""
        strips = bool(self._strips_left or self._strips_right)
        begin = stop = 0
        for found in self._first.finditer(text) if self._first else ():
            start = found.start()
            length = next(self._lengths_at(text, start), 0)
            if not length:
                continue
            end = start + length
            if end <= stop:
                continue
            if strips:
                while start > stop and text[start - 1] in _BLANK:
                    start -= 1
                end = _end_of_blanks(text, end, len(text))
            if start < stop + strips:
                stop = end
                continue
            if stop > begin:
                yield begin, stop
            begin, stop = start, end
        if stop > begin:
            yield begin, stop

    def _lengths_at(self, text: str, start: int) -> Iterator[int]:
        for length in self._lengths.get(text[start : start + 2], ()):
            if start + length <= len(text) and text[start : start + length] in self._ids:
                yield length
        if text[start] in self._ids and len(text[start : start + 2]) == 2:
            yield 1

    def _longest_first(
        self, text: str, begin: int, stop: int, spans: Spans
    ) -> list[tuple[int, int, int]]:
        spelled = {
            text[start : start + length]
            for start in range(begin, stop)
            for length in self._lengths_at(text, start)
        }
        found: list[tuple[int, int, int]] = []
        left = [(begin, stop)]
        for one in sorted(spelled, key=lambda one: (-len(one.encode()), self._ids[one])):
            token = self._ids[one]
            fragments, left = left, []
            for start, end in fragments:
                at = text.find(one, start, end)
                while at >= 0:
                    after = at + len(one)
                    if not self._allowed(one, at, after, spans):
                        at = text.find(one, at + 1, end)
                        continue
                    before = at
                    if token in self._strips_left:
                        while before > start and text[before - 1] in _BLANK:
                            before -= 1
                    if token in self._strips_right:
                        after = _end_of_blanks(text, after, end)
                    found.append((before, after, token))
                    if before > start:
                        left.append((start, before))
                    start = after
                    at = text.find(one, start, end)
                if end > start:
                    left.append((start, end))
        return sorted(found)

    def _allowed(self, spelled: str, start: int, end: int, spans: Spans) -> bool:
        if spelled in self._defined:
            return True
        index = bisect_right(spans, start, key=lambda span: span[0]) - 1
        return index >= 0 and spans[index][0] <= start and end <= spans[index][1]


def _end_of_blanks(text: str, start: int, stop: int) -> int:
    found = _BLANKS.match(text, start, stop)
    return found.end() if found else start
