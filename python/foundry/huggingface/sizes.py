"""The keys that GGUF has for sizes which a folder's tensors alone say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foundry.huggingface.recipe import Recipe


def sizes_of(
    architecture: str, tensors: Mapping[str, Recipe], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """Of token types, a classifier's labels and dense layers."""
    found: dict[str, Any] = {}
    if "token_embd_norm.weight" in tensors:
        types = _matrix(tensors, "token_types.weight")
        found["tokenizer.ggml.token_type_count"] = 1 if types is None else types[0]
    classifier = _matrix(tensors, "cls.output.weight")
    if classifier is not None:
        labels = _labels(configuration, classifier[0])
        found[f"{architecture}.classifier.output_labels"] = labels
    for name in ("dense_2", "dense_3"):
        dense = _matrix(tensors, f"{name}.weight")
        if dense is not None:
            found[f"{architecture}.{name}_feat_in"] = dense[1]
            found[f"{architecture}.{name}_feat_out"] = dense[0]
    return found


def _matrix(tensors: Mapping[str, Recipe], name: str) -> tuple[int, int] | None:
    """Its rows and columns."""
    shape = tensors[name].shape if name in tensors else ()
    return (shape[0], shape[1]) if len(shape) == 2 else None


def _labels(configuration: Mapping[str, Any], count: int) -> list[str]:
    """The configuration's, or its numbers where it has not so many."""
    given = configuration.get("id2label")
    names = given if isinstance(given, Mapping) else {}
    return [str(names.get(str(index), index)) for index in range(count)]
