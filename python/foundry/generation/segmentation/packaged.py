"""A text cut by the `tokenizers` package as a `tokenizer.json` says, without its special tokens."""

from __future__ import annotations

from collections.abc import Callable

import tokenizers


def packaged(description: str) -> Callable[[str, bool], list[int]]:
    """The ids of a text, wherever it stands."""
    whole = tokenizers.Tokenizer.from_str(description)
    # The parts as they are: scores that are written and read again come out a little different.
    backend = tokenizers.Tokenizer(whole.model)
    if whole.normalizer is not None:
        backend.normalizer = whole.normalizer
    if whole.pre_tokenizer is not None:
        backend.pre_tokenizer = whole.pre_tokenizer
    return lambda text, _: list(backend.encode(text, add_special_tokens=False).ids)
