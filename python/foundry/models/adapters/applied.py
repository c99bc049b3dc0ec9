"""Adapters beside a model's weights, which stay as and where they are.

All that is added to products of one input is one pair of matrices, however many adapters there are:
their low-rank inputs one below the other, and what goes back to the products' rows as blocks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from foundry._foundry import Foundry, Tensor
from foundry.errors import ModelError, UnsupportedModelError
from foundry.models.adapters.adapter import Adapter
from foundry.models.config import ModelConfig
from foundry.models.products import LowRank, Product
from foundry.models.tensors import TensorEntry
from foundry.models.weights import (
    AttentionWeights,
    Beside,
    Dense,
    Experts,
    LayerWeights,
    ModelWeights,
)

if TYPE_CHECKING:
    from foundry.huggingface.adapters import LowRankUpdate

_SUPPORTED = (
    "attn_q, attn_k, attn_v, attn_qkv, attn_output, ffn_gate, ffn_up, ffn_down, those of a shared "
    "expert, the router, output"
)


def apply(
    weights: ModelWeights,
    config: ModelConfig,
    tensors: Mapping[str, TensorEntry],
    adapters: Sequence[Adapter],
    runtime: Foundry,
) -> ModelWeights:
    """The weights with what the adapters add; `tensors` are the model file's.

    `ModelError` for an update of a tensor that the model has not, or of another shape,
    `UnsupportedModelError` for one that nothing is added to.
    """
    for adapter in adapters:
        for name, update in adapter.updates.items():
            _check(adapter, name, update, tensors.get(name))
    updates = _Updates(adapters, runtime)
    applied = replace(
        weights,
        layers=tuple(
            _layer(updates, config, tensors, f"blk.{index}.", layer)
            for index, layer in enumerate(weights.layers)
        ),
        output=updates.product("output", weights.output),
    )
    updates.check_all_taken()
    return applied


def _check(adapter: Adapter, name: str, update: LowRankUpdate, found: TensorEntry | None) -> None:
    down, up = update.down.shape, update.up.shape
    if found is None:
        raise ModelError(
            f"adapter {adapter.path}: has an update of '{name}', a tensor that the model has not"
        )
    if len(down) != 2 or len(up) != 2 or len(found.shape) != 2:
        return  # refused below, by its name
    if (up[0], down[1]) != found.shape or down[0] != up[1]:
        raise ModelError(
            f"adapter {adapter.path}: '{name}' has shapes {up} and {down}; the model's tensor has "
            f"{found.shape}"
        )


def _layer(
    updates: _Updates,
    config: ModelConfig,
    tensors: Mapping[str, TensorEntry],
    prefix: str,
    layer: LayerWeights,
) -> LayerWeights:
    names = [f"{prefix}attn_qkv"]
    if f"{names[0]}.weight" not in tensors:
        names = [f"{prefix}attn_{part}" for part in "qkv"]
    mlp, own = layer.feed_forward, layer.attention
    if isinstance(own, AttentionWeights):
        own = _attention(updates, names, own)
    return replace(
        layer,
        attention=own,
        attention_output=None
        if layer.attention_output is None
        else updates.product(f"{prefix}attn_output", layer.attention_output),
        feed_forward=_feed_forward(updates, config, prefix, mlp),
    )


def _feed_forward(
    updates: _Updates, config: ModelConfig, prefix: str, mlp: Dense | Experts | Beside | None
) -> Dense | Experts | Beside | None:
    if mlp is None:
        return None
    if isinstance(mlp, Beside):
        return replace(mlp, dense=_dense(updates, config, prefix, mlp.dense))
    if isinstance(mlp, Experts):
        return _experts(updates, config, prefix, mlp)
    return _dense(updates, config, prefix, mlp)


def _attention(updates: _Updates, names: Sequence[str], own: AttentionWeights) -> AttentionWeights:
    if own.key is None or own.value is None:
        return replace(own, query=updates.product(names[0], own.query))
    return replace(own, low_rank=updates.of(names, [own.query, own.key, own.value]))


def _dense(
    updates: _Updates, config: ModelConfig, prefix: str, mlp: Dense, kind: str = ""
) -> Dense:
    is_single = mlp.gate is None or config.architecture.fused_gate
    names = [f"{prefix}ffn_up{kind}"]
    if not is_single:
        names.insert(0, f"{prefix}ffn_gate{kind}")
    products = [mlp.up] if mlp.gate is None else [mlp.gate, mlp.up]
    return replace(
        mlp,
        low_rank=updates.of(names, products),
        down=updates.product(f"{prefix}ffn_down{kind}", mlp.down),
    )


def _experts(updates: _Updates, config: ModelConfig, prefix: str, experts: Experts) -> Experts:
    shared = experts.shared
    return replace(
        experts,
        router=updates.product(f"{prefix}ffn_gate_inp", experts.router),
        shared=None if shared is None else _dense(updates, config, prefix, shared, "_shexp"),
    )


class _Updates:
    """Takes updates out of the adapters."""

    def __init__(self, adapters: Sequence[Adapter], runtime: Foundry) -> None:
        self._adapters = adapters
        self._runtime = runtime
        self._taken: set[str] = set()

    def product(self, name: str, product: Product) -> Product:
        return replace(product, low_rank=self.of([name], [product]))

    def of(self, names: Sequence[str], products: Sequence[Product]) -> LowRank | None:
        """Of products of one input, whose matrices have these names, or one together."""
        sizes = tuple(product.weight.shape[-2] for product in products)
        columns = products[0].weight.shape[-1]
        heights = sizes if len(names) == len(products) else (sum(sizes),)
        placed: list[tuple[int, LowRankUpdate, float]] = []
        first = 0
        for name, height in zip(names, heights, strict=True):
            self._taken.add(f"{name}.weight")
            for adapter in self._adapters:
                update = adapter.updates.get(f"{name}.weight")
                if update is not None:
                    placed.append((first, update, adapter.scale))
            first += height
        if not placed:
            return None
        ranks = sum(len(update.down) for _, update, _ in placed)
        down, up = np.empty((ranks, columns), np.float32), np.zeros((first, ranks), np.float32)
        rank = 0
        for row, update, scale in placed:
            end = rank + len(update.down)
            down[rank:end] = update.down
            up[row : row + len(update.up), rank:end] = update.up * np.float32(scale)
            rank = end
        bias = _bias([product.bias for product in products], sizes)
        return LowRank(
            down=self._runtime.tensor(down, name=f"{names[0]}, adapted"),
            up=self._runtime.tensor(up, name=f"{names[0]}, adapted"),
            bias=None if bias is None else self._runtime.tensor(bias),
            sizes=sizes,
        )

    def check_all_taken(self) -> None:
        for adapter in self._adapters:
            for name in adapter.updates:
                if name not in self._taken:
                    raise UnsupportedModelError(
                        f"adapter {adapter.path}: unsupported update of '{name}'; supported: "
                        f"{_SUPPORTED}"
                    )


def _bias(
    biases: Sequence[Tensor | None], sizes: Sequence[int]
) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
    if all(bias is None for bias in biases):
        return None
    parts = [
        np.zeros(size, np.float32) if bias is None else np.asarray(bias.copy_to_host(), np.float32)
        for bias, size in zip(biases, sizes, strict=True)
    ]
    return np.concatenate(parts)
