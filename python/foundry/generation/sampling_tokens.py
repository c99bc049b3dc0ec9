"""Sampling parameters that name tokens, for a vocabulary."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from weakref import WeakKeyDictionary

from foundry.errors import ArgumentError
from foundry.generation.arguments import checked_tokens, shown
from foundry.generation.sampling import SamplingParameters
from foundry.generation.tokenizer import Tokenizer


def for_vocabulary(
    sampling: SamplingParameters, tokenizer: Tokenizer, context_length: int
) -> SamplingParameters:
    """The same with DRY's breakers as ids, what the vocabulary suppresses banned, and windows of
    the context's length at most.

    `ArgumentError` for a token that the vocabulary has not, for a breaker that is within no token,
    and where all tokens are banned.
    """
    size = len(tokenizer)
    banned = {*sampling.banned_tokens, *tokenizer.suppressed_ids}
    bans = {*banned, *(t for t, v in sampling.logit_bias.items() if v == -math.inf)}
    checked_tokens(list(sampling.logit_bias), size, "sampling: logit_bias")
    checked_tokens(sampling.banned_tokens, size, "sampling: banned_tokens")
    if len(bans) == size:
        raise ArgumentError(f"sampling: all {size} tokens are banned")
    breakers = _breaker_ids(sampling.dry_sequence_breakers, tokenizer) if sampling.repels else ()
    return replace(
        sampling,
        banned_tokens=sorted(banned),
        dry_sequence_breakers=tuple(breakers),
        penalty_window=min(sampling.penalty_window, context_length),
        dry_penalty_last_n=min(sampling.dry_penalty_last_n, context_length),
    )


def _breaker_ids(breakers: Iterable[str | int], tokenizer: Tokenizer) -> list[int]:
    ids: set[int] = set()
    for breaker in breakers:
        if isinstance(breaker, str):
            found = [i for i, text in enumerate(_texts(tokenizer)) if breaker.encode() in text]
            if not found:
                raise ArgumentError(
                    f"sampling: unsupported dry_sequence_breakers {shown(breaker)}, which is "
                    "within no token of the vocabulary; supported: ids, texts within one token"
                )
            ids.update(found)
        else:
            ids.update(checked_tokens([breaker], len(tokenizer), "sampling: dry_sequence_breakers"))
    return sorted(ids)


_known: WeakKeyDictionary[Tokenizer, list[bytes]] = WeakKeyDictionary()


def _texts(tokenizer: Tokenizer) -> list[bytes]:
    """Every token's text."""
    if tokenizer not in _known:
        _known[tokenizer] = [tokenizer.bytes_of(token) for token in range(len(tokenizer))]
    return _known[tokenizer]
