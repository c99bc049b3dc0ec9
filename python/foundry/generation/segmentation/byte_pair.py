"""Byte pair encoding (`tokenizer.ggml.model` "gpt2", "gemma4"), by the `tokenizers` package."""

from __future__ import annotations

import re
from collections.abc import Callable

import tokenizers
from tokenizers import models

from foundry.errors import TokenizerError
from foundry.generation.segmentation.byte_alphabet import BYTES
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS
from foundry.generation.vocabulary import SPACE, Vocabulary

_UNKNOWN = "\0\0"
"""In the place of a character that is no token: its neighbours are none of each other."""
_LINES = re.compile(r"\n+|[^\n]+")


def byte_pair(vocabulary: Vocabulary) -> Callable[[str], list[int]]:
    """The ids of a text. `TokenizerError` for merges that do not fit the tokens."""
    rule = PRE_TOKENIZERS[vocabulary.pre_tokenizer]
    ids = {text: token for text, token in vocabulary.ids.items() if token not in vocabulary.special}
    spelled = BYTES if rule.bytewise else [f"<0x{byte:02X}>" for byte in range(256)]
    says_all = all(text in ids for text in spelled)
    unknown = len(vocabulary.tokens)
    special = {vocabulary.tokens[token] for token in vocabulary.special}
    merges = vocabulary.merges
    if not all(special.isdisjoint((left, right, left + right)) for left, right in merges):
        # No text makes a control token.
        merges = [
            (left, right)
            for left, right in merges
            if special.isdisjoint((left, right, left + right))
        ]
    try:
        backend = tokenizers.Tokenizer(
            models.BPE(
                vocab={**ids, _UNKNOWN: unknown},
                merges=merges,
                unk_token=_UNKNOWN,
                ignore_merges=rule.whole_words,
                byte_fallback=not rule.bytewise,
            )
        )
        backend.pre_tokenizer = rule.split()
    except BaseException as error:
        # The package raises bare Exceptions, and panics that are none.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise TokenizerError(f"tokenizer.ggml.merges do not fit the vocabulary: {error}") from error

    def encode(text: str) -> list[int]:
        found: list[int] = backend.encode(text, add_special_tokens=False).ids
        return found if says_all else [token for token in found if token != unknown]

    def encode_spelled(text: str) -> list[int]:
        return encode(text.replace(" ", SPACE))

    def encode_lines(text: str) -> list[int]:
        found: list[int] = []
        for line in _LINES.findall(text):
            token = ids.get(line) if line[0] == "\n" else None
            found += encode_spelled(line) if token is None else [token]
        return found

    if rule.whole_newlines:
        return encode_lines
    return encode if rule.bytewise else encode_spelled
