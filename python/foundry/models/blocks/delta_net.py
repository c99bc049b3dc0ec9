"""The gated delta net: a matrix for each head, which every token corrects (Yang et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import corrections, side_by_side
from foundry.models.config import ModelConfig
from foundry.models.products import Norm
from foundry.models.recurrent_config import DeltaNetConfig
from foundry.models.recurrent_weights import DeltaNetWeights


def delta_net(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    norm: Norm | None,
    layer: DeltaNetConfig,
    weights: DeltaNetWeights,
    state: Mapping[str, Tensor],
) -> Tensor:
    """As Qwen 3 Next has it: all products of the input in one kernel, a convolution, the rule, and
    a norm of each head with a gate. (tokens, inner)."""
    mixed, gate, beta, decay = _input(step, hidden, norm, layer, weights)
    convolved = step.buffer("convolution's output", layer.channels)
    answers = step.buffer("delta net's output", layer.inner)
    of_keys = layer.key_heads * layer.size
    q, k, v = (
        convolved[:, first:end].reshape(step.tokens, (end - first) // layer.size, layer.size)
        for first, end in (
            (0, of_keys),
            (of_keys, 2 * of_keys),
            (2 * of_keys, layer.channels),
        )
    )
    rows = answers.reshape(step.tokens * layer.heads, layer.size)
    step.add(
        ops.CausalConv(
            x=mixed,
            weights=weights.convolution,
            state=state["inputs"],
            y=convolved,
            silu=True,
            places=step.places,
        ),
        ops.GatedDeltaNet(
            q=q,
            k=k,
            v=v,
            decay=decay,
            beta=beta,
            state=state["memory"],
            y=answers.reshape(step.tokens, layer.heads, layer.size),
            decay_scale=weights.decay_scale,
            decay_bias=weights.decay_bias,
            epsilon=config.norm_epsilon,
            tiled=config.architecture.tiled_heads,
            places=step.places,
        ),
        ops.RmsNorm(
            weight=weights.norm,
            epsilon=config.norm_epsilon,
            x=rows,
            y=rows,
            gate=gate.reshape(step.tokens * layer.heads, layer.size),
        ),
    )
    return answers


def _input(
    step: Step,
    hidden: Hidden,
    norm: Norm | None,
    layer: DeltaNetConfig,
    weights: DeltaNetWeights,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What is convolved, the gate of the result, and of each head what is taken of a difference and
    what decays."""
    x, prologue = hidden.read(norm)
    mixed = step.buffer("convolution's input", layer.channels)
    gate = step.buffer("delta net's gate", layer.inner)
    is_one = len(weights.rates) == 1
    names = ("both rates",) if is_one else ("what is taken", "what is kept")
    rates = [
        step.buffer(name, product.weight.shape[0])
        for name, product in zip(names, weights.rates, strict=True)
    ]
    products = [weights.input, weights.gate, *weights.rates]
    found = None
    if weights.low_rank is not None:
        found = corrections(step, weights.low_rank, x, prologue)
    side_by_side(step, "delta_net", prologue, products, x, [mixed, gate, *rates], found)
    if not is_one:
        return mixed, gate, rates[0], rates[1]
    of_group = layer.heads // layer.key_heads
    both = rates[0].reshape(step.tokens, layer.key_heads, 2 * of_group)
    return mixed, gate, both[:, :, :of_group], both[:, :, of_group:]
