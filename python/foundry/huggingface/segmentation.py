"""What `tokenizer.json` says of WordPiece and of unigrams, as GGUF's keys have it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from foundry.errors import TokenizerError, UnsupportedModelError
from foundry.generation.token_kinds import CONTROL, NORMAL, UNKNOWN
from foundry.generation.vocabulary import SPACE
from foundry.metadata import shown

_UNUSED_SCORE = -10000.0


def word_piece(
    path: Path, description: Mapping[str, Any], tokens: list[str], types: Any
) -> dict[str, Any]:
    """A word's first piece begins with U+2581 there, what goes on has nothing before it."""
    model = description["model"]
    prefix = model.get("continuing_subword_prefix", "##")
    normalizer = description.get("normalizer") or {}
    spelled = []
    for token, type_ in zip(tokens, types, strict=True):
        if type_ != NORMAL:
            spelled.append(token)
        elif token.startswith(prefix) and token != prefix:
            spelled.append(token[len(prefix) :])
        else:
            spelled.append(SPACE + token)
    unknown = model.get("unk_token", "[UNK]")
    if unknown not in tokens:
        raise TokenizerError(f"{path}: the unknown token {shown(unknown)} is not there")
    lowercase = bool(normalizer.get("lowercase", True))
    strips = normalizer.get("strip_accents")
    return {
        "model": "bert",
        "tokens": spelled,
        "unknown_token_id": tokens.index(unknown),
        "normalizer.lowercase": lowercase,
        "normalizer.strip_accents": lowercase if strips is None else bool(strips),
    }


def unigram(
    path: Path,
    description: Mapping[str, Any],
    backend: tokenizers.Tokenizer,
    tokens: list[str],
    types: Any,
) -> dict[str, Any]:
    """Scores and SentencePiece's normalisation."""
    model = description["model"]
    unknown = model.get("unk_id")
    if not isinstance(unknown, int) or not 0 <= unknown < len(tokens):
        raise TokenizerError(f"{path}: the unknown token's id is {shown(unknown)}")
    scores = np.full(len(tokens), _UNUSED_SCORE, np.float32)
    for index, (_, score) in enumerate(model["vocab"]):
        scores[index] = score
    scores[types == CONTROL] = 0.0
    types[unknown] = UNKNOWN
    found: dict[str, Any] = {
        "model": "t5",
        "scores": scores,
        "unknown_token_id": unknown,
        "remove_extra_whitespaces": _ids(backend, " a  a ") == _ids(backend, "a a"),
    }
    charsmap = _charsmap(path, description)
    return found | ({"precompiled_charsmap": charsmap} if charsmap is not None else {})


def require_keys(path: Path, description: Mapping[str, Any]) -> None:
    """`UnsupportedModelError` for WordPiece and unigrams that GGUF has no keys for."""
    model = description["model"]
    normalizers = list(_parts(description.get("normalizer"), "normalizers"))
    splits = list(_parts(description.get("pre_tokenizer"), "pretokenizers"))
    if model["type"] == "WordPiece":
        for part in normalizers:
            _require(path, "normalizer", part.get("type"), ("BertNormalizer",))
            for name in ("clean_text", "handle_chinese_chars"):
                _require(path, f"normalizer's {name}", part.get(name, True), (True,))
        for part in splits:
            _require(path, "pre_tokenizer", part.get("type"), ("BertPreTokenizer",))
    elif model["type"] == "Unigram":
        _require(path, "byte_fallback", bool(model.get("byte_fallback")), (False,))
        for part in splits:
            _require(path, "pre_tokenizer", part.get("type"), ("Metaspace", "WhitespaceSplit"))
        for part in normalizers:
            if not _merges_spaces(part):  # which is seen by trying it
                _require(path, "normalizer", part.get("type"), ("Precompiled", "Strip"))


def _charsmap(path: Path, description: Mapping[str, Any]) -> Any:
    for part in _parts(description.get("normalizer"), "normalizers"):
        if part.get("type") == "Precompiled":
            try:
                data = base64.b64decode(part["precompiled_charsmap"] or "")
            except (KeyError, TypeError, binascii.Error) as error:
                raise TokenizerError(f"{path}: precompiled_charsmap: {error}") from error
            return np.frombuffer(data, np.uint8) if data else None
    return None


def _merges_spaces(part: Mapping[str, Any]) -> bool:
    pattern = part.get("pattern") or {}
    merged = pattern.get("Regex") in (" {2,}", "\\s+", " +") and part.get("content") in (" ", SPACE)
    return part.get("type") == "Replace" and merged


def _parts(found: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """The members of a sequence, or the one that there is."""
    if isinstance(found, Mapping):
        if found.get("type") == "Sequence":
            for part in found.get(name) or ():
                yield from _parts(part, name)
        else:
            yield found


def _ids(backend: tokenizers.Tokenizer, text: str) -> list[int]:
    return list(backend.encode(text, add_special_tokens=False).ids)


def _require(path: Path, what: str, found: object, supported: tuple[object, ...]) -> None:
    if found not in supported:
        known = ", ".join(map(str, supported))
        raise UnsupportedModelError(
            f"{path}: unsupported {what} {shown(found)}; supported: {known}"
        )
