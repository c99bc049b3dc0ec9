"""What is after pooling: dense layers of an embedding, or a classifier's scores of its labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from foundry import ops
from foundry._foundry import DType, Foundry, Tensor
from foundry.models.blocks.products import bias, normalise
from foundry.models.config import ModelConfig
from foundry.models.encoder_weights import HeadWeights
from foundry.models.products import Product

_TANH: ops.Operation = ops.SoftCap(1.0)


class EmbeddingHead:
    """Computes rows of pooled states on the device."""

    def __init__(self, runtime: Foundry, config: ModelConfig, weights: HeadWeights) -> None:
        self._runtime = runtime
        self._config = config
        self._weights = weights

    @property
    def ranks(self) -> bool:
        """Whether there is a classifier."""
        return self._weights.ranks

    def width(self, ranks: bool) -> int:
        """Elements of a row."""
        weights = self._weights
        products = [weights.classifier, weights.labels] if ranks else weights.dense
        last = next((product for product in reversed(products) if product is not None), None)
        return self._config.hidden if last is None else last.weight.shape[0]

    def embeddings(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """f32 (rows, embedding) of (rows, hidden)."""
        if not self._weights.dense:
            return states
        x = self._runtime.tensor(states)
        for product in self._weights.dense:
            x = self._product(product, x)
        return x.copy_to_host()

    def scores(self, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """f32 (rows, labels) of (rows, hidden); probabilities of Qwen 3's, as in llama.cpp."""
        weights, architecture = self._weights, self._config.architecture
        x = self._runtime.tensor(states)
        if weights.classifier is not None:
            bend = _TANH
            if architecture.name == "modern-bert":
                bend = ops.GeluErf() if architecture.activation == "GeluErf" else ops.Gelu()
            x = self._product(weights.classifier, x, bend)
        if weights.labels is not None:
            norm = normalise(self._config, weights.classifier_norm)
            x = self._product(weights.labels, x, prologue=norm)
        scores = x.copy_to_host()
        if architecture.name == "qwen3":
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
        return scores

    def _product(
        self,
        product: Product,
        x: Tensor,
        *after: ops.Operation,
        prologue: ops.Operation | None = None,
    ) -> Tensor:
        y = self._runtime.empty((x.shape[0], product.weight.shape[0]), DType.f32)
        self._runtime.run(
            ops.Linear(
                weights=product.weight,
                x=x,
                y=y,
                prologue=prologue,
                epilogue=[*bias(product), *after],
            )
        )
        return y
