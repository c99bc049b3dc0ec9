"""A tokenizer as tables for `cpp/foundry/generation/tokenizer.hpp`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from foundry.errors import UnsupportedModelError
from foundry.export.character_codes import codes_of
from foundry.export.pattern_program import Instruction, PatternCompiler
from foundry.export.tables import Table, joined
from foundry.generation.segmentation.byte_alphabet import BYTES
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS
from foundry.generation.segmentation.sentence_piece import byte_tokens
from foundry.generation.tokenizer import Tokenizer
from foundry.generation.vocabulary import Vocabulary

NO_TOKEN = -1
# Bits of a token, as tokenizer.cpp has them.
_SPECIAL, _DEFINED, _STRIPS_LEFT, _STRIPS_RIGHT, _END, _SUPPRESSED = (1 << bit for bit in range(6))


def tokenizer_tables(tokenizer: Tokenizer) -> dict[str, Table]:
    """Raises `UnsupportedModelError` for a tokenizer model that no model generates text with."""
    vocabulary = tokenizer.rules
    if vocabulary.model not in _SEGMENTERS:
        known = ", ".join(f"'{name}'" for name in _SEGMENTERS)
        raise UnsupportedModelError(
            f"export: unsupported tokenizer model '{vocabulary.model}'; supported: {known}"
        )
    return {
        "tokenizer.model": vocabulary.model,
        "tokenizer.flags": _flags(vocabulary),
        **joined([tokenizer.bytes_of(token) for token in range(len(tokenizer))], "tokenizer.texts"),
        "tokenizer.first": _ids([tokenizer.bos_id] if tokenizer.adds_bos else []),
        "tokenizer.last": _ids(tokenizer.ends),
        "tokenizer.space_prefix": vocabulary.space_prefix,
        **_SEGMENTERS[vocabulary.model](vocabulary),
    }


def _flags(vocabulary: Vocabulary) -> NDArray[np.uint8]:
    flags = np.zeros(len(vocabulary.tokens), np.uint8)
    for bit, tokens in (
        (_SPECIAL, vocabulary.special),
        (_DEFINED, vocabulary.defined),
        (_STRIPS_LEFT, vocabulary.strips_left),
        (_STRIPS_RIGHT, vocabulary.strips_right),
        (_END, vocabulary.end_ids),
        (_SUPPRESSED, vocabulary.suppressed),
    ):
        flags[sorted(tokens)] |= bit
    return flags


def _ids(tokens: Sequence[int | None]) -> NDArray[np.int32]:
    return np.array([NO_TOKEN if token is None else token for token in tokens], np.int32)


def _sentence_piece(vocabulary: Vocabulary) -> dict[str, Table]:
    return {
        **joined(_spelled(vocabulary, str.encode), "pieces.spelled"),
        "pieces.scores": vocabulary.scores,
        "pieces.bytes": _ids(byte_tokens(vocabulary)),
    }


def _byte_pair(vocabulary: Vocabulary) -> dict[str, Table]:
    rule = PRE_TOKENIZERS[vocabulary.pre_tokenizer]
    ids = {text: token for text, token in vocabulary.ids.items() if token not in vocabulary.special}
    merges = [
        (ids[left], ids[right], ids[left + right])
        for left, right in vocabulary.merges
        if left in ids and right in ids and left + right in ids
    ]
    spell: Callable[[str], bytes] = str.encode
    single = [f"<0x{byte:02X}>" for byte in range(256)]
    if rule.bytewise:
        spell, single = _bytes_spelled, sorted(BYTES, key=BYTES.__getitem__)
    return {
        **joined(_spelled(vocabulary, spell), "pieces.spelled"),
        "pieces.bytes": _ids([ids.get(text) for text in single]),
        "pieces.merges": np.array(merges, np.int32).reshape(-1),
        "pieces.bytewise": rule.bytewise,
        "pieces.whole_words": rule.whole_words,
        "pieces.whole_newlines": rule.whole_newlines,
        **pattern_tables(rule.patterns),
    }


def pattern_tables(patterns: tuple[str, ...]) -> dict[str, Table]:
    """What cuts a text into words."""
    classes: dict[str, int] = {}
    programs: list[list[Instruction]] = [
        PatternCompiler(text, lambda text: classes.setdefault(text, len(classes))).compile()
        for text in patterns
    ]
    starts, codes, has = codes_of(list(classes))
    return {
        "words.starts": starts,
        "words.codes": codes,
        "words.classes": np.ascontiguousarray(has).reshape(-1),
        "words.class_count": len(classes),
        "words.code": np.array([one for code in programs for one in code], np.uint32).reshape(-1),
        "words.ends": np.cumsum([len(code) for code in programs], dtype=np.uint32),
    }


def _spelled(vocabulary: Vocabulary, spell: Callable[[str], bytes]) -> list[bytes]:
    """As a text spells each token; nothing where no text is cut to it."""
    return [
        b"" if token in vocabulary.special else spell(text)
        for token, text in enumerate(vocabulary.tokens)
    ]


def _bytes_spelled(text: str) -> bytes:
    try:
        return bytes(BYTES[character] for character in text)
    except KeyError:
        return b""


_SEGMENTERS: Mapping[str, Callable[[Vocabulary], dict[str, Table]]] = {
    "gemma4": _byte_pair,
    "gpt2": _byte_pair,
    "llama": _sentence_piece,
}
