"""A folder's tokenizer and chat templates as GGUF's keys.

What `tokenizer.json` does is found out by asking it: how it cuts a text tells the pre-tokenizer,
what it puts around one tells the flags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from foundry.errors import TokenizerError, UnsupportedModelError
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS, Rule
from foundry.generation.token_kinds import BYTE, CONTROL, NORMAL, UNUSED, USER_DEFINED
from foundry.huggingface.segmentation import require_keys, unigram, word_piece
from foundry.huggingface.weights import json_object
from foundry.metadata import shown, warn

_PREFIX = "tokenizer.ggml."
_ENDS = ("eos", "eot", "eom")
_MODELS = ("BPE", "WordPiece", "Unigram")

# A text that pre-tokenizers cut differently: their rules for contractions, digits, punctuation,
# runs of spaces, newlines, letters with marks, capitals and scripts.
_PROBE = (
    "Hello World'S they'RE it's I'll  we'd\t\tA1234567 12,345.678 x=y+z; foo_bar fooBar "
    "HTTPServer (a)  [b] ...!! ??/n//n\n\n  \n \r\n\r\n   end   \n\n\n \u00e9 \u00e8 na\u00efve "
    "\u00c4pfel \u00c0B \u00d1\u00d1\u00f1 \u6f22\u5b57\u304b\u306a\u30ab\u30ca \u4f60\u597d123 "
    "\ud55c\uad6d\uc5b4 \u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 "
    "\u0627\u0644\u0639\u0631\u0628 \u05e2\u05d1\u05e8 \U0001f642\U0001f642 "
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 a\u0301b \u00b2\u00b3\u00bd \u2167 "
    "\u0663\u0664\u0665 \u00a0x\u3000y 'tis \u2019s #tag @me $5 \u20ac9 %^&*~`|<> /usr/bin -- == "
    "3.14e-10 0x1F v2.0 \u200bz\ufeff 1a2b3c  \n  x\n\ty"
)

_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_FIRST, _SHORT = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# What models have for which llama.cpp knows ASCII's capitals alone.
_SIMPLIFIED = {
    "tekken": rf"{_FIRST}{_UPPER}*{_LOWER}+|{_FIRST}{_UPPER}+{_LOWER}*|\p{{N}}|{_REST}",
    "gpt-4o": rf"{_FIRST}{_UPPER}*{_LOWER}+{_SHORT}|{_FIRST}{_UPPER}+{_LOWER}*{_SHORT}"
    rf"|\p{{N}}{{1,3}}|{_REST}",
}


def vocabulary_of(
    folder: Path, configuration: Mapping[str, Any], rows: int, *, for_gguf: bool = False
) -> dict[str, Any]:
    """The keys under `tokenizer.`, for an embedding of so many rows. `UnsupportedModelError` for a
    tokenizer that GGUF has no name for (`for_gguf`, no keys), `TokenizerError` for one that does
    not fit the model."""
    path = folder / "tokenizer.json"
    if not path.exists():
        raise UnsupportedModelError(
            f"{folder}: unsupported tokenizer; supported: tokenizer.json, which transformers' "
            f"AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes"
        )
    description = json_object(path)
    try:
        backend = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing narrower
        raise TokenizerError(f"{path}: {error}") from error
    backend.no_padding()
    backend.no_truncation()
    settings = _optional(folder / "tokenizer_config.json")
    found = _tokens(path, description, backend, rows)
    if for_gguf:
        require_keys(path, description)
    found |= _flags(backend, settings)
    found |= _named_tokens(folder, configuration, settings, backend)
    return {_PREFIX + key: value for key, value in found.items()} | _templates(folder, settings)


def _optional(path: Path) -> Mapping[str, Any]:
    return json_object(path) if path.exists() else {}


def _tokens(
    path: Path, description: Mapping[str, Any], backend: tokenizers.Tokenizer, rows: int
) -> dict[str, Any]:
    model = description.get("model") or {}
    kind = model.get("type")
    if kind not in _MODELS:
        raise UnsupportedModelError(
            f"{path}: unsupported tokenizer model {shown(kind)}; supported: "
            f"{', '.join(map(repr, _MODELS))}"
        )
    vocabulary = backend.get_vocab(with_added_tokens=True)
    highest = max(vocabulary.values(), default=-1)
    if highest >= rows:
        raise TokenizerError(f"{path}: has token {highest}, the embedding {rows} rows")
    tokens = [f"[PAD{index}]" for index in range(rows)]
    types = np.full(rows, UNUSED, np.int32)
    spelled_bytes = bool(model.get("byte_fallback"))
    for token, index in vocabulary.items():
        tokens[index] = token
        is_byte = spelled_bytes and len(token) == 6 and token.startswith("<0x")
        types[index] = BYTE if is_byte else NORMAL
    for added in description.get("added_tokens") or ():
        types[added["id"]] = CONTROL if added.get("special") else USER_DEFINED
    if kind == "WordPiece":
        return {"token_type": types, **word_piece(path, description, tokens, types)}
    found: dict[str, Any] = {"tokens": tokens, "token_type": types}
    if kind == "Unigram":
        return found | unigram(path, description, backend, tokens, types)
    merges = [pair if isinstance(pair, list) else pair.split(" ") for pair in model["merges"]]
    if spelled_bytes:
        return found | {"model": "llama", "scores": _scores(tokens, merges)}
    return found | {
        "model": "gpt2",
        "pre": _pre_tokenizer(path, backend, bool(model.get("ignore_merges"))),
        "merges": [" ".join(pair) for pair in merges],
    }


def _scores(tokens: list[str], merges: list[list[str]]) -> Any:
    """SentencePiece's: the sooner a merge, the higher what it makes."""
    first: dict[str, int] = {}
    for rank, pair in enumerate(merges):
        first.setdefault("".join(pair), rank)
    return np.array([-first.get(token, len(merges)) for token in tokens], np.float32)


