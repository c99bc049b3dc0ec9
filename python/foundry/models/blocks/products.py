"""Products with what is done to their input and result in the same kernel."""

from __future__ import annotations

from collections.abc import Sequence

from foundry import ops
from foundry._foundry import FusedKernelBuilder, Tensor
from foundry.models.config import ModelConfig
from foundry.models.weights import Norm, Product


def normalise(config: ModelConfig, norm: Norm | None) -> ops.Operation | None:
    """The stage that normalises a product's input, where it is to be."""
    if norm is None:
        return None
    if config.architecture.has_layer_norm:
        return ops.LayerNorm(weight=norm.weight, bias=norm.bias, epsilon=config.norm_epsilon)
    return ops.RmsNorm(weight=norm.weight, epsilon=config.norm_epsilon)


def bias(product: Product) -> list[ops.Operation]:
    return [] if product.bias is None else [ops.Bias(product.bias)]


def scaled(factor: float) -> list[ops.Operation]:
    return [] if factor == 1.0 else [ops.Scale(factor)]


def side_by_side(
    name: str,
    prologue: ops.Operation | None,
    products: Sequence[Product],
    x: Tensor,
    results: Sequence[Tensor],
) -> ops.Operation:
    """Products of one input in one kernel, each with its bias."""
    kernel = FusedKernelBuilder(name)
    if prologue is not None:
        kernel = kernel.prologue(prologue)
    for product in products:
        kernel = kernel.main(ops.Linear(weights=product.weight))
        for stage in bias(product):
            kernel = kernel.epilogue(stage)
    return kernel.build(x=x, y=list(results))
