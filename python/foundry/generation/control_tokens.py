"""Where a prompt's text spells control tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from foundry.generation.templates.text import Spans


class ControlTokens:
    """Control tokens by their text: the first in a text counts, of several there the longest."""

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = {text: token for text, token in ids.items() if text}
        longest = sorted(self._ids, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest))) if longest else None

    def get(self, text: str) -> int | None:
        """The control token that is spelled so."""
        return self._ids.get(text)

    def within(self, text: str) -> str | None:
        """A control token's text that `text` holds."""
        found = self._pattern.search(text) if self._pattern is not None else None
        return None if found is None else found.group()

    def split(self, text: str, spans: Spans) -> Iterator[str | int]:
        """The tokens that lie within `spans`, and the texts between them."""
        position = 0
        for start, stop in spans:
            for found in self._pattern.finditer(text, start, stop) if self._pattern else ():
                if found.start() > position:
                    yield text[position : found.start()]
                yield self._ids[found.group()]
                position = found.end()
        if position < len(text):
            yield text[position:]
