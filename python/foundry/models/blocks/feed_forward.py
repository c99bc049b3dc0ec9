"""The MLP, gated or plain, up to its last product."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import FusedKernelBuilder, Tensor
from foundry.engine.step import Step
from foundry.models.blocks.products import bias, corrections, linear, with_epilogues
from foundry.models.config import ModelConfig
from foundry.models.layer_config import LayerConfig
from foundry.models.products import Product
from foundry.models.weights import Dense


def activation(config: ModelConfig, layer: LayerConfig) -> ops.Operation:
    made: ops.Operation = getattr(ops, config.architecture.activation)(**dict(layer.activation))
    return made


def first_half(
    config: ModelConfig, layer: LayerConfig, weights: Dense, added: list[Tensor] | None = None
) -> tuple[ops.Operation, list[ops.Operation]]:
    """The main stage that gives the activations, and its epilogues. `added` stands for the biases,
    of one token or of an MLP without a gate."""
    gate, up = weights.gate, weights.up
    if gate is None:
        own: list[ops.Operation] = bias(up) if added is None else [ops.Residual(added[0])]
        return ops.Linear(weights=up.weight), [*own, activation(config, layer)]
    biases = [gate.bias, up.bias]
    if added is not None:
        biases = [correction.reshape(correction.size) for correction in added]
    gated = ops.GatedLinear(
        gate=gate.weight,
        up=up.weight,
        activation=activation(config, layer),
        gate_bias=biases[0],
        up_bias=biases[1],
    )
    return gated, []


def feed_forward(
    step: Step,
    config: ModelConfig,
    layer: LayerConfig,
    weights: Dense,
    x: Tensor,
    prologue: ops.Operation | None,
    name: str = "feed-forward output",
) -> Tensor:
    """Adds the operations up to the activations, (tokens, feed-forward size), named so."""
    inner = step.buffer(name, weights.up.weight.shape[0])
    found: list[Tensor] | None = None
    if weights.low_rank is not None:
        found = corrections(step, weights.low_rank, x, prologue)
    if weights.gate is not None and found is not None and step.tokens > 1:
        made = activation(config, layer)
        _apart(step, weights.gate, weights.up, x, prologue, made, found, inner)
        return inner
    main, epilogues = first_half(config, layer, weights, found)
    kernel = FusedKernelBuilder("feed_forward")
    if prologue is not None:
        kernel = kernel.prologue(prologue)
    step.add(
        with_epilogues(kernel.main(main), epilogues).build(x=x, y=inner, scratch=step.planes(x))
    )
    return inner


def _apart(
    step: Step,
    gate: Product,
    up: Product,
    x: Tensor,
    prologue: ops.Operation | None,
    activation: ops.Operation,
    found: list[Tensor],
    inner: Tensor,
) -> None:
    """Gate and product one after the other."""
    ungated = step.buffer("ungated", up.weight.shape[0])
    added = [ops.Residual(found[1])]
    step.add(linear(step, weights=up.weight, x=x, y=ungated, prologue=prologue, epilogue=added))
    own = [ops.Residual(found[0]), activation, ops.Multiply(ungated)]
    step.add(linear(step, weights=gate.weight, x=x, y=inner, prologue=prologue, epilogue=own))
