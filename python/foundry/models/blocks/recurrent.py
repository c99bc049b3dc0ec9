"""Recurrent layers: what they keep of earlier tokens is of one size, however many those are."""

from __future__ import annotations

from collections.abc import Mapping

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.delta_net import delta_net
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import added, linear
from foundry.models.config import ModelConfig
from foundry.models.products import Norm, Product
from foundry.models.recurrent_config import (
    DeltaNetConfig,
    Mamba2Config,
    RecurrentConfig,
    ShortConvConfig,
)
from foundry.models.recurrent_weights import (
    DeltaNetWeights,
    Mamba2Weights,
    RecurrentWeights,
    ShortConvWeights,
)


def recur(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    norm: Norm | None,
    layer: RecurrentConfig,
    weights: RecurrentWeights,
    state: Mapping[str, Tensor],
) -> tuple[Tensor, ops.Operation | None]:
    """Adds the operations up to the input of the layer's last product: it, and what is done to it
    as it is read."""
    if isinstance(layer, ShortConvConfig):
        assert isinstance(weights, ShortConvWeights)
        return _short_conv(step, hidden, norm, layer, weights, state), None
    if isinstance(layer, DeltaNetConfig):
        assert isinstance(weights, DeltaNetWeights)
        return delta_net(step, config, hidden, norm, layer, weights, state), None
    assert isinstance(weights, Mamba2Weights)
    return _mamba2(step, config, hidden, norm, layer, weights, state)


def _short_conv(
    step: Step,
    hidden: Hidden,
    norm: Norm | None,
    layer: ShortConvConfig,
    weights: ShortConvWeights,
    state: Mapping[str, Tensor],
) -> Tensor:
    """As LFM 2 has it (Liquid AI 2025): the first third gates what is convolved, the second the
    result."""
    size = layer.channels
    parts = _product(step, hidden, norm, weights.input, "convolution's input")
    mixed = step.buffer("convolution's output", size)
    step.add(
        ops.CausalConv(
            x=parts[:, 2 * size :],
            weights=weights.convolution,
            state=state["inputs"],
            y=mixed,
            input_gate=parts[:, :size],
            output_gate=parts[:, size : 2 * size],
            places=step.places,
        )
    )
    return mixed


def _mamba2(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    norm: Norm | None,
    layer: Mamba2Config,
    weights: Mamba2Weights,
    state: Mapping[str, Tensor],
) -> tuple[Tensor, ops.Operation | None]:
    inner, end = layer.inner, layer.inner + layer.channels
    parts = _product(step, hidden, norm, weights.input, "scan's parts")
    convolved = step.buffer("convolution's output", layer.channels)
    scanned = step.buffer("scan's output", inner)
    step.add(
        ops.CausalConv(
            x=parts[:, inner:end],
            weights=weights.convolution,
            state=state["inputs"],
            y=convolved,
            bias=weights.convolution_bias,
            silu=True,
            places=step.places,
        ),
        ops.SsmScan(
            xbc=convolved,
            dt=parts[:, end:],
            a=weights.rate,
            state=state["scan"],
            y=scanned,
            dt_bias=weights.time_bias,
            d=weights.own,
            gate=parts[:, :inner],
            places=step.places,
        ),
    )
    if weights.norm is None:
        return scanned, None
    if layer.groups == 1:
        return scanned, ops.RmsNorm(weight=weights.norm.reshape(inner), epsilon=config.norm_epsilon)
    rows = scanned.reshape(step.tokens * layer.groups, inner // layer.groups)
    step.add(ops.RmsNorm(x=rows, y=rows, weight=weights.norm, epsilon=config.norm_epsilon))
    return scanned, None


def _product(step: Step, hidden: Hidden, norm: Norm | None, product: Product, name: str) -> Tensor:
    x, prologue = hidden.read(norm)
    result = step.buffer(name, product.weight.shape[0])
    own = added(step, product, x, prologue)
    step.add(linear(step, weights=product.weight, x=x, y=result, prologue=prologue, epilogue=own))
    return result
