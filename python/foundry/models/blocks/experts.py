"""A mixture of experts: a router chooses, and the weights of the chosen alone are read."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import DType, Tensor
from foundry.engine.step import Step
from foundry.models.blocks.feed_forward import activation, feed_forward
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import added, lowered
from foundry.models.config import ModelConfig
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import Experts, LayerWeights, Norm, Product

_FEW = 4
"""Tokens that are taken one by one; of more an expert's are taken together."""


def add_experts(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    weights: LayerWeights,
    experts: Experts,
) -> None:
    """The hidden state grows by the shares of each token's experts, and by the shared expert's."""
    sizes = config.experts
    mixture = config.architecture.mixture
    assert sizes is not None and mixture is not None
    norm = weights.feed_forward_norm
    x, prologue = hidden.read(norm)
    logits = step.buffer("router logits", sizes.count)
    shares = step.buffer("experts' shares", sizes.used)
    ids = step.integers("experts", (step.tokens, sizes.used), DType.i32)
    own = added(step, experts.router, x, prologue)
    step.add(
        ops.Linear(
            weights=experts.router.weight,
            x=x,
            y=logits,
            prologue=prologue,
            epilogue=own,
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
            x=x,
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
        shared = feed_forward(
            step, config, hidden, layer, norm, experts.shared, "shared expert's output"
        )
        if experts.shared_share is not None:
            _add_share(step, config, hidden, norm, experts.shared_share)
    _add_shares(step, hidden.state, experts.down, ids, inner, shares, groups)
    if experts.shared is not None and shared is not None:
        _add_shared(step, hidden, experts, experts.shared.down, shared)


def _groups(step: Step, ids: Tensor, experts: int) -> Tensor | None:
    if step.tokens <= _FEW:
        return None
    size = ops.expert_groups(step.tokens, ids.shape[1], experts)
    groups = step.integers(f"groups of {experts} experts", (size,), DType.u32)
    step.add(ops.GroupExperts(ids=ids, groups=groups))
    return groups


def _add_shares(
    step: Step,
    hidden: Tensor,
    down: Product,
    ids: Tensor,
    inner: Tensor,
    shares: Tensor,
    groups: Tensor | None,
) -> None:
    scratch = None
    if groups is not None:
        scratch = step.scratch(f"{ids.size} results", ids.size * hidden.shape[1])
    step.add(
        ops.ExpertLinear(
            weights=down.weight,
            ids=ids,
            x=inner,
            y=hidden,
            shares=shares,
            groups=groups,
            scratch=scratch,
            bias=down.bias,
            epilogue=[ops.Residual(hidden)],
        )
    )


def _add_share(
    step: Step, config: ModelConfig, hidden: Hidden, norm: Norm | None, share: Tensor
) -> None:
    """What the shared expert's result is multiplied by, a number for each token."""
    x, prologue = hidden.read(norm)
    step.add(
        ops.Linear(
            weights=share.reshape(1, config.hidden),
            x=x,
            y=step.buffer("shared expert's share", 1),
            prologue=prologue,
            epilogue=[ops.Sigmoid()],
        )
    )


def _add_shared(step: Step, hidden: Hidden, experts: Experts, down: Product, inner: Tensor) -> None:
    if experts.shared_share is None:
        hidden.add(down, inner, None)
        return
    # A mixture of one, which every token chooses.
    ids = step.integers("shared expert", (step.tokens, 1), DType.i32)
    step.add(ops.Fill(y=ids, value=0))
    share = step.buffer("shared expert's share", 1)
    groups = _groups(step, ids, 1)
    _add_shares(step, hidden.state, _alone(down.weight, down.bias), ids, inner, share, groups)
    if down.low_rank is not None:
        low = lowered(step, down.low_rank, inner, None)
        _add_shares(step, hidden.state, _alone(down.low_rank.up, None), ids, low, share, groups)


def _alone(weight: Tensor, bias: Tensor | None) -> Product:
    """The only one of several experts."""
    return Product(
        weight.reshape(1, *weight.shape), None if bias is None else bias.reshape(1, bias.size)
    )
