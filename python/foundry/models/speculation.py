"""What a generation's drafts are made from: a text's own n-grams, or a smaller model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foundry.engine.draft_model import DraftModel
from foundry.engine.speculation import MOST_DRAFTED, Drafts, Lookup, Speculation
from foundry.errors import ArgumentError, ArgumentTypeError, UnsupportedModelError
from foundry.generation.arguments import checked_integer, shown

if TYPE_CHECKING:
    from foundry.models.language_model import LanguageModel


def speculation_of(
    model: LanguageModel,
    draft: LanguageModel | None,
    ngram: int | None,
    draft_tokens: int | None,
    draft_min: int,
) -> Speculation | None:
    """None where nothing is guessed. `ArgumentError` for a draft model with another vocabulary,
    naming the first token that differs, `UnsupportedModelError` for a model that cannot go back."""
    most = MOST_DRAFTED
    if draft_tokens is not None:
        most = checked_integer(draft_tokens, "generate: draft_tokens")
    least = checked_integer(draft_min, "generate: draft_min")
    if draft is None and ngram is None:
        if draft_tokens is not None or least:
            raise ArgumentError("generate: draft_tokens and draft_min go with draft or ngram")
        return None
    if draft is not None and ngram is not None:
        raise ArgumentError("generate: draft and ngram are given; drafts come from one")
    if not 1 <= most <= MOST_DRAFTED:
        raise ArgumentError(f"generate: draft_tokens is {most}, it lies in [1, {MOST_DRAFTED}]")
    if not 0 <= least <= most:
        raise ArgumentError(f"generate: draft_min is {least}, it lies in [0, {most}]")
    if model.engine.cache.recurrent.size:
        raise UnsupportedModelError(
            f"generate: unsupported {'ngram' if draft is None else 'draft'} for a model of "
            f"{model.config.architecture.name}, whose recurrent layers do not go back; supported: "
            "models whose layers all attend"
        )
    return Speculation(_drafts(model, draft, ngram), most, least)


def _drafts(model: LanguageModel, draft: LanguageModel | None, ngram: int | None) -> Drafts:
    if draft is None:
        size = checked_integer(ngram, "generate: ngram")
        if size < 1:
            raise ArgumentError(f"generate: ngram is {size}, it must be positive")
        return Lookup(size)
    if not isinstance(draft, type(model)):
        raise ArgumentTypeError(f"generate: draft is {shown(draft)}; expected a LanguageModel")
    if draft is model:
        raise ArgumentError("generate: draft is the model itself; expected a smaller one")
    _check_vocabularies(model, draft)
    return DraftModel(draft.engine)


def _check_vocabularies(model: LanguageModel, draft: LanguageModel) -> None:
    own, other = model.tokenizer, draft.tokenizer
    if own is other:
        return
    if len(own) != len(other):
        raise ArgumentError(
            f"generate: draft has {len(other)} tokens, the model {len(own)}; expected one "
            "vocabulary"
        )
    for token in range(len(own)):
        if own.bytes_of(token) != other.bytes_of(token):
            raise ArgumentError(
                f"generate: draft has another vocabulary: token {token} is "
                f"{shown(other.bytes_of(token))}, the model's {shown(own.bytes_of(token))}"
            )
