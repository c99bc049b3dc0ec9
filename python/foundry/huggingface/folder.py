"""A Hugging Face folder as a model file: metadata and tensors by GGUF's names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType, Foundry, Tensor
from foundry.errors import ModelError
from foundry.huggingface.configuration import (
    has_exact_gelu,
    language_model_of,
    metadata_of,
    model_of,
    rope_factors,
    rope_parameters,
)
from foundry.huggingface.derived import placed
from foundry.huggingface.fused_experts import split_experts
from foundry.huggingface.quantised import unpacked
from foundry.huggingface.recipe import Recipe
from foundry.huggingface.sentences import dense_layers, pooling_of, prompts_of
from foundry.huggingface.sizes import sizes_of
from foundry.huggingface.tensors import learned_activations, recipes
from foundry.huggingface.vocabulary import vocabulary_of
from foundry.huggingface.weights import WeightsFile, json_object, stored_tensors

_CONFIGURATION = "config.json"


class Folder:
    """`config.json`, `*.safetensors`, `tokenizer.json` and what else lies beside them.

    `ModelError` for a folder whose parts are missing, damaged or do not fit;
    `UnsupportedModelError` for a class, a tensor, a tokenizer or a setting that has no counterpart.
    """

    def __init__(self, path: Path, *, in_order: bool = False) -> None:
        """`in_order` puts the rows of queries and keys where GGUF has them; without, they stay in
        the file, and `pairs_halves` says so."""
        self.path = path
        self._configuration = json_object(path / _CONFIGURATION)
        self._model = model_of(self._configuration)
        if self._model.nested:
            self._configuration = language_model_of(self._configuration)
        files = stored_tensors(path) | dense_layers(path)
        self._files: set[WeightsFile] = {tensor.file for tensor in files.values()}
        stored = unpacked(files, self._configuration)
        if self._model.alternating_experts:
            stored = split_experts(stored)
        prefixed = metadata_of(self._configuration, self._model)
        layers = prefixed.get(f"{self._model.architecture}.block_count")
        if not isinstance(layers, int) or layers < 1:
            raise ModelError(f"{path / _CONFIGURATION}: the number of layers is {layers}")
        self.metadata: dict[str, Any] = {
            "general.architecture": self._model.architecture,
            "general.name": _name(path),
            **prefixed,
            **learned_activations(stored),
        }
        self.pairs_halves = self._model.pairs_neighbours and not in_order
        """Whether RoPE turns elements (i, i + n / 2) of a head, though GGUF's do not."""
        model = replace(self._model, pairs_neighbours=in_order and self._model.pairs_neighbours)
        pooling = pooling_of(path)
        if pooling is not None:
            self.metadata[f"{self._model.architecture}.pooling_type"] = pooling
        self.has_exact_gelu = (
            self._model.exact_gelu and not in_order and has_exact_gelu(self._configuration)
        )
        """Whether the activation is GELU by the error function, though GGUF's is not."""
        parameters = rope_parameters(self._configuration)
        self.has_fractional_ramp = parameters.get("truncate") is False and not in_order
        """Whether YaRN's ramp is between fractions of pairs, though GGUF's is not."""
        self.tensors: dict[str, Recipe] = recipes(stored, model, self._configuration, layers)
        """By GGUF's names."""
        self.metadata |= sizes_of(self._model.architecture, self.tensors, self._configuration)
        self._made = rope_factors(self._configuration)
        for name, values in self._made.items():
            self.tensors[name] = Recipe(name, values.shape, DType.f32, ())
        self.prompts = prompts_of(path)
        self.metadata |= vocabulary_of(path, self._configuration, self._rows(), for_gguf=in_order)

    @property
    def segmentation(self) -> str | None:
        """`tokenizer.json`, where GGUF's tokenizer models would cut rare texts in other places."""
        if self.metadata["tokenizer.ggml.model"] not in ("bert", "t5"):
            return None
        return (self.path / "tokenizer.json").read_text(encoding="utf-8")

    def _rows(self) -> int:
        """Of the embedding."""
        embedding = self.tensors.get("token_embd.weight")
        if embedding is None or len(embedding.shape) != 2:
            raise ModelError(f"{self.path}: there is no matrix of embeddings")
        return embedding.shape[0]

    @property
    def nbytes(self) -> int:
        """Of all weights."""
        return sum(file.nbytes for file in self._files)

    @property
    def paths(self) -> list[str]:
        """Of the files with weights."""
        return sorted(str(file.path) for file in self._files)

    def tensor(self, runtime: Foundry, name: str) -> Tensor:
        """In the mapped file, where GGUF has it as it is there."""
        recipe = self._recipe(name)
        if recipe.stored and recipe.change is None:
            return recipe.stored[0].on_device(runtime)
        return placed(runtime, self.values(name), recipe.dtype, recipe.shape, name)

    def values(self, name: str) -> NDArray[Any]:
        """The tensor's elements, or bytes of a block format."""
        recipe = self._recipe(name)
        return self._made[name] if not recipe.stored else recipe.values()

    def read(self, name: str) -> NDArray[np.uint8]:
        """Its bytes: uint8 (nbytes,)."""
        return np.ascontiguousarray(self.values(name)).reshape(-1).view(np.uint8)

    def require_whole(self) -> None:
        """`ModelError` if a file is shorter than when it was opened."""
        for file in self._files:
            file.require_whole()

    def _recipe(self, name: str) -> Recipe:
        if name not in self.tensors:
            raise ModelError(f"{self.path}: there is no tensor '{name}'")
        return self.tensors[name]

    def __repr__(self) -> str:
        return (
            f"Folder({str(self.path)!r}, {self._model.architecture}, {len(self.tensors)} tensors)"
        )


def _name(path: Path) -> str:
    """The folder's, or in the hub's cache (models--USER--MODEL/snapshots/COMMIT) the model's."""
    whole = path.resolve()
    if whole.parent.name == "snapshots":
        return whole.parents[1].name.rpartition("--")[2]
    return whole.name
