"""The MLP, gated or plain, up to its last product."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import bias, corrections
from foundry.models.config import ModelConfig
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import Dense, Norm, Product


def activation(config: ModelConfig, layer: LayerConfig) -> ops.Operation:
    made: ops.Operation = getattr(ops, config.architecture.activation)(**dict(layer.activation))
    return made


def feed_forward(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    norm: Norm | None,
    weights: Dense,
    name: str = "feed-forward output",
) -> Tensor:
    """Adds the operations up to the activations, (tokens, feed-forward size), named so."""
    gate, up = weights.gate, weights.up
    inner = step.buffer(name, up.weight.shape[0])
    x, prologue = hidden.read(norm)
    made = activation(config, layer)
    found: list[Tensor] | None = None
    if weights.low_rank is not None:
        found = corrections(step, weights.low_rank, x, prologue)
    if gate is None or (found is not None and step.tokens > 1):
        _apart(step, gate, up, x, prologue, made, found, inner)
        return inner
    biases = [gate.bias, up.bias]
    if found is not None:
        biases = [correction.reshape(correction.size) for correction in found]
    step.add(
        ops.GatedLinear(
            gate=gate.weight,
            up=up.weight,
            x=x,
            y=inner,
            prologue=prologue,
            activation=made,
            gate_bias=biases[0],
            up_bias=biases[1],
        )
    )
    return inner


def _apart(
    step: Step,
    gate: Product | None,
    up: Product,
    x: Tensor,
    prologue: ops.Operation | None,
    activation: ops.Operation,
    found: list[Tensor] | None,
    inner: Tensor,
) -> None:
    """Product by product; the activation is of the gate, or of `up` where there is none."""
    first = gate or up
    own: list[ops.Operation] = bias(first) if found is None else [ops.Residual(found[0])]
    own.append(activation)
    if gate is not None and found is not None:
        ungated = step.buffer("ungated", up.weight.shape[0])
        added = [ops.Residual(found[1])]
        step.add(ops.Linear(weights=up.weight, x=x, y=ungated, prologue=prologue, epilogue=added))
        own.append(ops.Multiply(ungated))
    step.add(ops.Linear(weights=first.weight, x=x, y=inner, prologue=prologue, epilogue=own))
