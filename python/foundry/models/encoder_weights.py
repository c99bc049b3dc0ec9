"""The weights of a model that embeds texts: before its layers, and after pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import Foundry, Tensor
from foundry.models.config import ModelConfig
from foundry.models.products import Norm, Product, bind_product
from foundry.models.tensors import TensorSource
from foundry.models.weights import LayerWeights, bind_layer, bind_norm, bind_rope_factors

_UNUSED = ("output.weight", "output.bias")
"""The language head of models that had one."""


@dataclass(frozen=True)
class EncoderWeights:
    """What makes states of tokens."""

    embedding: Tensor
    positions: Tensor | None
    token_type: Tensor | None
    """(hidden,): that of type 0, which all tokens of a text are of, as in llama.cpp."""
    embedding_norm: Norm | None
    layers: tuple[LayerWeights, ...]
    output_norm: Norm | None
    slopes: Tensor | None
    """(heads,): of ALiBi."""


@dataclass(frozen=True)
class HeadWeights:
    """What makes an embedding, or the scores of labels, of a pooled state."""

    dense: tuple[Product, ...]
    classifier: Product | None
    """Its tanh (GELU in ModernBERT) goes on, through a norm where there is one."""
    classifier_norm: Norm | None
    labels: Product | None

    @property
    def ranks(self) -> bool:
        return self.classifier is not None or self.labels is not None


def bind_encoder(
    source: TensorSource, config: ModelConfig, context_length: int, runtime: Foundry
) -> EncoderWeights:
    """As `weights.bind()` raises."""
    architecture = config.architecture
    hidden = (config.hidden,)
    embedding = source.take(
        "token_embd.weight", (source.rows_of("token_embd.weight"), config.hidden)
    )
    positions = None
    if architecture.pairing is None and not architecture.alibi:
        positions = source.take("position_embd.weight", (config.positions, config.hidden))
    token_type = None
    if architecture.bidirectional and source.has("token_types.weight"):
        rows = source.rows_of("token_types.weight")
        token_type = source.take("token_types.weight", (rows, config.hidden))[:1].reshape(*hidden)
    factors = bind_rope_factors(source, config, context_length, runtime)
    output_norm = architecture.output_norm
    for name in _UNUSED:
        source.pass_over(name)
    return EncoderWeights(
        embedding=embedding,
        positions=positions,
        token_type=token_type,
        embedding_norm=bind_norm(source, config, "token_embd_norm")
        if architecture.embedding_norm
        else None,
        layers=tuple(
            bind_layer(source, config, index, factors[index]) for index in range(config.layers)
        ),
        output_norm=None if output_norm is None else bind_norm(source, config, output_norm),
        slopes=runtime.tensor(_slopes(config.attention.heads, architecture.alibi), name="slopes")
        if architecture.alibi
        else None,
    )


def bind_head(source: TensorSource, config: ModelConfig) -> HeadWeights:
    """As `weights.bind()` raises."""
    hidden, dense, width = config.hidden, list[Product](), config.hidden
    for name in ("dense_2", "dense_3"):
        if source.has(f"{name}.weight"):
            rows = source.rows_of(f"{name}.weight")
            dense.append(bind_product(source, name, rows, width))
            width = rows

    def product(name: str) -> Product | None:
        if not source.has(f"{name}.weight"):
            return None
        return bind_product(source, name, source.rows_of(f"{name}.weight"), hidden)

    return HeadWeights(
        dense=tuple(dense),
        classifier=product("cls"),
        classifier_norm=bind_norm(source, config, "cls.norm")
        if source.has("cls.norm.weight")
        else None,
        labels=product("cls.output"),
    )


def _slopes(heads: int, most: float) -> NDArray[np.float32]:
    """Press et al. 2022; for a number of heads that is no power of two every second one of twice
    as many goes on after those of the power below."""
    power = 1 << heads.bit_length() - 1
    steps = [i + 1 for i in range(power)] + [i + 0.5 for i in range(heads - power)]
    return np.exp2(-most / power * np.array(steps)).astype(np.float32)
