"""What tokens bring to every layer (Gemma Team, "Gemma 3n", 2025): rows of a table of their own."""

from __future__ import annotations

import math

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.feed_forward import activation
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import added, linear
from foundry.models.config import ModelConfig
from foundry.models.weights import LayerInputs, LayerWeights


def layer_inputs(step: Step, config: ModelConfig, hidden: Hidden, weights: LayerInputs) -> Tensor:
    """f32 (layers * tokens, layer input): the table's rows, and a product of the embedding that is
    normalised layer by layer; times the root of 2."""
    layers, size = config.layers, config.layer_input
    rows = step.buffer("rows of layers", layers * size)
    found = step.buffer("inputs of tokens", layers * size)
    by_layer = (step.tokens * layers, size)
    step.add(
        ops.Embedding(table=weights.table, ids=step.ids, y=rows, scale=math.sqrt(size)),
        linear(
            step,
            weights=weights.projection.weight,
            x=hidden.state,
            y=found,
            epilogue=[
                *added(step, weights.projection, hidden.state, None),
                ops.Scale(1.0 / math.sqrt(config.hidden)),
            ],
        ),
        ops.RmsNorm(
            weight=weights.norm,
            epsilon=config.norm_epsilon,
            x=found.reshape(by_layer),
            y=found.reshape(by_layer),
            residual=rows.reshape(by_layer),
        ),
    )
    if step.tokens == 1:
        return found.reshape(by_layer)
    turned = step.buffer("inputs of layers", size, layers * step.tokens)
    step.add(
        ops.KvRearrange(
            x=found.reshape(step.tokens, layers, size), y=turned.reshape(layers, step.tokens, size)
        )
    )
    return turned


def add_layer_input(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    weights: LayerWeights,
    own: Tensor,
    index: int,
) -> None:
    """The hidden state grows by what is brought to layer `index`, gated by the state."""
    of = weights.input
    assert of is not None
    gated = step.buffer("input of a layer", config.layer_input)
    x, prologue = hidden.read(None)
    step.add(
        linear(
            step,
            weights=of.gate.weight,
            x=x,
            y=gated,
            prologue=prologue,
            epilogue=[
                *added(step, of.gate, x, prologue),
                activation(config, config.of_layers[index]),
                ops.Multiply(own),
                ops.Scale(math.sqrt(0.5)),
            ],
        )
    )
    hidden.add(of.projection, gated, of.norm)
