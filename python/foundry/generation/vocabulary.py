"""A byte-level BPE vocabulary, read from GGUF metadata and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers

from foundry.errors import TokenizerError, UnsupportedModelError
from foundry.metadata import Metadata, shown, warn

# Values of tokenizer.ggml.token_type (GGUF specification, "tokenizer.ggml.token_type").
_UNKNOWN, _CONTROL, _USER_DEFINED, _MOST_TYPE = 2, 3, 4, 6

_PREFIX = "tokenizer.ggml"

_UNUSED_IDS = (
    "unknown",
    "seperator",
    "padding",
    "mask",
    "cls",
    "prefix",
    "suffix",
    "middle",
    *(f"fim_{part}" for part in ("pre", "suf", "mid", "pad", "rep", "sep")),
)


def _smollm() -> pre_tokenizers.PreTokenizer:
    """Every digit by itself, then GPT-2's word pattern."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )


def _gpt2() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _default() -> pre_tokenizers.PreTokenizer:
    """llama.cpp's for files that name none: punctuation, GPT-2's words, numbers, three digits."""
    patterns = (
        r"[\p{P}\$\+<=>\^~\|]+",
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)",
        r"\p{N}+",
        r"[0-9][0-9][0-9]",
    )
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([*splits, byte_level])


_PRE_TOKENIZERS: Mapping[str, Callable[[], pre_tokenizers.PreTokenizer]] = {
    "default": _default,
    "gpt-2": _gpt2,
    "smollm": _smollm,
}


@dataclass(frozen=True)
class Vocabulary:
    """Tokens spelled in GPT-2's byte alphabet; ids are indices into them."""

    tokens: list[str]
    merges: list[tuple[str, str]]
    pre_tokenizer: str
    special: tuple[int, ...]
    """Control tokens, which are no text."""
    whole: tuple[int, ...]
    """Tokens that are found in a text before it is split."""
    bos_id: int | None
    eos_id: int | None
    end_ids: frozenset[int]
    """What the metadata names as the end of a turn."""
    adds_bos: bool

    @classmethod
    def from_metadata(cls, values: Mapping[str, object]) -> Vocabulary:
        """Raises `UnsupportedModelError` for another tokenizer model or pre-tokenizer,
        `TokenizerError` where the vocabulary does not fit together."""
        metadata = Metadata(values, _PREFIX, TokenizerError)
        model = metadata.text("model")
        if model != "gpt2":
            raise UnsupportedModelError(
                f"unsupported tokenizer model {shown(model)} ({_PREFIX}.model); "
                f"supported: 'gpt2' (byte-level BPE)"
            )
        pre_tokenizer = _pre_tokenizer_of(metadata)
        tokens = _tokens_of(metadata)
        types = _types_of(metadata, len(tokens))

        def token_id(name: str) -> int | None:
            if f"{name}_token_id" not in metadata:
                return None
            value = metadata.integer(f"{name}_token_id", least=0)
            if value >= len(tokens):
                raise TokenizerError(
                    f"{_PREFIX}.{name}_token_id is {value}, the vocabulary has {len(tokens)} tokens"
                )
            return value

        for name in _UNUSED_IDS:
            try:
                token_id(name)
            except TokenizerError as error:
                warn(str(error))
        bos_id, eos_id = token_id("bos"), token_id("eos")
        adds_bos = metadata.flag("add_bos_token", False)
        if adds_bos and bos_id is None:
            raise TokenizerError(f"{_PREFIX}.add_bos_token is set, bos_token_id is missing")
        ends = (eos_id, token_id("eot"), token_id("eom"))
        return cls(
            tokens=tokens,
            merges=_merges_of(metadata, tokens),
            pre_tokenizer=pre_tokenizer,
            special=tuple(np.flatnonzero((types == _CONTROL) | (types == _UNKNOWN)).tolist()),
            whole=tuple(np.flatnonzero(types == _USER_DEFINED).tolist()),
            bos_id=bos_id,
            eos_id=eos_id,
            end_ids=frozenset(end for end in ends if end is not None),
            adds_bos=adds_bos,
        )

    def backend(self) -> tokenizers.Tokenizer:
        """The BPE itself. `TokenizerError` for merges that do not fit the tokens."""
        ids = {token: index for index, token in enumerate(self.tokens)}
        try:
            backend = tokenizers.Tokenizer(models.BPE(vocab=ids, merges=self.merges))
            backend.pre_tokenizer = _PRE_TOKENIZERS[self.pre_tokenizer]()
            backend.decoder = decoders.ByteLevel()
            backend.add_special_tokens([self._added(index, True) for index in self.special])
            backend.add_tokens([self._added(index, False) for index in self.whole])
        except BaseException as error:
            # The package raises bare Exceptions, and panics that are none.
            if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
                raise
            raise TokenizerError(f"{_PREFIX}.merges do not fit the vocabulary: {error}") from error
        return backend

    def _added(self, index: int, special: bool) -> AddedToken:
        return AddedToken(self.tokens[index], normalized=False, special=special)


def _pre_tokenizer_of(metadata: Metadata) -> str:
    name = metadata.text("pre", "")
    if not name:
        warn(
            f"{metadata.key('pre')} is missing: the pre-tokenizer is 'default', as llama.cpp's is, "
            f"and not the one that the model was trained with; convert the model anew"
        )
        return "default"
    if name not in _PRE_TOKENIZERS:
        known = ", ".join(f"'{known}'" for known in sorted(_PRE_TOKENIZERS))
        raise UnsupportedModelError(
            f"unsupported pre-tokenizer {shown(name)} ({metadata.key('pre')}); supported: {known}"
        )
    return name


def _tokens_of(metadata: Metadata) -> list[str]:
    tokens = metadata.texts("tokens")
    if not tokens:
        raise TokenizerError(f"{metadata.key('tokens')} is empty")
    if len(set(tokens)) < len(tokens):
        first: dict[str, int] = {}
        index = next(i for i, token in enumerate(tokens) if first.setdefault(token, i) != i)
        raise TokenizerError(
            f"{metadata.key('tokens')} has {shown(tokens[index])} twice, at index "
            f"{first[tokens[index]]} and {index}"
        )
    return tokens


def _types_of(metadata: Metadata, count: int) -> NDArray[np.int64]:
    if "token_type" not in metadata:
        return np.ones(count, np.int64)
    types = metadata.integers("token_type")
    if len(types) != count:
        raise TokenizerError(
            f"{metadata.key('token_type')} has {len(types)} entries for {count} tokens"
        )
    unknown = np.flatnonzero((types < 0) | (types > _MOST_TYPE))
    if len(unknown) > 0:
        index = int(unknown[0])
        raise TokenizerError(
            f"{metadata.key('token_type')} at index {index} is {types[index]}; expected 0 to "
            f"{_MOST_TYPE}"
        )
    return types


def _merges_of(metadata: Metadata, tokens: list[str]) -> list[tuple[str, str]]:
    merges = metadata.texts("merges")
    # A token of n characters can be put together from two in n - 1 ways.
    most = sum(map(len, tokens)) - len(tokens)
    if len(merges) > most:
        raise TokenizerError(
            f"{metadata.key('merges')} has {len(merges)} entries, more than the {most} ways to put "
            f"{len(tokens)} tokens together"
        )
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    if not all(map(all, pairs)):
        index = next(index for index, pair in enumerate(pairs) if not all(pair))
        raise TokenizerError(
            f"{metadata.key('merges')} at index {index} is {shown(merges[index])}; expected two "
            f"tokens with a space between them"
        )
    return pairs
