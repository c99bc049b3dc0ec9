"""The tokenizer models of GGUF files, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from foundry.generation.segmentation.byte_pair import byte_pair
from foundry.generation.segmentation.sentence_piece import sentence_piece
from foundry.generation.segmentation.unigram import unigram
from foundry.generation.segmentation.word_piece import word_piece
from foundry.generation.vocabulary import Vocabulary

Segmenter = Callable[[str, bool], list[int]]
"""The ids of a text without special tokens, and whether it is at the start or after one."""


def _anywhere(
    build: Callable[[Vocabulary], Callable[[str], list[int]]],
) -> Callable[[Vocabulary], Segmenter]:
    """Of a model to which it is all the same where a text stands."""

    def built(vocabulary: Vocabulary) -> Segmenter:
        encode = build(vocabulary)
        return lambda text, _: encode(text)

    return built


_MODELS: Mapping[str, Callable[[Vocabulary], Segmenter]] = {
    "bert": _anywhere(word_piece),
    "gemma4": _anywhere(byte_pair),
    "gpt2": _anywhere(byte_pair),
    "llama": sentence_piece,
    "t5": _anywhere(unigram),
}


def segmenter(vocabulary: Vocabulary) -> Segmenter:
    return _MODELS[vocabulary.model](vocabulary)
