"""Texts to embeddings, and documents to scores: what every model does that has states of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import Gguf
from foundry.errors import (
    ArgumentError,
    ArgumentTypeError,
    ContextLengthError,
    ModelError,
    UnsupportedModelError,
)
from foundry.generation.arguments import checked_flag, checked_text, shown
from foundry.huggingface import Prompts
from foundry.models.embedding_head import EmbeddingHead
from foundry.models.opening import OpenedModel
from foundry.models.pooling import Pooling, named, pooled

States = Callable[[Sequence[Sequence[int]]], list[NDArray[np.float32]]]
"""For each of several texts' tokens f32 (tokens, hidden)."""


class Embedder:
    """One model's."""

    def __init__(self, model: OpenedModel, states: States, head: EmbeddingHead) -> None:
        self._config = model.config
        self._tokenizer = model.tokenizer
        self._context_length = model.context_length
        self._states = states
        self._head = head
        self.prompts = Prompts() if isinstance(model.file, Gguf) else model.file.prompts
        template = model.file.metadata.get("tokenizer.chat_template.rerank")
        self._pair_template = template if isinstance(template, str) else None
        """With {query} and {document}."""

    def embed(
        self,
        texts: str | Sequence[str],
        normalize: bool,
        pooling: str | None,
        prompt_name: str | None,
        truncate: bool,
    ) -> NDArray[np.float32]:
        """f32 (texts, embedding), or of one text its row."""
        kind = self._pooling(pooling)
        normalize = checked_flag(normalize, "embed: normalize")
        given = _listed(texts, "embed: texts")
        before = self._prompt(prompt_name)
        tokens = [
            self._tokens(before + text, index, checked_flag(truncate, "embed: truncate"))
            for index, text in enumerate(given)
        ]
        rows = self._rows(tokens, kind)
        if normalize and kind is not Pooling.RANK:
            rows = normalized(rows)
        return rows[0] if isinstance(texts, str) else rows

    def token_embeddings(
        self, text: str, normalize: bool, prompt_name: str | None, truncate: bool
    ) -> NDArray[np.float32]:
        """f32 (tokens, embedding)."""
        normalize = checked_flag(normalize, "token_embeddings: normalize")
        plain = self._prompt(prompt_name) + checked_text(text, "token_embeddings: text")
        tokens = self._tokens(plain, 0, checked_flag(truncate, "token_embeddings: truncate"))
        rows = self._head.embeddings(self._checked(self._states([tokens]))[0])
        return normalized(rows) if normalize else rows

    def rank(self, query: str, documents: Sequence[str], truncate: bool) -> NDArray[np.float32]:
        """f32 (documents,)."""
        self._require_classifier("rank")
        query = checked_text(query, "rank: query")
        truncate = checked_flag(truncate, "rank: truncate")
        pairs = [
            self._fitting(self._pair(query, document), index, truncate)
            for index, document in enumerate(_listed(documents, "rank: documents"))
        ]
        return self._rows(pairs, Pooling.RANK)[:, 0]

    def _rows(self, texts: list[list[int]], kind: Pooling) -> NDArray[np.float32]:
        if not texts:
            return np.empty((0, self._head.width(kind is Pooling.RANK)), np.float32)
        first = self._config.classifier_pooling if kind is Pooling.RANK else kind
        states = self._checked(self._states(texts))
        rows = np.stack([pooled(each, first) for each in states])
        return self._head.scores(rows) if kind is Pooling.RANK else self._head.embeddings(rows)

    def _checked(self, states: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        for index, each in enumerate(states):
            if not np.isfinite(each).all():
                row = int(np.argmin(np.isfinite(each).all(axis=1)))
                raise ModelError(
                    f"text {index}: the state of its token {row} has a NaN or an infinity"
                )
        return states

    def _pooling(self, name: str | None) -> Pooling:
        kind = self._config.pooling if name is None else named(name, "embed")
        if name is None and kind in (None, Pooling.NONE):
            return Pooling.LAST if self._config.causal else Pooling.MEAN
        if kind is None or kind is Pooling.NONE:
            raise UnsupportedModelError(
                "embed: unsupported pooling 'none'; supported: a row for each text; "
                "token_embeddings(text) has one for each token"
            )
        if kind is Pooling.RANK:
            self._require_classifier("embed")
        return kind

    def _require_classifier(self, what: str) -> None:
        if not self._head.ranks:
            raise UnsupportedModelError(
                f"{what}: unsupported for '{self._config.name}', which has no classifier; "
                "supported: files with cls.weight or cls.output.weight (rerankers)"
            )

    def _prompt(self, name: str | None) -> str:
        prompts = self.prompts
        name = prompts.default if name is None else name
        if name is None:
            return ""
        if name not in prompts.texts:
            known = ", ".join(map(repr, prompts.texts)) or "none"
            raise ArgumentError(
                f"embed: the model has no prompt {shown(name)}; its prompts: {known}"
            )
        return prompts.texts[name]

    def _tokens(self, text: str, index: int, truncate: bool) -> list[int]:
        tokens = self._tokenizer.encode(text, add_end=True)
        if not tokens:
            raise ArgumentError(f"text {index} has no tokens")
        return self._fitting(tokens, index, truncate)

    def _fitting(self, tokens: list[int], index: int, truncate: bool) -> list[int]:
        most = self._context_length
        if len(tokens) <= most:
            return tokens
        if not truncate:
            raise ContextLengthError(
                f"text {index} has {len(tokens)} tokens; the context holds {most}; truncate=True "
                "leaves out what is past it"
            )
        ends = self._tokenizer.ends
        return [*tokens[: most - len(ends)], *ends]

    def _pair(self, query: str, document: str) -> list[int]:
        tokenizer = self._tokenizer
        if self._pair_template is not None:
            parts = self._pair_template.replace("{query}", query)
            return tokenizer.encode(parts.replace("{document}", document))
        between = [
            token
            for token, adds in (
                (tokenizer.eos_id, tokenizer.adds_eos),
                (tokenizer.sep_id, tokenizer.adds_sep),
            )
            if adds and token is not None
        ]
        return tokenizer.join([query, document], between)


def normalized(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of length 1, but for rows of zeros."""
    lengths = np.sqrt(np.sum(np.square(rows, dtype=np.float64), axis=-1, keepdims=True))
    found: NDArray[np.float32] = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return found


def _listed(texts: Any, what: str) -> list[str]:
    if isinstance(texts, str):
        return [checked_text(texts, what)]
    if not isinstance(texts, Sequence) or isinstance(texts, bytes | bytearray):
        raise ArgumentTypeError(f"{what} is {shown(texts)}; expected texts")
    return [checked_text(text, f"{what}[{index}]") for index, text in enumerate(texts)]
