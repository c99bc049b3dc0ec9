"""A mixture of experts: a router chooses, and the weights of the chosen alone are read."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import DType, Tensor
from foundry.engine.step import Step
from foundry.models.blocks.feed_forward import activation, feed_forward
from foundry.models.blocks.products import add_to_hidden, bias, normalise
from foundry.models.config import LayerConfig, ModelConfig
from foundry.models.weights import Dense, Experts, LayerWeights

_FEW = 4
"""Tokens that are taken one by one; of more an expert's are taken together."""


def add_experts(
    step: Step, config: ModelConfig, layer: LayerConfig, weights: LayerWeights, experts: Experts
) -> None:
    """The hidden state grows by the shares of each token's experts, and by the shared expert's."""
    sizes = config.experts
    mixture = config.architecture.mixture
    assert sizes is not None and mixture is not None
    hidden = step.buffer("hidden state", config.hidden)
    prologue = normalise(config, weights.feed_forward_norm)
    logits = step.buffer("router logits", sizes.count)
    shares = step.buffer("experts' shares", sizes.used)
    ids = step.integers("experts", (step.tokens, sizes.used), DType.i32)
    step.add(
        ops.Linear(
            weights=experts.router.weight,
            x=hidden,
            y=logits,
            prologue=prologue,
            epilogue=bias(experts.router),
        ),
        ops.ChooseExperts(
            logits=logits,
            ids=ids,
            shares=shares,
            gating=getattr(ops.ExpertGating, mixture.gating),
            normalised=mixture.normalised,
            scale=sizes.scale * config.residual_scale,
        ),
    )
    groups = _groups(step, ids, sizes.count)
    inner = step.buffer("experts' output", sizes.inner, step.tokens * sizes.used)
    step.add(
        ops.ExpertGatedLinear(
            gate=experts.gate.weight,
            up=experts.up.weight,
            ids=ids,
            x=hidden,
            y=inner,
            groups=groups,
            prologue=prologue,
            activation=activation(config, layer),
            gate_bias=experts.gate.bias,
            up_bias=experts.up.bias,
        )
    )
    # Reads the hidden state before the experts add to it.
    shared = None
    if experts.shared is not None:
        norm = weights.feed_forward_norm
        shared = feed_forward(step, config, layer, norm, experts.shared, "shared expert's output")
        if experts.shared_share is not None:
            _add_share(step, config, weights, experts)
    _add_shares(step, config, experts.down.weight, experts.down.bias, ids, inner, shares, groups)
    if experts.shared is not None and shared is not None:
        _add_shared(step, config, experts, experts.shared, shared)


def _groups(step: Step, ids: Tensor, experts: int) -> Tensor | None:
    if step.tokens <= _FEW:
        return None
    size = ops.expert_groups(step.tokens, ids.shape[1], experts)
    groups = step.integers(f"groups of {experts} experts", (size,), DType.u32)
    step.add(ops.GroupExperts(ids=ids, groups=groups))
    return groups


def _add_shares(
    step: Step,
    config: ModelConfig,
    down: Tensor,
    bias: Tensor | None,
    ids: Tensor,
    inner: Tensor,
    shares: Tensor,
    groups: Tensor | None,
) -> None:
    hidden = step.buffer("hidden state", config.hidden)
    scratch = None
    if groups is not None:
        scratch = step.scratch(f"{ids.size} results", ids.size * config.hidden)
    step.add(
        ops.ExpertLinear(
            weights=down,
            ids=ids,
            x=inner,
            y=hidden,
            shares=shares,
            groups=groups,
            scratch=scratch,
            bias=bias,
            epilogue=[ops.Residual(hidden)],
        )
    )


def _add_share(step: Step, config: ModelConfig, weights: LayerWeights, experts: Experts) -> None:
    """What the shared expert's result is multiplied by, a number for each token."""
    assert experts.shared_share is not None
    step.add(
        ops.Linear(
            weights=experts.shared_share.reshape(1, config.hidden),
            x=step.buffer("hidden state", config.hidden),
            y=step.buffer("shared expert's share", 1),
            prologue=normalise(config, weights.feed_forward_norm),
            epilogue=[ops.Sigmoid()],
        )
    )


def _add_shared(
    step: Step, config: ModelConfig, experts: Experts, shared: Dense, inner: Tensor
) -> None:
    if experts.shared_share is None:
        add_to_hidden(step, config, shared.down, inner, None)
        return
    # A mixture of one, which every token chooses.
    ids = step.integers("shared expert", (step.tokens, 1), DType.i32)
    step.add(ops.Fill(y=ids, value=0))
    down = shared.down.weight
    _add_shares(
        step,
        config,
        down.reshape(1, *down.shape),
        None,
        ids,
        inner,
        step.buffer("shared expert's share", 1),
        _groups(step, ids, 1),
    )
