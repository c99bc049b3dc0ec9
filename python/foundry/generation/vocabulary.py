"""A vocabulary, read from GGUF metadata and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foundry.errors import TokenizerError, UnsupportedModelError
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS, Rule
from foundry.generation.token_kinds import (
    CONTROL,
    UNKNOWN,
    USER_DEFINED,
    Flags,
    end_tokens,
    flags_of,
    stripping_tokens,
)
from foundry.generation.vocabulary_fields import (
    PREFIX,
    NamedIds,
    charsmap_of,
    merges_of,
    pre_tokenizer_of,
    scores_of,
    suppressed_of,
    tokens_of,
    types_of,
)
from foundry.metadata import Metadata, shown

SPACE = "\u2581"
"""A space as SentencePiece spells it."""


@dataclass(frozen=True)
class _Model:
    """A tokenizer model and its defaults, which are llama.cpp's."""

    what: str
    bos: int | None = None
    eos: int | None = None
    sep: int | None = None
    unknown: int | None = None
    adds_bos: bool = False
    adds_eos: bool = False
    adds_sep: bool = False
    space_prefix: bool = False
    has_merges: bool = False
    has_scores: bool = False


_SEPARATED = ("jina-v1-en", "jina-v2-code", "roberta-bpe")
"""Pre-tokenizers of models that put a separator between two texts, in files that name one."""

_MODELS: Mapping[str, _Model] = {
    "bert": _Model("WordPiece", bos=101, sep=102, unknown=100, adds_bos=True, adds_sep=True),
    "gemma4": _Model("BPE of texts", has_merges=True),
    "gpt2": _Model("BPE of bytes", has_merges=True),
    "llama": _Model(
        "SentencePiece's BPE",
        bos=1,
        eos=2,
        unknown=0,
        adds_bos=True,
        space_prefix=True,
        has_scores=True,
    ),
    "t5": _Model("SentencePiece's unigrams", eos=1, unknown=2, adds_eos=True, has_scores=True),
}


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and what goes with them; ids are indices into `tokens`."""

    model: str
    pre_tokenizer: str
    """Of BPE alone."""
    tokens: list[str]
    ids: dict[str, int]
    types: NDArray[np.int64]
    """As the file has them."""
    flags: Flags
    """With what the tokens' texts say."""
    scores: NDArray[np.float32]
    merges: list[tuple[str, str]]
    bos_id: int | None
    eos_id: int | None
    sep_id: int | None
    unknown_id: int | None
    end_ids: frozenset[int]
    """Tokens that end a text."""
    suppressed: frozenset[int]
    """Tokens that are never drawn."""
    adds_bos: bool
    adds_eos: bool
    adds_sep: bool
    """Between two texts; after one, too, in WordPiece alone."""
    space_prefix: bool
    """A text begins with a space."""
    merges_spaces: bool
    charsmap: bytes
    lowercase: bool
    strips_accents: bool
    strips_left: frozenset[int]
    """Special tokens that take the white space before them along."""
    strips_right: frozenset[int]

    @cached_property
    def special(self) -> frozenset[int]:
        """Control tokens, which are no text."""
        return self._of_kind(CONTROL, UNKNOWN)

    @cached_property
    def defined(self) -> frozenset[int]:
        """Tokens that are found in a text before it is cut, and are text."""
        return self._of_kind(USER_DEFINED) - self.special

    @property
    def bytewise(self) -> bool:
        """Tokens are spelled in GPT-2's byte alphabet."""
        rule = PRE_TOKENIZERS.get(self.pre_tokenizer)
        return rule is not None and rule.bytewise

    def _of_kind(self, *kinds: int) -> frozenset[int]:
        mask = sum(1 << kind for kind in kinds)
        return frozenset(np.flatnonzero(self.flags & mask).tolist())

    @classmethod
    def from_metadata(cls, values: Mapping[str, object]) -> Vocabulary:
        """Raises `UnsupportedModelError` for another tokenizer model or pre-tokenizer,
        `TokenizerError` where the vocabulary does not fit together."""
        metadata = Metadata(values, PREFIX, TokenizerError)
        name = metadata.text("model")
        if name not in _MODELS:
            known = ", ".join(f"'{known}' ({model.what})" for known, model in _MODELS.items())
            raise UnsupportedModelError(
                f"unsupported tokenizer model {shown(name)} ({PREFIX}.model); supported: {known}"
            )
        model = _MODELS[name]
        pre_tokenizer = pre_tokenizer_of(metadata, name) if model.has_merges else ""
        rule = PRE_TOKENIZERS.get(pre_tokenizer, Rule(()))
        tokens = tokens_of(metadata)
        types = types_of(metadata, tokens)
        flags = flags_of(types)
        ids = {token: index for index, token in enumerate(tokens)}
        named = NamedIds(metadata, len(tokens))
        bos_id = named.needed("bos", named.optional("cls", model.bos))
        eos_id = named.needed("eos", model.eos)
        sep_id = named.optional("seperator", model.sep)

        def adds(flag: str, key: str, default: bool, token: int | None) -> bool:
            """Whether texts get this token; a default does nothing where there is none."""
            value = metadata.flag(flag, default and token is not None)
            if value and token is None:
                raise TokenizerError(f"{PREFIX}.{flag} is set, {key} is missing")
            return value

        adds_bos = adds("add_bos_token", "bos_token_id", model.adds_bos or rule.adds_bos, bos_id)
        lowercase = metadata.flag("normalizer.lowercase", True)
        end_ids = end_tokens(ids, flags, named.of_texts(), eos_id)
        strips_left, strips_right = stripping_tokens(ids, flags, values)
        return cls(
            model=name,
            pre_tokenizer=pre_tokenizer,
            tokens=tokens,
            ids=ids,
            types=types,
            flags=flags,
            scores=scores_of(metadata, len(tokens), model.has_scores),
            merges=merges_of(metadata, tokens, pre_tokenizer) if model.has_merges else [],
            bos_id=bos_id,
            eos_id=eos_id,
            sep_id=sep_id,
            unknown_id=named.optional("unknown", model.unknown),
            end_ids=end_ids,
            suppressed=suppressed_of(metadata, len(tokens)),
            adds_bos=adds_bos or (rule.insists_on_bos and bos_id is not None),
            adds_eos=adds("add_eos_token", "eos_token_id", model.adds_eos, eos_id),
            adds_sep=adds(
                "add_sep_token",
                "seperator_token_id",
                model.adds_sep or pre_tokenizer in _SEPARATED,
                sep_id,
            ),
            space_prefix=model.has_scores and metadata.flag("add_space_prefix", model.space_prefix),
            merges_spaces=name == "t5" and metadata.flag("remove_extra_whitespaces", False),
            charsmap=charsmap_of(metadata) if name == "t5" else b"",
            lowercase=lowercase,
            strips_accents=metadata.flag("normalizer.strip_accents", lowercase),
            strips_left=strips_left,
            strips_right=strips_right,
        )
