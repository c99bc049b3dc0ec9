"""Where a generation's text ends: at texts that a user names, or at tokens."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

import numpy as np

from foundry.errors import ArgumentError, ArgumentTypeError
from foundry.generation.arguments import checked_text, checked_tokens, shown

if TYPE_CHECKING:
    from foundry.generation.tokenizer import Tokenizer

Stop = str | int
"""A text, or the id of a token; a control token may be named by its text."""


class StopText:
    """Passes text through until one of `stops` is complete; what is shown never contains a stop,
    unless `include` shows the one that ended the text. The first that is complete counts, and of
    those that end at the same character the longest, however the text comes in pieces.
    """

    def __init__(self, stops: str | Sequence[str] = (), *, include: bool = False) -> None:
        self._stops = (stops,) if isinstance(stops, str) else tuple(stops)
        for stop in self._stops:
            if not isinstance(stop, str) or not stop:
                raise ArgumentError(f"stop: {shown(stop)} is not a text of at least one character")
        self._include = include
        self._held = ""
        self.matched: str | None = None
        """The stop string that ended the text."""

    def push(self, text: str) -> str:
        """The part of the text that can be shown."""
        if self.matched is not None:
            return ""
        self._held += text
        starts = ((self._held.find(stop), stop) for stop in self._stops)
        found = [(start + len(stop), start, stop) for start, stop in starts if start >= 0]
        if found:
            end, start, self.matched = min(found)
            shown, self._held = self._held[: end if self._include else start], ""
            return shown
        cut = len(self._held) - self._undecided()
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def finish(self) -> str:
        """What was held back, once no more text comes."""
        shown, self._held = self._held, ""
        return shown

    def _undecided(self) -> int:
        """Length of the longest end of the held text that begins a stop string."""
        longest = max(map(len, self._stops), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0


def resolve_stops(stop: object, tokenizer: Tokenizer) -> tuple[list[str], frozenset[int]]:
    """The texts and the tokens that `stop` names."""
    stops = [stop] if isinstance(stop, str | int | np.integer) else stop
    if isinstance(stops, bytes | bytearray) or not isinstance(stops, Sequence | Set | np.ndarray):
        raise ArgumentTypeError(
            f"stop is {shown(stop)}; supported: texts, token ids, and lists of them"
        )
    texts: list[str] = []
    tokens: list[object] = []
    for one in stops:
        if not isinstance(one, str):
            tokens.append(one)
            continue
        text = checked_text(one, "stop")
        token = tokenizer.control.get(text)
        inner = tokenizer.control.within(text)
        if token is not None:
            tokens.append(token)
        elif inner is not None:
            raise ArgumentError(
                f"stop: {shown(text)} holds the control token {inner!r}, which no text holds; name "
                "the token alone"
            )
        else:
            texts.append(text)
    return texts, frozenset(checked_tokens(tokens, len(tokenizer), "stop"))
