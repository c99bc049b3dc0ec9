"""The parts of a vocabulary as GGUF metadata has them, each checked."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from foundry.errors import TokenizerError, UnsupportedModelError
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS
from foundry.generation.token_kinds import BYTE
from foundry.metadata import Metadata, shown, warn

PREFIX = "tokenizer.ggml"
_MOST_TYPE = 6
_BYTE = re.compile("<0x[0-9A-Fa-f]{2}>")


class NamedIds:
    """Ids of tokens by the names of their keys."""

    def __init__(self, metadata: Metadata, count: int) -> None:
        self._metadata = metadata
        self._count = count

    def needed(self, name: str, default: int | None = None) -> int | None:
        """`TokenizerError` for an id that is no token."""
        if f"{name}_token_id" not in self._metadata:
            return self._there(default)
        value = self._metadata.integer(f"{name}_token_id", least=0)
        if value >= self._count:
            raise TokenizerError(
                f"{PREFIX}.{name}_token_id is {value}, the vocabulary has {self._count} tokens"
            )
        return value

    def optional(self, name: str, default: int | None = None) -> int | None:
        """A warning and the default for an id that is no token."""
        try:
            return self.needed(name, default)
        except TokenizerError as error:
            warn(str(error))
            return self._there(default)

    def _there(self, default: int | None) -> int | None:
        return default if default is not None and default < self._count else None

    def of_texts(self) -> dict[str, int | None]:
        """Ids that may also be found by the tokens' texts."""
        old_names = {"fim_pre": "prefix", "fim_suf": "suffix", "fim_mid": "middle"}
        for unused in ("padding", "mask"):
            self.optional(unused)
        return {
            **{name: self.needed(name) for name in ("eot", "eom")},
            **{
                name: self.optional(
                    name, self.optional(old_names[name]) if name in old_names else None
                )
                for name in (f"fim_{part}" for part in ("pre", "suf", "mid", "pad", "rep", "sep"))
            },
        }


def pre_tokenizer_of(metadata: Metadata, model: str) -> str:
    if model == "gemma4":  # has one alone
        return "gemma4"
    name = metadata.text("pre", "")
    if not name:
        warn(
            f"{metadata.key('pre')} is missing: the pre-tokenizer is 'default', as llama.cpp's is, "
            f"and not the one that the model was trained with; convert the model anew"
        )
        return "default"
    if name not in PRE_TOKENIZERS:
        known = ", ".join(f"'{known}'" for known in sorted(PRE_TOKENIZERS))
        raise UnsupportedModelError(
            f"unsupported pre-tokenizer {shown(name)} ({metadata.key('pre')}); supported: {known}"
        )
    return name


def tokens_of(metadata: Metadata) -> list[str]:
    tokens = metadata.texts("tokens")
    if not tokens:
        raise TokenizerError(f"{metadata.key('tokens')} is empty")
    if "" in tokens:  # of no text; llama.cpp's name for them
        tokens = [token or f"[EMPTY_{index}]" for index, token in enumerate(tokens)]
    if len(set(tokens)) < len(tokens):
        first: dict[str, int] = {}
        index = next(i for i, token in enumerate(tokens) if first.setdefault(token, i) != i)
        raise TokenizerError(
            f"{metadata.key('tokens')} has {shown(tokens[index])} twice, at index "
            f"{first[tokens[index]]} and {index}"
        )
    return tokens


def types_of(metadata: Metadata, tokens: list[str]) -> NDArray[np.int64]:
    if "token_type" not in metadata:
        return np.ones(len(tokens), np.int64)
    types = metadata.integers("token_type")
    key = metadata.key("token_type")
    if len(types) != len(tokens):
        raise TokenizerError(f"{key} has {len(types)} entries for {len(tokens)} tokens")
    unknown = np.flatnonzero((types < 0) | (types > _MOST_TYPE))
    if len(unknown) > 0:
        index = int(unknown[0])
        raise TokenizerError(
            f"{key} at index {index} is {types[index]}; expected 0 to {_MOST_TYPE}"
        )
    for index in np.flatnonzero(types == BYTE).tolist():
        if not _BYTE.fullmatch(tokens[index]):
            raise TokenizerError(
                f"{key} at index {index} says that {shown(tokens[index])} is a byte; expected a "
                f"token such as '<0x0A>'"
            )
    return types


def scores_of(metadata: Metadata, count: int, needed: bool) -> NDArray[np.float32]:
    if not needed:
        return np.zeros(count, np.float32)
    scores = metadata.numbers("scores")
    if len(scores) != count:
        raise TokenizerError(
            f"{metadata.key('scores')} has {len(scores)} entries for {count} tokens"
        )
    if not np.isfinite(scores).all():
        index = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise TokenizerError(
            f"{metadata.key('scores')} at index {index} is {scores[index]}; expected a number"
        )
    return scores.astype(np.float32)


def suppressed_of(metadata: Metadata, count: int) -> frozenset[int]:
    """Ids beyond the vocabulary are passed over, as llama.cpp does."""
    if "suppress_tokens" not in metadata:
        return frozenset()
    ids = metadata.integers("suppress_tokens")
    return frozenset(ids[(ids >= 0) & (ids < count)].tolist())


def charsmap_of(metadata: Metadata) -> bytes:
    if "precompiled_charsmap" not in metadata:
        return b""
    values = metadata.integers("precompiled_charsmap")
    if values.size and not -128 <= values.min() <= values.max() < 256:
        raise TokenizerError(f"{metadata.key('precompiled_charsmap')}: expected bytes")
    return (values & 255).astype(np.uint8).tobytes()


def merges_of(metadata: Metadata, tokens: list[str], pre_tokenizer: str) -> list[tuple[str, str]]:
    if pre_tokenizer == "kimi-k2" and "merges" not in metadata:
        return []
    merges = metadata.texts("merges")
    # A token of n characters can be put together from two in n - 1 ways.
    most = sum(map(len, tokens)) - len(tokens)
    if len(merges) > most:
        raise TokenizerError(
            f"{metadata.key('merges')} has {len(merges)} entries, more than the {most} ways to put "
            f"{len(tokens)} tokens together"
        )
    # A part that is a token is its text, of which there is one object.
    own = {token: token for token in tokens}
    pairs = []
    for index, merge in enumerate(merges):
        at = merge.find(" ", 1)
        if not 0 < at < len(merge) - 1:
            raise TokenizerError(
                f"{metadata.key('merges')} at index {index} is {shown(merge)}; expected two "
                f"tokens with a space between them"
            )
        left, right = merge[:at], merge[at + 1 :]
        pairs.append((own.get(left, left), own.get(right, right)))
    return pairs
