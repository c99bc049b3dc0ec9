"""The MLP, gated or plain, up to its last product."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.products import bias, normalise, side_by_side
from foundry.models.config import ModelConfig
from foundry.models.weights import LayerWeights, Norm

_GATED = {"Silu": ops.SwiGlu, "Gelu": ops.GeGlu}
"""What a gate's activation and the multiplication are together."""


def feed_forward(
    step: Step, config: ModelConfig, weights: LayerWeights, norm: Norm | None
) -> Tensor:
    """Adds the operations up to the activations, (tokens, feed-forward size)."""
    hidden = step.buffer("hidden state", config.hidden)
    inner = step.buffer("feed-forward output", config.feed_forward)
    prologue = normalise(config, norm)
    activation = config.architecture.activation
    gate, up = weights.gate, weights.up
    if gate is None:
        step.add(
            ops.Linear(
                weights=up.weight,
                x=hidden,
                y=inner,
                prologue=prologue,
                epilogue=[*bias(up), getattr(ops, activation)()],
            )
        )
    elif gate.bias is None and up.bias is None:
        step.add(
            ops.GatedLinear(
                gate=gate.weight,
                up=up.weight,
                x=hidden,
                y=inner,
                prologue=prologue,
                activation=getattr(ops, activation)(),
            )
        )
    else:
        other = step.buffer("up", config.feed_forward)
        step.add(
            side_by_side("gate_up", prologue, [gate, up], hidden, [inner, other]),
            _GATED[activation](gate=inner, up=other, y=inner),
        )
    return inner
