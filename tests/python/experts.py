"""Mixtures of experts in float64: who is chosen, and what their products are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import foundry as fd
import quantised
from foundry import ops
from values import F64, rng

Ids = NDArray[np.int32]


def expert_weights(
    rt: fd.Foundry, shape: tuple[int, int, int], name: str, seed: object = 0
) -> tuple[fd.Tensor, F64]:
    """Random weights (experts, rows, columns) of a format, and the values that they stand for."""
    values = rng("experts", shape, name, seed).standard_normal(shape).astype(np.float32)
    if name in quantised.PLAIN:
        tensor = rt.tensor(values, fd.DType[name])
        return tensor, tensor.copy_to_host().astype(np.float64)
    packed = quantised.pack(values.reshape(-1, shape[2]), name)
    tensor = rt.dedicated(shape, fd.DType[name])
    tensor.copy_from(packed.reshape(-1))
    return tensor, quantised.unpack(packed, name).astype(np.float64).reshape(shape)


def choose(
    logits: F64,
    used: int,
    gating: ops.ExpertGating = ops.ExpertGating.softmax,
    bias: F64 | None = None,
    normalised: bool = False,
    scale: float = 1.0,
    groups: int = 1,
    groups_used: int = 1,
) -> tuple[Ids, F64, F64]:
    """Ids, shares, and what was chosen by."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    gates = {
        ops.ExpertGating.softmax: shifted / shifted.sum(axis=1, keepdims=True),
        ops.ExpertGating.sigmoid: 1 / (1 + np.exp(-logits)),
        ops.ExpertGating.softmax_of_chosen: logits,
    }[gating]
    values = gates if bias is None else gates + bias
    if groups > 1:
        by_group = values.reshape(len(values), groups, -1)
        scores = np.sort(by_group, axis=2)[:, :, -2:].sum(axis=2)
        kept = np.argsort(-scores, axis=1, kind="stable")[:, :groups_used]
        mask = np.full((len(values), groups), -np.inf)
        np.put_along_axis(mask, kept, 0, axis=1)
        values = values + np.repeat(mask, by_group.shape[2], axis=1)
    ids = np.argsort(-values, axis=1, kind="stable")[:, :used].astype(np.int32)
    shares = np.take_along_axis(gates, ids, axis=1)
    if gating == ops.ExpertGating.softmax_of_chosen:
        shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
    if normalised:
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 2.0**-14)
    return ids, shares * scale, values


def products(w: F64, ids: Ids, x: F64, bias: NDArray[Any] | None = None) -> F64:
    """(slots, rows): W x + bias of every choice; x has a row for every token or for every slot."""
    rows = np.repeat(x, ids.size // len(x), axis=0)
    result = np.einsum("srk,sk->sr", w[ids.reshape(-1)], rows)
    return result if bias is None else result + bias[ids.reshape(-1)]


def summed(results: F64, shares: F64) -> F64:
    tokens, used = shares.shape
    return (results.reshape(tokens, used, -1) * shares[:, :, None]).sum(axis=1)


def silu(gate: F64, up: F64) -> F64:
    return gate / (1 + np.exp(-gate)) * up


def clamped_swiglu(gate: F64, up: F64, limit: float) -> F64:
    g, u = np.minimum(gate, limit), np.clip(up, -limit, limit)
    return g / (1 + np.exp(-1.702 * g)) * (u + 1)


def some_ids(tokens: int, used: int, experts: int, seed: object = 0) -> Ids:
    """Different ones for a token, some experts more often than others."""
    random = rng("ids", tokens, used, experts, seed)
    weights = 1 / np.arange(1.0, experts + 1)
    rows = [
        random.choice(experts, used, replace=False, p=weights / weights.sum())
        for _ in range(tokens)
    ]
    return np.array(rows, np.int32)


def grouped(rt: fd.Foundry, ids: fd.Tensor, experts: int) -> fd.Tensor:
    tokens, used = ids.shape
    groups = rt.empty((ops.expert_groups(tokens, used, experts),), fd.u32)
    rt.run(ops.GroupExperts(ids=ids, groups=groups))
    return groups
