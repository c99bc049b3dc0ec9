"""A mixture of experts' sizes, and how it chooses."""

from __future__ import annotations

from dataclasses import dataclass

from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata
from foundry.models.architectures import Architecture


@dataclass(frozen=True)
class ExpertsConfig:
    """A mixture of experts' sizes."""

    count: int
    used: int
    inner: int
    """Feed-forward length of each."""
    shared: int
    """That of the expert that every token takes, where there is one."""
    scale: float
    """Of the shares."""
    gating: str
    """The `ops.ExpertGating`."""
    normalised: bool
    """The shares of those chosen are divided by their sum."""
    groups: int
    groups_used: int
    """Neighbours among the experts, and how many of these the chosen are of."""
    dense: int
    """So many layers from the first on have an MLP instead."""
    every: int
    """So has each that is not one of so many after another."""

    def mixes(self, layer: int) -> bool:
        """Whether the layer has experts."""
        return layer >= self.dense and (layer + 1) % self.every == 0


def own_integer(metadata: Metadata, architecture: Architecture, name: str) -> int:
    """A key that not all architectures have; 0 where they have not."""
    keys = architecture.keys
    return metadata.integer(name, keys[name], least=0) if name in keys else 0


_GATINGS = {1: "softmax", 2: "sigmoid", 3: "softmax_of_chosen"}
"""llama.cpp's numbers; 0 leaves it to the architecture."""


def experts_from(metadata: Metadata, architecture: Architecture) -> ExpertsConfig | None:
    mixture, keys = architecture.mixture, architecture.keys
    if mixture is None or not metadata.integer("expert_count", 0, least=0):
        return None
    count = metadata.integer("expert_count")
    used = metadata.integer("expert_used_count")
    if used > count:
        raise ModelError(
            f"{metadata.key('expert_used_count')} is {used}; expected {count} at most, the experts"
        )
    own = "expert_feed_forward_length"
    inner = metadata.integer(own if own in metadata else "feed_forward_length")

    def number(name: str) -> int:
        return own_integer(metadata, architecture, name)

    gating = number("expert_gating_func")
    if gating and gating not in _GATINGS:
        raise UnsupportedModelError(
            f"unsupported {metadata.key('expert_gating_func')} {gating}; supported: "
            + ", ".join(f"{key} ({name})" for key, name in _GATINGS.items())
        )
    normalised = mixture.normalised
    if "expert_weights_norm" in keys:
        normalised = metadata.flag("expert_weights_norm", normalised)
    shared = metadata.integer("expert_shared_feed_forward_length", 0, least=0)
    if "expert_shared_count" in keys:
        shared = (shared or inner) * number("expert_shared_count")
    groups = number("expert_group_count") or 1
    groups_used = number("expert_group_used_count") if groups > 1 else 1
    if count % groups or not 1 <= groups_used <= groups or count // groups * groups_used < used:
        raise ModelError(
            f"{metadata.key('expert_group_count')} is {groups}, expert_group_used_count "
            f"{groups_used}; expected equal groups of {count} experts, and {used} experts in those "
            f"used"
        )
    every = number("interleave_moe_layer_step") or 1
    if "moe_every_n_layers" in keys:
        every = number("moe_every_n_layers")
        if every not in (0, 2):
            raise UnsupportedModelError(
                f"unsupported {metadata.key('moe_every_n_layers')} {every}; supported: 0, 2"
            )
    if not every:
        return None
    return ExpertsConfig(
        count=count,
        used=used,
        inner=inner,
        shared=shared,
        scale=metadata.number("expert_weights_scale", 0.0, zero=True) or 1.0,
        gating=_GATINGS[gating] if gating else mixture.gating,
        normalised=normalised,
        groups=groups,
        groups_used=groups_used,
        dense=number("leading_dense_block_count"),
        every=every,
    )
