"""Decides every key of a file by the table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache

from foundry.errors import UnsupportedModelError
from foundry.metadata.keys import KEYS, Key, Treatment
from foundry.metadata.reading import distinct, shown, warn

_LISTED = 8  # unknown keys in a message


def check_keys(
    values: Mapping[str, object], architecture: str, honoured: Collection[str] = ()
) -> None:
    """Decides every key as `keys.KEYS` says, but for those that the architecture has `honoured`,
    under its prefix or under none. `UnsupportedModelError` for the first value that would have to
    be honoured, a `ModelWarning` for what is passed over."""
    own = {f"{architecture}.{name}" for name in honoured} | set(honoured)
    exact = {row.name.replace("{arch}", architecture): row for row in KEYS}
    unknown = []
    for name in values:
        if name in own:
            continue
        row = exact.get(name) or _pattern_of(name, architecture)
        if row is None:
            if name.startswith((f"{architecture}.", "tokenizer.")):
                unknown.append(name)
        elif row.treatment in (Treatment.REFUSED, Treatment.WARNED):
            value = values[name]
            if _is_neutral(value, row.neutral):
                continue
            if row.treatment is Treatment.WARNED:
                warn(f"{name} is {shown(value)}, which is not honoured: {row.note}")
            else:
                accepted = ", ".join(repr(neutral) for neutral in row.neutral) or "no such key"
                raise UnsupportedModelError(
                    f"unsupported {name} {shown(value)}; supported: {accepted} ({row.note})"
                )
    if unknown:
        more = f" and {len(unknown) - _LISTED} more" if len(unknown) > _LISTED else ""
        warn(f"unknown metadata, not honoured: {', '.join(map(shown, unknown[:_LISTED]))}{more}")


def _is_neutral(value: object, neutral: tuple[object, ...]) -> bool:
    items = distinct(value)
    if items is not None:
        return all(_is_neutral(item, neutral) for item in items)
    return any(value == accepted for accepted in neutral)


def _pattern_of(name: str, architecture: str) -> Key | None:
    """The row whose name has parts of any text, if it is one of those."""
    patterns = _patterns(architecture)
    return next((row for pattern, row in patterns if pattern.fullmatch(name)), None)


@cache
def _patterns(architecture: str) -> list[tuple[re.Pattern[str], Key]]:
    rows = [(row.name.replace("{arch}", architecture), row) for row in KEYS]
    return [
        (re.compile("[^.]+".join(map(re.escape, re.split(r"\{\w+\}", name)))), row)
        for name, row in rows
        if "{" in name
    ]
