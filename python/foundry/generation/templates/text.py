"""Text that knows which of its characters are the template's own.

Only a template's own characters may spell a control token; what came from messages, tools or
documents is content, whatever it says. A plain `str` is content, so that whatever an operation
does not follow ends on the safe side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Spans = tuple[tuple[int, int], ...]
"""Half-open ranges of characters: sorted, disjoint, none empty."""


class TemplateText(str):
    """A text with the spans of it that a template wrote."""

    __slots__ = ("own",)
    own: Spans

    def __new__(cls, value: str, own: Spans | None = None) -> TemplateText:
        self = super().__new__(cls, value)
        self.own = (((0, len(value)),) if value else ()) if own is None else own
        return self


class Markup(TemplateText):
    """What `safe` and `escape` make: a text that is added to it is escaped."""

    __slots__ = ()


def own_spans(text: str) -> Spans:
    """The spans that the template wrote; a plain text has none."""
    return text.own if isinstance(text, TemplateText) else ()


def concatenate(parts: Sequence[str]) -> str:
    """The texts one after another."""
    spans: list[tuple[int, int]] = []
    offset = 0
    for part in parts:
        for start, stop in own_spans(part):
            if spans and spans[-1][1] == offset + start:
                spans[-1] = (spans[-1][0], offset + stop)
            else:
                spans.append((offset + start, offset + stop))
        offset += len(part)
    joined = "".join(parts)
    return TemplateText(joined, tuple(spans)) if spans else joined


def part(text: str, start: int, stop: int) -> str:
    """`text[start:stop]` for 0 <= start <= stop <= len(text)."""
    spans = tuple(
        (max(first, start) - start, min(last, stop) - start)
        for first, last in own_spans(text)
        if first < stop and last > start and start < stop
    )
    piece = str.__getitem__(text, slice(start, stop))
    return TemplateText(piece, spans) if spans else piece


def recased(text: str, changed: str) -> str:
    """`changed`, made of `text` character for character; content where their lengths differ."""
    spans = own_spans(text)
    if spans == ((0, len(text)),):
        return TemplateText(changed)
    return TemplateText(changed, spans) if spans and len(changed) == len(text) else changed


def stripped(text: str, characters: str | None, *, left: bool = True, right: bool = True) -> str:
    """`text` without `characters` (None: white space) at its ends."""
    start = len(text) - len(text.lstrip(characters)) if left else 0
    stop = len(text.rstrip(characters)) if right else len(text)
    return part(text, start, max(start, stop))


def positions(text: str, pattern: str, count: int = -1) -> Iterable[int]:
    """Where `pattern` begins in `text`, without overlaps; `count` times at most unless negative."""
    found = text.find(pattern)
    while found >= 0 and count != 0:
        yield found
        count -= 1
        found = text.find(pattern, found + len(pattern))
