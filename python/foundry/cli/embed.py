"""`foundry embed`: embeddings of texts, and scores of rerankers, as llama-embedding prints them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foundry.cli.embedding_options import Format, Pooling
from foundry.errors import ArgumentError
from foundry.models import Embeds

Rows = NDArray[np.float32]
_LARGEST = 32760.0  # of elements as 16-bit integers


def rows_of(
    model: Embeds,
    texts: Sequence[str],
    *,
    pooling: Pooling | None,
    cls_separator: str,
    prompt_name: str | None,
    truncate: bool,
) -> Rows:
    """A row for each text, or without pooling for each of its tokens, as they are; for "rank" the
    score of a query and a document that the separator is between."""
    if pooling is Pooling.none:
        rows = [
            model.token_embeddings(
                text, normalize=False, prompt_name=prompt_name, truncate=truncate
            )
            for text in texts
        ]
        return np.concatenate(rows)
    if pooling is Pooling.rank and any(cls_separator in text for text in texts):
        return np.array([_score(model, text, cls_separator, truncate) for text in texts])[:, None]
    name = None if pooling is None else pooling.value
    return model.embed(
        texts, normalize=False, pooling=name, prompt_name=prompt_name, truncate=truncate
    )


def _score(model: Embeds, text: str, separator: str, truncate: bool) -> np.float32:
    parts = text.split(separator)
    if len(parts) != 2:
        raise ArgumentError(
            f"embed: a text of {len(parts)} parts; expected a query, {separator!r} and a document"
        )
    score: np.float32 = model.rank(parts[0], parts[1:], truncate=truncate)[0]
    return score


def normalized(rows: Rows, norm: int) -> Rows:
    """By llama-embedding's numbers: -1 as they are, 0 to 16-bit integers by the largest element,
    else by the sum of powers."""
    if norm < 0:
        return rows
    sizes = np.abs(rows.astype(np.float64))
    if norm == 0:
        lengths = sizes.max(axis=-1, keepdims=True) / _LARGEST
    else:
        lengths = (sizes**norm).sum(axis=-1, keepdims=True) ** (1 / norm)
    scaled: Rows = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return np.rint(scaled) if norm == 0 else scaled


def written(rows: Rows, form: Format) -> str:
    """The whole output, without the last newline."""
    if form is Format.raw:
        return "\n".join(" ".join(map(_digits, row)) for row in rows)
    lists = [[float(_digits(value)) for value in row] for row in rows]
    if form is Format.array:
        return json.dumps(lists)
    data = [
        {"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(lists)
    ]
    report: dict[str, object] = {"object": "list", "data": data}
    if form is Format.json_with_similarities:
        unit = normalized(rows, 2).astype(np.float64)
        report["cosineSimilarity"] = (unit @ unit.T).round(6).tolist()
    return json.dumps(report)


def _digits(value: np.float32) -> str:
    """As many as tell it from its neighbours."""
    return np.format_float_positional(value, trim="-")
