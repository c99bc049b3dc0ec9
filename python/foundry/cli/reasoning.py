"""Reasoning in a streamed answer: what lies between the tags that models put around it."""

from __future__ import annotations

from collections.abc import Iterator

TAGS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
}
"""What opens reasoning, and what closes it."""


class ReasoningParts:
    """Cuts pieces into reasoning, its tags included, and the rest.

    `prompt` is what the answer follows: a template may have opened reasoning there.
    """

    def __init__(self, prompt: str = "") -> None:
        self._close = TAGS.get(next((tag for tag in TAGS if prompt.rstrip().endswith(tag)), ""))
        self._held = ""
        """The start of what may become a tag."""

    def push(self, piece: str) -> Iterator[tuple[str, bool]]:
        """The texts that are complete with `piece`, and whether each is reasoning."""
        text = self._held + piece
        while found := self._next_tag(text):
            at, tag = found
            inside = self._close is not None
            end = at + len(tag) if inside else at
            if end:
                yield text[:end], inside
            if inside:
                text, self._close = text[end:], None
            else:
                self._close = TAGS[tag]
                yield tag, True
                text = text[at + len(tag) :]
        tags = TAGS if self._close is None else [self._close]
        keep = max(_open_end(text, tag) for tag in tags)
        self._held = text[len(text) - keep :]
        if shown := text[: len(text) - keep]:
            yield shown, self._close is not None

    def finish(self) -> Iterator[tuple[str, bool]]:
        """What was held back."""
        if self._held:
            yield self._held, self._close is not None
        self._held = ""

    def _next_tag(self, text: str) -> tuple[int, str] | None:
        """Where the first tag is that means something here, and which."""
        tags = TAGS if self._close is None else [self._close]
        return min(((text.index(tag), tag) for tag in tags if tag in text), default=None)


def _open_end(text: str, tag: str) -> int:
    """How many of the last characters of `text` begin `tag`."""
    sizes = range(min(len(text), len(tag) - 1), 0, -1)
    return next((size for size in sizes if text.endswith(tag[:size])), 0)
