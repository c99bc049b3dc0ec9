"""Matrices and norms with what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass

from foundry._foundry import Tensor
from foundry.models.tensors import TensorSource


@dataclass(frozen=True)
class LowRank:
    """What adapters add to products of one input, their rows one after the other: `up` times
    `down`, and the products' own biases."""

    down: Tensor
    """f32 (ranks, inputs)."""
    up: Tensor
    """f32 (outputs of all, ranks)."""
    bias: Tensor | None
    """f32 (outputs of all,)."""
    sizes: tuple[int, ...]
    """Outputs of each."""


@dataclass(frozen=True)
class Product:
    """A matrix (outputs, inputs) and a bias (outputs,)."""

    weight: Tensor
    bias: Tensor | None
    low_rank: LowRank | None = None
    """Of this product alone; those of several stand beside them."""


@dataclass(frozen=True)
class Norm:
    """A factor and a summand for each element of a row."""

    weight: Tensor
    bias: Tensor | None


def bind_product(source: TensorSource, name: str, rows: int, columns: int) -> Product:
    return Product(
        source.take(f"{name}.weight", (rows, columns)), source.take_if(f"{name}.bias", (rows,))
    )


def rows_of(whole: Product, first: int, count: int) -> Product:
    """Some of the outputs, in place."""
    rows = slice(first, first + count)
    return Product(whole.weight[rows], None if whole.bias is None else whole.bias[rows])
