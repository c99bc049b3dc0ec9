"""The methods that a language model and an embedding model share: of a text's states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from foundry.call_errors import typed_calls
from foundry.generation.tokenizer import Tokenizer
from foundry.models.embedder import Embedder


@typed_calls
class Embeds:
    """What has an embedder."""

    tokenizer: Tokenizer
    context_length: int
    _embedder: Embedder

    @property
    def prompts(self) -> Mapping[str, str]:
        """What `prompt_name` puts before texts, by name: sentence-transformers', of a folder."""
        return self._embedder.prompts.texts

    def embed(
        self,
        texts: str | Sequence[str],
        *,
        normalize: bool = True,
        pooling: str | None = None,
        prompt_name: str | None = None,
        truncate: bool = False,
    ) -> NDArray[np.float32]:
        """Embeddings, float32 (len(texts), size), of length 1 unless `normalize` is False; a single
        text gives its row alone.

        `pooling` makes one row of the states of a text's tokens: "mean", "cls" (the first), "last",
        or "rank", the scores of a classifier's labels, which are not normalised. By default it is
        the file's; where that names none, the mean, or of a model that generates the last.
        `prompt_name` puts one of `prompts` before each text. What a text spells is parsed as
        `Tokenizer.encode` does, control tokens included, and the tokens that the model asks for
        stand around it.

        Raises `ContextLengthError` for a text that is longer than the context, unless `truncate`
        leaves out what is past it; `ArgumentError` for a text without a token and for an unknown
        prompt, `UnsupportedModelError` for a pooling that the model has not, `ModelError` for
        states that are not finite.
        """
        return self._embedder.embed(texts, normalize, pooling, prompt_name, truncate)

    def token_embeddings(
        self,
        text: str,
        *,
        normalize: bool = True,
        prompt_name: str | None = None,
        truncate: bool = False,
    ) -> NDArray[np.float32]:
        """A row for each token of a text, float32 (tokens, size): no pooling. As `embed` else."""
        return self._embedder.token_embeddings(text, normalize, prompt_name, truncate)

    def rank(
        self, query: str, documents: Sequence[str], *, truncate: bool = False
    ) -> NDArray[np.float32]:
        """How well each document answers a query, float32 (len(documents),): the score of the first
        label of a reranker's classifier, as the file has it; the higher the better.

        Raises `UnsupportedModelError` for a model without a classifier, else as `embed`.
        """
        return self._embedder.rank(query, documents, truncate)
