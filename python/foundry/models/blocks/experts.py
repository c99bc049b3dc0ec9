"""A mixture of experts: a router chooses, and the weights of the chosen alone are read."""

from __future__ import annotations

import math

from foundry import ops
from foundry._foundry import DType, FusedKernelBuilder, Tensor
from foundry.engine.step import FEW, Step
from foundry.models.blocks.feed_forward import activation, feed_forward, first_half
from foundry.models.blocks.hidden import Hidden
from foundry.models.blocks.products import added, linear, with_epilogues
from foundry.models.config import ModelConfig
from foundry.models.layer_config import LayerConfig
from foundry.models.weights import Beside, Experts, LayerWeights


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
    assert sizes is not None
    x, prologue = hidden.read(weights.feed_forward_norm)
    shares = step.buffer("experts' shares", sizes.used)
    ids = step.integers("experts", (step.tokens, sizes.used), DType.i32)
    logits, shared, share = _add_router(step, config, layer, experts, x, prologue)
    step.add(
        ops.ChooseExperts(
            logits=logits,
            ids=ids,
            shares=shares,
            bias=experts.choice_bias,
            gating=getattr(ops.ExpertGating, sizes.gating),
            normalised=sizes.normalised,
            scale=sizes.scale * config.residual_scale,
            groups=sizes.groups,
            groups_used=sizes.groups_used,
        ),
    )
    _add_chosen(step, config, layer, experts, ids, shares, x, prologue, hidden.state)
    if experts.shared is not None:
        assert shared is not None
        hidden.add(experts.shared.down, shared, None, share)


def mix_experts(
    step: Step,
    config: ModelConfig,
    hidden: Hidden,
    layer: LayerConfig,
    of: Beside,
    y: Tensor,
) -> None:
    """`y` becomes the sum of the shares of each token's experts, which have norms of their own."""
    sizes = config.experts
    assert sizes is not None
    x, prologue = hidden.read(of.router_norm)
    logits = step.buffer("router logits", sizes.count)
    shares = step.buffer("experts' shares", sizes.used)
    ids = step.integers("experts", (step.tokens, sizes.used), DType.i32)
    scale = 1.0 / math.sqrt(config.hidden)
    step.add(
        linear(
            step,
            weights=of.experts.router.weight,
            x=x,
            y=logits,
            prologue=prologue,
            epilogue=[*added(step, of.experts.router, x, prologue), ops.Scale(scale)],
        ),
        ops.ChooseExperts(
            logits=logits,
            ids=ids,
            shares=shares,
            gating=getattr(ops.ExpertGating, sizes.gating),
            normalised=sizes.normalised,
            scale=sizes.scale,
        ),
    )
    scales = None
    if of.scales is not None:
        scales = step.buffer("experts' scales", 1, ids.size)
        table = of.scales.reshape(sizes.count, 1)
        step.add(ops.Embedding(table=table, ids=ids.reshape(ids.size), y=scales))
    x, prologue = hidden.read(of.experts_before)
    _add_chosen(step, config, layer, of.experts, ids, shares, x, prologue, y, scales, adds=False)


def _add_chosen(
    step: Step,
    config: ModelConfig,
    layer: LayerConfig,
    experts: Experts,
    ids: Tensor,
    shares: Tensor,
    x: Tensor,
    prologue: ops.Operation | None,
    y: Tensor,
    scales: Tensor | None = None,
    adds: bool = True,
) -> None:
    """`y` grows by the shares of the experts chosen, or becomes their sum. `scales` are of the
    results of each choice."""
    sizes = config.experts
    assert sizes is not None
    groups = _groups(step, ids, sizes.count)
    inner = step.buffer("experts' output", sizes.inner, step.tokens * sizes.used)
    step.add(_first_half(config, layer, experts, ids, x, prologue, inner, groups, scales))
    scratch = None
    if groups is not None:
        scratch = step.scratch(f"{ids.size} results", ids.size * y.shape[1])
    step.add(
        ops.ExpertLinear(
            weights=experts.down.weight,
            ids=ids,
            x=inner,
            y=y,
            shares=shares,
            groups=groups,
            scratch=scratch,
            bias=experts.down.bias,
            epilogue=[ops.Residual(y)] if adds else [],
        )
    )


def _first_half(
    config: ModelConfig,
    layer: LayerConfig,
    experts: Experts,
    ids: Tensor,
    x: Tensor,
    prologue: ops.Operation | None,
    inner: Tensor,
    groups: Tensor | None,
    scales: Tensor | None,
) -> ops.Operation:
    """Up to the activations of each choice, which the next product is linear in."""
    epilogue: list[ops.Operation] = [] if scales is None else [ops.TokenScale(scales)]
    if experts.gate is None:
        assert prologue is None, "ExpertLinear has none"
        return ops.ExpertLinear(
            weights=experts.up.weight,
            ids=ids,
            x=x,
            y=inner,
            groups=groups,
            bias=experts.up.bias,
            epilogue=[activation(config, layer), *epilogue],
        )
    return ops.ExpertGatedLinear(
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
        epilogue=epilogue,
    )


def _add_router(
    step: Step,
    config: ModelConfig,
    layer: LayerConfig,
    experts: Experts,
    x: Tensor,
    prologue: ops.Operation | None,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """In one kernel: the router's logits, the shared expert's activations and its share. Those of
    an adapted shared expert come before, and so do corrections."""
    of_shared, of_share = experts.shared, experts.shared_share
    name = "shared expert's output"
    shared = share = None
    if of_shared is not None and of_shared.low_rank is not None:
        # First, since its corrections may lie where the router's do.
        shared = feed_forward(step, config, layer, of_shared, x, prologue, name)
    own = added(step, experts.router, x, prologue)
    own_share = [] if of_share is None else added(step, of_share, x, prologue)
    kernel = FusedKernelBuilder("router")
    if prologue is not None:
        kernel = kernel.prologue(prologue)
    logits = step.buffer("router logits", experts.router.weight.shape[0])
    kernel = with_epilogues(kernel.main(ops.Linear(weights=experts.router.weight)), own)
    results = [logits]
    if of_shared is not None and shared is None:
        shared = step.buffer(name, of_shared.up.weight.shape[0])
        main, epilogues = first_half(config, layer, of_shared)
        kernel = with_epilogues(kernel.main(main), epilogues)
        results.append(shared)
    if of_share is not None:
        share = step.buffer("shared expert's share", 1)
        kernel = kernel.main(ops.Linear(weights=of_share.weight))
        kernel = with_epilogues(kernel, [*own_share, ops.Sigmoid()])
        results.append(share)
    step.add(kernel.build(x=x, y=results, scratch=step.planes(x)))
    return logits, shared, share


def _groups(step: Step, ids: Tensor, experts: int) -> Tensor | None:
    if step.tokens <= FEW:
        return None
    size = ops.expert_groups(step.tokens, ids.shape[1], experts)
    groups = step.integers(f"groups of {experts} experts", (size,), DType.u32)
    step.add(ops.GroupExperts(ids=ids, groups=groups))
    return groups