def _pre_tokenizer(path: Path, backend: tokenizers.Tokenizer, whole_words: bool) -> str:
    """The one that cuts the probe into the same words, if there is one that takes words that are
    tokens as `tokenizer.json` does."""
    own = backend.pre_tokenizer
    words = own.pre_tokenize_str(_normalised(backend, _PROBE)) if own is not None else None

    def cuts_alike(rule: Rule) -> bool:
        return rule.split().pre_tokenize_str(_PROBE) == words

    rules = sorted(PRE_TOKENIZERS.items(), key=lambda item: item[1].whole_words != whole_words)
    for name, rule in rules:
        if cuts_alike(rule):
            return name
    for name, pattern in _SIMPLIFIED.items():
        if cuts_alike(replace(PRE_TOKENIZERS[name], patterns=(pattern,))):
            warn(
                f"{path}: the pre-tokenizer is '{name}' as llama.cpp has it, which cuts words with "
                "capitals outside of ASCII in other places"
            )
            return name
    raise UnsupportedModelError(
        f"{path}: unsupported pre-tokenizer; supported: what cuts a text as one of "
        f"{', '.join(sorted(PRE_TOKENIZERS))} does"
    )


def _normalised(backend: tokenizers.Tokenizer, text: str) -> str:
    normaliser = backend.normalizer
    return text if normaliser is None else str(normaliser.normalize_str(text))


def _flags(backend: tokenizers.Tokenizer, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What stands around a text, and between two: found by trying it."""
    plain = backend.encode("a", add_special_tokens=False)
    before, after = _around(backend.encode("a").ids, plain.ids)
    _, rest = _around(backend.encode("a", "a").ids, plain.ids)
    between, _ = _around(rest, plain.ids)
    is_bert = type(backend.model).__name__ == "WordPiece"
    found: dict[str, Any] = {
        "add_bos_token": bool(before) or settings.get("add_bos_token") is True,
        "add_eos_token": not is_bert and (bool(after) or settings.get("add_eos_token") is True),
        "add_space_prefix": plain.tokens[:1] != ["a"],
    }
    if before:
        found["bos_token_id"] = before[0]
    if after:
        found["seperator_token_id" if is_bert else "eos_token_id"] = after[-1]
    if is_bert and not (before and after):
        raise UnsupportedModelError(
            "unsupported post_processor of WordPiece in tokenizer.json; supported: a token before "
            "and a token after each text"
        )
    if not is_bert and len(between) > 1 and between[-1] in after:
        found |= {"add_sep_token": True, "seperator_token_id": between[-1]}
    return found


def _around(ids: list[int], plain: list[int]) -> tuple[list[int], list[int]]:
    """What stands before and after the first place where `plain` is."""
    at = next((i for i in range(len(ids)) if ids[i:][: len(plain)] == plain), 0)
    return ids[:at], ids[at + len(plain) :]


def _named_tokens(
    folder: Path,
    configuration: Mapping[str, Any],
    settings: Mapping[str, Any],
    backend: tokenizers.Tokenizer,
) -> dict[str, int]:
    """By role, the id: `tokenizer_config.json`'s names come first, then the ids of
    `generation_config.json` and `config.json`."""

    sources = (_optional(folder / "generation_config.json"), configuration)

    def named(role: str) -> int | None:
        token = settings.get(f"{role}_token")
        text = token.get("content") if isinstance(token, Mapping) else token
        return backend.token_to_id(text) if isinstance(text, str) else None

    def numbered(role: str) -> Iterator[int]:
        for source in sources:
            value = source.get(f"{role}_token_id")
            for index in value if isinstance(value, list) else [value]:
                if isinstance(index, int) and not isinstance(index, bool):
                    yield index

    found = {}
    for role, key in (("bos", "bos"), ("unk", "unknown"), ("pad", "padding")):
        index = named(role)
        if index is None:
            index = next(numbered(role), None)
        if index is not None:
            found[f"{key}_token_id"] = index
    own = named("eos")
    ends = list(dict.fromkeys([*([] if own is None else [own]), *numbered("eos")]))
    if len(ends) > len(_ENDS):
        warn(f"{folder}: of {len(ends)} tokens that end a turn the first {len(_ENDS)} are honoured")
    return found | {f"{role}_token_id": end for role, end in zip(_ENDS, ends, strict=False)}


def _templates(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    path = folder / "chat_template.jinja"
    found = path.read_text(encoding="utf-8") if path.exists() else settings.get("chat_template")
    if isinstance(found, str):
        return {"tokenizer.chat_template": found}
    named = {row["name"]: row["template"] for row in found or () if isinstance(row, Mapping)}
    templates: dict[str, Any] = {}
    if "default" in named:
        templates["tokenizer.chat_template"] = named.pop("default")
    if named:
        templates["tokenizer.chat_templates"] = list(named)
        templates |= {f"tokenizer.chat_template.{name}": text for name, text in named.items()}
    return templates
