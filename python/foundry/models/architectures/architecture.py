"""What makes an architecture: all that a file's sizes and tensors do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Norms(Enum):
    """Where a layer normalises."""

    BEFORE = "before attention and MLP"
    AFTER = "after attention and MLP, before their result is added"
    AROUND = "before and after attention and MLP"
    SUM = "after the result of attention and MLP is added"


class Pairing(Enum):
    """Which elements of a head RoPE turns together."""

    NEIGHBOURS = "(2i, 2i + 1)"
    HALVES = "(i, i + n / 2)"


class HeadNorm(Enum):
    """What of queries and keys is normalised."""

    EACH = "each head"
    FOUND = "each head, in files that have weights for it"
    TURNED = "each head, after RoPE"
    ROW = "all heads together"
    LAYER = "each head by LayerNorm with weights of its own, in files that have them"


class Recurrence(Enum):
    """What recurrent layers are."""

    SHORT_CONV = "a short convolution between two gates"
    MAMBA2 = "Mamba 2's convolution and scan"
    DELTA_NET = "a convolution and the gated delta rule"


@dataclass(frozen=True)
class Mixture:
    """How a file that has experts chooses them, where `keys` do not let the file say it."""

    gating: str = "softmax"
    """The `ops.ExpertGating`."""
    normalised: bool = True
    """The shares of those chosen are divided by their sum."""


_MIXTURE_KEYS = frozenset(
    {
        "expert_count",
        "expert_used_count",
        "expert_feed_forward_length",
        "expert_shared_feed_forward_length",
        "expert_weights_scale",
    }
)


@dataclass(frozen=True)
class Architecture:
    """An entry of the table. Biases of products and norms are applied where a file has them,
    a fused `attn_qkv` is taken apart, and without `output.weight` the embedding takes its place."""

    name: str
    """`general.architecture`, and the prefix of its keys."""
    models: str
    """Some that are of it."""
    norms: Norms = Norms.BEFORE
    attention_norm: tuple[str, ...] = ("attn_norm",)
    feed_forward_norm: tuple[str, ...] = ("ffn_norm",)
    """The tensors before attention and MLP: the first of them that a file has."""
    parallel: bool = False
    """MLP and attention have the same input, as they have where they share the norm, and where
    `use_parallel_residual` says so."""
    pairing: Pairing | None = Pairing.NEIGHBOURS
    """None: no RoPE; positions are embedded as tokens are, unless there is `alibi`."""
    alibi: float = 0.0
    """Scores fall with the distance: head i of n by 2^(-alibi i / n) (Press et al. 2022)."""
    bidirectional: bool = False
    """Tokens attend to those after them, too, and half of a window is ahead."""
    embedding_norm: bool = False
    """Embeddings are normalised; attention of the first layer may do without then."""
    output_norm: str | None = "output_norm"
    """The tensor after the last layer."""
    head_norm: HeadNorm | None = None
    values_normed: bool = False
    """Heads of values are normalised, without weights; where a file has no product for them, they
    are of the keys'."""
    latent: bool = False
    """Keys and values are products of one latent, which is what is cached (DeepSeek-AI 2024)."""
    recurrence: Recurrence | None = None
    """Of layers that `attention.head_count_kv` gives no heads, or those that the metadata names."""
    recurs_beside: bool = False
    """Of all layers, beside attention."""
    parts_alone: bool = False
    """A layer is attention, or an MLP where `feed_forward_length` gives it a size, or recurrent."""
    tiled_heads: bool = False
    """Of a delta net's keys: heads go through all of them again and again, where else neighbours
    share one."""
    gated_attention: bool = False
    """`attn_q` has a gate's rows after each head's, whose logistic function its result is
    multiplied by."""
    unturned: int = 0
    """Every so many layers one is without RoPE; 0 for none."""
    turned_windows: bool = False
    """RoPE in windowed layers only, where there are some."""
    full_first: bool = False
    """Of a pattern's layers the one without a window comes first, not last."""
    unscaled_windows: bool = False
    """No RoPE scaling in windowed layers, nor factors of the file."""
    activation: str = "Silu"
    """The operation between the products of the MLP."""
    gated: bool | None = True
    """The activation of one product is multiplied by another; None: in files that have both, side
    by side or as rows of one, and else not."""
    mixture: Mixture | None = None
    """Of experts, in files that have some."""
    experts_beside: bool = False
    """A layer with experts has an MLP, too, and each of both norms of its own."""
    fused_gate: bool = False
    """`ffn_up` holds the gate's rows, then its own."""
    embedding_scaled: bool = False
    """Embeddings are multiplied by the root of their length."""
    scored_by_width: tuple[int, ...] = ()
    """With so many layers scores are scaled by the root of hidden size over heads."""
    logits_divided: bool = False
    """`logit_scale` is what logits are divided by, not multiplied."""
    norm_epsilon: str = "attention.layer_norm_rms_epsilon"
    """The key of the norms' epsilon, which says which norm it is."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """What it honours of the metadata that not all do, with the defaults."""

    @property
    def honoured(self) -> frozenset[str]:
        """The keys under its prefix that not all architectures honour."""
        experts = _MIXTURE_KEYS if self.mixture is not None else frozenset()
        return experts | frozenset(self.keys) | {self.norm_epsilon}

    @property
    def has_layer_norm(self) -> bool:
        """LayerNorm, or else RMSNorm."""
        return self.norm_epsilon == "attention.layer_norm_epsilon"
