"""A text cut by the `tokenizers` package as a `tokenizer.json` says, without its special tokens."""

from __future__ import annotations

import json
from collections.abc import Callable

import tokenizers

_APART: dict[str, object] = {
    "added_tokens": [],
    "post_processor": None,
    "padding": None,
    "truncation": None,
}
"""What is not the segmentation's."""


def packaged(description: str) -> Callable[[str, bool], list[int]]:
    """The ids of a text, wherever it stands."""
    backend = tokenizers.Tokenizer.from_str(json.dumps(json.loads(description) | _APART))
    return lambda text, _: list(backend.encode(text, add_special_tokens=False).ids)
