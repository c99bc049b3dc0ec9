"""The MLP, gated or plain, up to its last product."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import bias
from foundry.models.config import LayerConfig, ModelConfig
from foundry.models.weights import Dense, Norm


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
    if gate is None:
        step.add(
            ops.Linear(
                weights=up.weight,
                x=x,
                y=inner,
                prologue=prologue,
                epilogue=[*bias(up), activation(config, layer)],
            )
        )
    else:
        step.add(
            ops.GatedLinear(
                gate=gate.weight,
                up=up.weight,
                x=x,
                y=inner,
                prologue=prologue,
                activation=activation(config, layer),
                gate_bias=gate.bias,
                up_bias=up.bias,
            )
        )
    return inner
