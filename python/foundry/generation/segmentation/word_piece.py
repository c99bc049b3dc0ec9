"""WordPiece (`tokenizer.ggml.model` "bert").

A text becomes words as llama.cpp's src/llama-vocab.cpp cuts them: without accents and capitals
where the model asks for that, punctuation and Chinese characters apart. A word, with U+2581 before
it, is the longest tokens from left to right, or unknown as a whole.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from foundry.errors import TokenizerError
from foundry.generation.segmentation.characters import member_of, ranges
from foundry.generation.segmentation.words import remembered
from foundry.generation.vocabulary import SPACE, Vocabulary

_is_space = member_of(r"\s")
_is_dropped = member_of(r"[\0\x{FFFD}\p{Cc}\p{Cf}\p{Co}]")
_is_mark = member_of(r"\p{M}")
_is_alone = member_of(
    r"[\p{P}[\p{S}&&[\0-~]]"
    + ranges(
        "4E00-9FFF 3400-4DBF 20000-2A6DF 2A700-2B73F 2B740-2B81F 2B920-2CEAF F900-FAFF 2F800-2FA1F"
    )
    + "]"
)


def word_piece(vocabulary: Vocabulary) -> Callable[[str], list[int]]:
    """The ids of a text. `TokenizerError` without an unknown token."""
    if vocabulary.unknown_id is None:
        raise TokenizerError("tokenizer.ggml.unknown_token_id is missing; WordPiece needs it")
    unknown = [vocabulary.unknown_id]
    ids = {text: token for text, token in vocabulary.ids.items() if token not in vocabulary.special}
    lengths = sorted(set(map(len, ids)), reverse=True)
    spelled = _Characters(vocabulary.lowercase, vocabulary.strips_accents)

    @remembered
    def encode_word(word: str) -> list[int]:
        text = SPACE + word
        found: list[int] = []
        start = 0
        while start < len(text):
            for length in lengths:
                token = ids.get(text[start : start + length])
                if token is not None and start + length <= len(text):
                    found.append(token)
                    start += length
                    break
            else:
                return unknown
        return found

    def encode(text: str) -> list[int]:
        words = text.translate(spelled).split(" ")
        return [token for word in words if word for token in encode_word(word)]

    return encode


class _Characters(dict[int, str]):
    """What a character becomes in the text that is cut at spaces; filled as characters are met."""

    def __init__(self, lowercase: bool, strips_accents: bool) -> None:
        super().__init__()
        self._lowercase = lowercase
        self._strips_accents = strips_accents

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if self._strips_accents:
            character = unicodedata.normalize("NFD", character)[0]
        if _is_space(character):
            spelled = " "
        elif _is_dropped(character) or (self._strips_accents and _is_mark(character)):
            spelled = ""
        else:
            spelled = character.lower()[0] if self._lowercase else character
            if _is_alone(character):
                spelled = f" {spelled} "
        self[code] = spelled
        return spelled
