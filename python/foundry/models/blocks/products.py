"""Products with what is done to their input and result in the same kernel."""

from __future__ import annotations

from collections.abc import Sequence

from foundry import ops
from foundry._foundry import FusedKernelBuilder, Tensor
from foundry.engine.step import Step
from foundry.models.config import ModelConfig
from foundry.models.products import LowRank, Norm, Product


def normalise(config: ModelConfig, norm: Norm | None) -> ops.Operation | None:
    """The stage that normalises a product's input, where it is to be."""
    if norm is None:
        return None
    if config.architecture.has_layer_norm:
        return ops.LayerNorm(weight=norm.weight, bias=norm.bias, epsilon=config.norm_epsilon)
    return ops.RmsNorm(weight=norm.weight, epsilon=config.norm_epsilon)


def linear(
    step: Step,
    weights: Tensor,
    x: Tensor,
    y: Tensor,
    *,
    prologue: ops.Operation | None = None,
    epilogue: Sequence[ops.Operation] = (),
) -> ops.Operation:
    """A product that runs on matrix units where the device has some: with the step's scratch."""
    return ops.Linear(
        weights=weights,
        x=x,
        y=y,
        prologue=prologue,
        epilogue=epilogue,
        scratch=step.planes(x),
    )


def bias(product: Product) -> list[ops.Operation]:
    return [] if product.bias is None else [ops.Bias(product.bias)]


def lowered(step: Step, low_rank: LowRank, x: Tensor, prologue: ops.Operation | None) -> Tensor:
    """f32 (tokens, ranks)."""
    ranks, tokens = low_rank.down.shape[0], x.shape[0]
    inner = step.buffer(f"{tokens} x {ranks} of low rank", ranks, tokens)
    step.add(linear(step, weights=low_rank.down, x=x, y=inner, prologue=prologue))
    return inner


def corrections(
    step: Step, low_rank: LowRank, x: Tensor, prologue: ops.Operation | None
) -> list[Tensor]:
    """What is added to each product, its bias too: f32 (tokens, outputs). For one token they are
    one product, and may be biases of a kernel that knows nothing of adapters."""
    total, tokens = low_rank.up.shape[0], x.shape[0]
    inner = lowered(step, low_rank, x, prologue)
    ends = [sum(low_rank.sizes[: index + 1]) for index in range(len(low_rank.sizes))]
    rows = [slice(end - size, end) for size, end in zip(low_rank.sizes, ends, strict=True)]
    if tokens == 1:
        whole = step.buffer(f"{total} corrections", total, 1)
        step.add(_up(step, low_rank, slice(0, total), inner, whole))
        return [whole.reshape(total)[own].reshape(1, own.stop - own.start) for own in rows]
    found = []
    for index, own in enumerate(rows):
        name = f"{tokens} x {total} corrections, {index}"
        found.append(step.buffer(name, own.stop - own.start, tokens))
        step.add(_up(step, low_rank, own, inner, found[-1]))
    return found


def _up(step: Step, low_rank: LowRank, rows: slice, inner: Tensor, y: Tensor) -> ops.Operation:
    own = [] if low_rank.bias is None else [ops.Bias(low_rank.bias[rows])]
    return linear(step, weights=low_rank.up[rows], x=inner, y=y, epilogue=own)


def added(
    step: Step, product: Product, x: Tensor, prologue: ops.Operation | None
) -> list[ops.Operation]:
    """The stages that add a product's bias, or all that is added to it, of which the operations
    come first."""
    if product.low_rank is None:
        return bias(product)
    return [ops.Residual(*corrections(step, product.low_rank, x, prologue))]


def scaled(factor: float) -> list[ops.Operation]:
    return [] if factor == 1.0 else [ops.Scale(factor)]


def with_epilogues(
    kernel: FusedKernelBuilder, stages: Sequence[ops.Operation]
) -> FusedKernelBuilder:
    for stage in stages:
        kernel = kernel.epilogue(stage)
    return kernel


def side_by_side(
    step: Step,
    name: str,
    prologue: ops.Operation | None,
    products: Sequence[Product],
    x: Tensor,
    results: Sequence[Tensor],
    corrections: Sequence[Tensor] | None = None,
) -> None:
    """Adds products of one input in one kernel, each with its bias, or what else is added to it."""
    kernel = FusedKernelBuilder(name)
    if prologue is not None:
        kernel = kernel.prologue(prologue)
    for index, product in enumerate(products):
        own = bias(product) if corrections is None else [ops.Residual(corrections[index])]
        kernel = with_epilogues(kernel.main(ops.Linear(weights=product.weight)), own)
    step.add(kernel.build(x=x, y=list(results), scratch=step.planes(x)))
