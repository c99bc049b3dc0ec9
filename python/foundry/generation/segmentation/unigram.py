"""SentencePiece's unigram model (`tokenizer.ggml.model` "t5"): tokens of the best sum of scores.

The rules are those of llama.cpp's src/llama-vocab.cpp: a user-defined token costs nothing, a
character that is no token ten more than the worst, unknown ones in a row are one, and of equal sums
the first counts (Kudo 2018).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from foundry.errors import TokenizerError
from foundry.generation.segmentation.charsmap import Charsmap
from foundry.generation.segmentation.words import remembered, splitter
from foundry.generation.token_kinds import NORMAL, UNUSED, USER_DEFINED
from foundry.generation.vocabulary import SPACE, Vocabulary

_UNKNOWN_COSTS = np.float32(10)


def unigram(vocabulary: Vocabulary) -> Callable[[str], list[int]]:
    """The ids of a text. `TokenizerError` without an unknown or any normal token."""
    unknown = vocabulary.unknown_id
    if unknown is None:
        raise TokenizerError("tokenizer.ggml.unknown_token_id is missing; a unigram model needs it")
    normal = vocabulary.scores[vocabulary.types == NORMAL]
    if not len(normal):
        raise TokenizerError("tokenizer.ggml.token_type has no normal token (1)")
    unmatched = float(normal.min() - _UNKNOWN_COSTS), unknown
    free = vocabulary.types == USER_DEFINED
    scores = np.where(free, np.float32(0), vocabulary.scores).tolist()
    taken = np.flatnonzero(np.isin(vocabulary.types, (NORMAL, USER_DEFINED, UNUSED))).tolist()
    tokens = {vocabulary.tokens[token]: (scores[token], token) for token in taken}
    lengths = _lengths_by_head(tokens)
    cut = splitter(tokens)
    normalize = _normalizer(vocabulary)

    @remembered
    def encode_word(word: str) -> list[int]:
        count = len(word)
        best = [0.0] + [-math.inf] * count
        token_to = [unknown] * (count + 1)
        start_of = [0] * (count + 1)
        for start in range(count):
            so_far = best[start]
            for length in (1, *lengths.get(word[start : start + 2], ())):
                end = start + length
                if end > count:
                    break
                found = tokens.get(word[start:end], unmatched if length == 1 else None)
                if found is None:
                    continue
                if so_far + found[0] > best[end]:
                    best[end] = so_far + found[0]
                    token_to[end], start_of[end] = found[1], start
        ids = []
        end = count
        while end:
            ids.append(token_to[end])
            end = start_of[end]
        return ids[::-1]

    def encode(text: str) -> list[int]:
        ids: list[int] = []
        for word in cut(normalize(text)):
            for token in encode_word(word) if word else ():
                if token != unknown or ids[-1:] != [unknown]:
                    ids.append(token)
        return ids

    return encode


def _lengths_by_head(tokens: Iterable[str]) -> dict[str, list[int]]:
    """Of the tokens that begin with two characters, in ascending order."""
    found: dict[str, set[int]] = {}
    for text in tokens:
        if len(text) > 1:
            found.setdefault(text[:2], set()).add(len(text))
    return {head: sorted(lengths) for head, lengths in found.items()}


def _normalizer(vocabulary: Vocabulary) -> Callable[[str], str]:
    kept = [
        text
        for text, kind in zip(vocabulary.tokens, vocabulary.types, strict=True)
        if kind == USER_DEFINED
    ]
    replaced = Charsmap(vocabulary.charsmap, kept).replace

    def normalize(text: str) -> str:
        text = replaced(text)
        if vocabulary.merges_spaces:
            return "".join(SPACE + word for word in text.split(" ") if word)
        words = text.lstrip(" ")
        prefix = SPACE if vocabulary.space_prefix and words else ""
        return SPACE * (len(text) - len(words)) + prefix + words.replace(" ", SPACE)

    return normalize
