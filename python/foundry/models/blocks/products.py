"""Products with what is done to their input and result in the same kernel."""

from __future__ import annotations

from collections.abc import Sequence

from foundry import ops
from foundry._foundry import FusedKernelBuilder, Tensor
from foundry.engine.step import Step
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


def add_to_hidden(
    step: Step, config: ModelConfig, product: Product, x: Tensor, after: Norm | None
) -> None:
    """The hidden state grows by the product of `x`, normalised where the architecture does."""
    hidden = step.buffer("hidden state", config.hidden)
    if after is None:
        step.add(
            ops.Linear(
                weights=product.weight,
                x=x,
                y=hidden,
                epilogue=[*bias(product), *scaled(config.residual_scale), ops.Residual(hidden)],
            )
        )
        return
    result = step.buffer("block output", config.hidden)
    step.add(
        ops.Linear(weights=product.weight, x=x, y=result, epilogue=bias(product)),
        ops.RmsNorm(weight=after.weight, x=result, y=result, epsilon=config.norm_epsilon),
        ops.Add(a=hidden, b=result, y=hidden),
    )
