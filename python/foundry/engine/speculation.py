"""Speculative decoding: tokens are guessed, and evaluated together.

A model's own draws decide at every one of them: a guess that is drawn is kept, and with the first
that is not the text goes on from what was drawn in its place. So it is the text of decoding one by
one, whatever the sampling: a step of a few tokens takes the kernels of one, and each token's logits
are what they are alone, bit for bit (`step.FEW`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from foundry.engine.step import FEW

MOST_DRAFTED = FEW - 1
"""Tokens of a draft at most: with the one before they are evaluated as a few."""
_FIRST = 3  # tokens of the first draft
_SHORTEST = 2  # of an n-gram that is looked up


class Drafts(Protocol):
    """Where guesses come from."""

    def draft(self, tokens: Sequence[int], most: int) -> list[int]:
        """What may follow `tokens`, which only ever grow: up to `most` tokens, or none."""


class Lookup:
    """What followed where the text's last tokens stood before, the longest n-gram first."""

    def __init__(self, longest: int) -> None:
        self._sizes = range(longest, min(_SHORTEST, longest) - 1, -1)
        self._ends: dict[tuple[int, ...], int] = {}
        """By n-gram, where it ended last; the text's own end is not there."""
        self._known = 0

    def draft(self, tokens: Sequence[int], most: int) -> list[int]:
        for end in range(self._known + 1, len(tokens)):
            for size in self._sizes:
                if size <= end:
                    self._ends[tuple(tokens[end - size : end])] = end
        self._known = max(len(tokens) - 1, 0)
        for size in self._sizes:
            start = self._ends.get(tuple(tokens[-size:]))
            if start is not None:
                text = list(tokens[start:])
                while len(text) < most:  # what repeats goes on doing so
                    text += text
                return text[:most]
        return []


class Speculation:
    """One generation's drafts: twice as long after one that was right, short after a wrong one."""

    def __init__(self, drafts: Drafts, most: int, least: int) -> None:
        self._drafts = drafts
        self._most = most
        self._least = least
        """A shorter draft is not evaluated."""
        self._length = min(_FIRST, most)
        self.drafted = 0
        self.accepted = 0

    def draft(self, tokens: Sequence[int], room: int) -> list[int]:
        most = min(max(self._length, self._least), room)
        found = self._drafts.draft(tokens, most) if most > 0 else []
        return found if len(found) >= self._least else []

    def learn(self, drafted: int, accepted: int) -> None:
        if drafted:
            self._length = min(self._most, 2 * accepted + 1)
        self.drafted += drafted
        self.accepted += accepted
