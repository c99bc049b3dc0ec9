"""What one rendering may cost: counted before anything is done."""

from __future__ import annotations

import time

from foundry.errors import ChatTemplateError

MAX_STEPS = 4_000_000
"""Evaluated nodes, list elements, and each 64 characters of a text, of one rendering."""
MAX_SECONDS = 5.0
MAX_TEXT = 8 * 1024 * 1024
"""Characters of one text; contexts hold far less."""
MAX_BYTES = 256 * 1024 * 1024
"""Of everything that a rendering makes, what it has dropped again included."""
MAX_DEPTH = 256
"""Nodes inside one another while they are evaluated, called macros included."""
MAX_NESTING = 64
"""Lists and dicts inside one another, in what is given or printed."""

_ELEMENT_BYTES = 128  # a list's slot and a small object, or an entry of a dict
_TEXT_BYTES = 256  # a str, its class, and one span of own text
_CHARACTER_BYTES = 4  # the widest that CPython keeps
_STEPS_BETWEEN_LOOKS = 512  # at the clock


class Budget:
    """Counts down; `ChatTemplateError` where it would be overdrawn."""

    def __init__(self) -> None:
        self._steps = MAX_STEPS
        self._bytes = MAX_BYTES
        self._next_look = MAX_STEPS - _STEPS_BETWEEN_LOOKS
        self._deadline = time.monotonic() + MAX_SECONDS

    def step(self, count: int = 1) -> None:
        """Pays for `count` evaluated nodes, or what takes as long."""
        self._steps -= count
        if self._steps < self._next_look:
            if self._steps < 0:
                raise ChatTemplateError(f"chat template ran more than {MAX_STEPS} steps")
            if time.monotonic() > self._deadline:
                raise ChatTemplateError(f"chat template ran longer than {MAX_SECONDS:g} s")
            self._next_look = self._steps - _STEPS_BETWEEN_LOOKS

    def allocate(self, size: int) -> None:
        """Pays for memory, in bytes."""
        self._bytes -= size
        if self._bytes < 0:
            raise ChatTemplateError(f"chat template takes more than {MAX_BYTES >> 20} MiB")

    def read(self, length: int) -> None:
        """Pays for looking through a text."""
        self.step(1 + (length >> 6))

    def text(self, length: int, spans: int = 1) -> None:
        """Pays for a new text of `length` characters and `spans` spans of own text."""
        if length > MAX_TEXT:
            raise ChatTemplateError(
                f"chat template makes {length} characters, the limit is {MAX_TEXT}"
            )
        self.step(1 + (length >> 6) + spans)
        self.allocate(_TEXT_BYTES * (1 + spans) + _CHARACTER_BYTES * length)

    def elements(self, count: int) -> None:
        """Pays for a list or dict of `count` elements."""
        self.step(1 + count)
        self.allocate(_ELEMENT_BYTES * (1 + count))
