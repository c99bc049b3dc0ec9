"""A model's sizes and constants: what its architecture and its file's metadata say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from foundry.call_errors import typed_calls
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata, check_keys, shown, warn
from foundry.models.architectures import ARCHITECTURES, Architecture, Pairing
from foundry.models.pooling import Pooling, pooling_of
from foundry.models.rope import RopeScaling

_ACTIVATIONS = {
    "gelu": "Gelu",
    "geglu": "Gelu",
    "silu": "Silu",
    "swish": "Silu",
    "swiglu": "Silu",
}
"""By what `hidden_activation` calls them."""


@dataclass(frozen=True)
class LayerConfig:
    """What may differ from layer to layer."""

    window: int
    """Positions up to its own that a token attends to at most; 0 for all of them."""
    ahead: int | None
    """Positions after its own; None for all of them."""
    turned: bool
    """Whether queries and keys go through RoPE."""
    rope_base: float
    rope_scaling: RopeScaling
    score_scale: float
    """What attention multiplies scores by."""
    activation: tuple[tuple[str, float], ...]
    """Settings of the architecture's activation."""


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


@typed_calls
@dataclass(frozen=True)
class ModelConfig:
    """Sizes and constants of a model, named as in the GGUF specification."""

    architecture: Architecture
    name: str
    hidden: int
    feed_forward: int
    experts: ExpertsConfig | None
    heads: int
    kv_heads: int
    head_dim: int
    rotated: int
    """Elements of a head that RoPE turns."""
    context_length: int
    positions: int
    """As the metadata has the context length: rows of a table of positions."""
    norm_epsilon: float
    score_cap: float
    logit_cap: float
    """Bounds of scores and logits; 0 for none."""
    embedding_scale: float
    residual_scale: float
    logit_scale: float
    parallel: bool
    """MLP and attention have the same input, whatever norms there are."""
    vocabulary: int | None
    """Tokens, where the metadata says so."""
    causal: bool
    """No token attends to one after it; without, the model embeds texts and generates none."""
    pooling: Pooling | None
    """Of embeddings, where the metadata says so."""
    labels: tuple[str, ...]
    """What a classifier tells apart."""
    of_layers: tuple[LayerConfig, ...]

    @property
    def layers(self) -> int:
        return len(self.of_layers)

    @property
    def query_size(self) -> int:
        """Elements of all query heads of one position."""
        return self.heads * self.head_dim

    @property
    def kv_size(self) -> int:
        """Elements of all key heads (or value heads) of one position."""
        return self.kv_heads * self.head_dim

    def with_pairing(self, pairing: Pairing) -> ModelConfig:
        """For queries and keys whose rows are in the order of that pairing."""
        return replace(self, architecture=replace(self.architecture, pairing=pairing))

    @classmethod
    def from_metadata(cls, values: Mapping[str, object]) -> ModelConfig:
        """Raises `UnsupportedModelError` for another architecture or an unsupported feature,
        `ModelError` where a key is missing or makes no sense."""
        architecture = _architecture(values)
        metadata = Metadata(values, architecture.name)
        architecture = _with_activation(metadata, architecture)
        check_keys(values, architecture.name, architecture.honoured)

        def own(name: str, neutral: float) -> float:
            """A key that not all architectures have."""
            default = architecture.keys.get(name)
            if name not in architecture.keys:
                return neutral
            return metadata.number(name, neutral if default is None else default, zero=True)

        heads = metadata.integer("attention.head_count")
        hidden = metadata.integer("embedding_length")
        if hidden % heads and "attention.key_length" not in metadata:
            raise ModelError(
                f"{metadata.key('embedding_length')} {hidden} is no multiple of {heads} heads"
            )
        head_dim = metadata.integer("attention.key_length", hidden // heads)
        layers = metadata.integer("block_count")
        causal = _is_causal(metadata, architecture)
        scale = own("attention.scale", 0.0)
        if layers in architecture.scored_by_width:
            scale = 1.0 / math.sqrt(hidden // heads)
        name = values.get("general.name", "unnamed model")
        logit_scale = own("logit_scale", 0.0) or 1.0
        experts = _experts(metadata, architecture)
        config = cls(
            architecture=architecture,
            name=name if isinstance(name, str) else "unnamed model",
            hidden=hidden,
            feed_forward=metadata.integer(
                "feed_forward_length", None if experts is None else experts.inner
            ),
            experts=experts,
            heads=heads,
            kv_heads=metadata.integer("attention.head_count_kv", heads),
            head_dim=head_dim,
            rotated=metadata.integer("rope.dimension_count", head_dim),
            context_length=_context_length(metadata),
            positions=metadata.integer("context_length", least=2),
            norm_epsilon=metadata.number(architecture.norm_epsilon),
            score_cap=own("attn_logit_softcapping", 0.0),
            logit_cap=own("final_logit_softcapping", 0.0),
            embedding_scale=math.sqrt(hidden)
            if architecture.embedding_scaled
            else own("embedding_scale", 0.0) or 1.0,
            residual_scale=own("residual_scale", 0.0) or 1.0,
            logit_scale=1.0 / logit_scale if architecture.logits_divided else logit_scale,
            parallel=architecture.parallel
            or (
                "use_parallel_residual" in architecture.keys
                and metadata.flag("use_parallel_residual", True)
            ),
            vocabulary=metadata.integer("vocab_size") if "vocab_size" in metadata else None,
            causal=causal,
            pooling=pooling_of(metadata),
            labels=tuple(metadata.texts("classifier.output_labels"))
            if "classifier.output_labels" in metadata
            else (),
            of_layers=_layers(
                metadata, architecture, layers, scale or 1.0 / math.sqrt(head_dim), causal
            ),
        )
        config._check(metadata)
        return config

    def _check(self, metadata: Metadata) -> None:
        """What the sizes have to be to each other."""
        if self.heads % self.kv_heads:
            raise ModelError(f"{self.heads} heads are no multiple of {self.kv_heads} KV heads")
        if self.head_dim % 2:
            raise ModelError(f"heads of {self.head_dim} elements do not pair, as RoPE needs")
        if self.rotated % 2 or self.rotated > self.head_dim:
            raise ModelError(
                f"{metadata.key('rope.dimension_count')} is {self.rotated}; expected an even "
                f"number up to {self.head_dim}, the elements of a head"
            )
        length = metadata.integer("attention.value_length", self.head_dim)
        if length != self.head_dim:
            raise UnsupportedModelError(
                f"unsupported {metadata.key('attention.value_length')} {length}; supported: "
                f"{self.head_dim}, the elements of a head"
            )


def _architecture(values: Mapping[str, object]) -> Architecture:
    name = values.get("general.architecture")
    if name is None:
        raise ModelError("general.architecture is missing")
    found = ARCHITECTURES.get(name) if isinstance(name, str) else None
    if found is None:
        raise UnsupportedModelError(
            f"unsupported architecture {shown(name)} (general.architecture); "
            f"supported: {', '.join(sorted(ARCHITECTURES))}"
        )
    return found


def _with_activation(metadata: Metadata, architecture: Architecture) -> Architecture:
    """The metadata's, where the architecture leaves it to that."""
    name = "hidden_activation"
    if name not in architecture.keys or name not in metadata:
        return architecture
    value = metadata.text(name)
    if value not in _ACTIVATIONS:
        raise UnsupportedModelError(
            f"unsupported {metadata.key(name)} {shown(value)}; supported: {', '.join(_ACTIVATIONS)}"
        )
    return replace(architecture, activation=_ACTIVATIONS[value])


def _is_causal(metadata: Metadata, architecture: Architecture) -> bool:
    causal = metadata.flag("attention.causal", not architecture.bidirectional)
    if causal and architecture.bidirectional:
        raise UnsupportedModelError(
            f"unsupported {metadata.key('attention.causal')} True; supported: False"
        )
    return causal


def _context_length(metadata: Metadata) -> int:
    """Where scores are to change with the position, it ends before they do."""
    length = metadata.integer("context_length", least=2)
    if metadata.number("attention.temperature_scale", 0.0, zero=True) == 0:
        return length
    first = metadata.integer("rope.scaling.original_context_length", length, least=2)
    if first < length:
        warn(
            f"{metadata.key('attention.temperature_scale')} is not honoured: the context ends at "
            f"{first} positions of {length}, where it begins to count"
        )
    return min(first, length)


def _experts(metadata: Metadata, architecture: Architecture) -> ExpertsConfig | None:
    if architecture.mixture is None or not metadata.integer("expert_count", 0, least=0):
        return None
    count = metadata.integer("expert_count")
    used = metadata.integer("expert_used_count")
    if used > count:
        raise ModelError(
            f"{metadata.key('expert_used_count')} is {used}; expected {count} at most, the experts"
        )
    own = "expert_feed_forward_length"
    inner = metadata.integer(own if own in metadata else "feed_forward_length")
    return ExpertsConfig(
        count=count,
        used=used,
        inner=inner,
        shared=metadata.integer("expert_shared_feed_forward_length", 0, least=0),
        scale=metadata.number("expert_weights_scale", 0.0, zero=True) or 1.0,
    )


def _layers(
    metadata: Metadata, architecture: Architecture, layers: int, score_scale: float, causal: bool
) -> tuple[LayerConfig, ...]:
    keys = architecture.keys
    window, base = 0, metadata.number("rope.freq_base", 10000.0)
    if "attention.sliding_window" in keys:
        default = keys["attention.sliding_window"]
        window = metadata.integer("attention.sliding_window", default, least=0)
    windowed = [window > 0] * layers
    pattern = keys.get("attention.sliding_window_pattern")
    if window and pattern is not None:
        windowed = metadata.pattern(
            "attention.sliding_window_pattern", pattern, layers, architecture.full_first
        )
    local_base = base
    if "rope.freq_base_swa" in keys:
        local_base = metadata.number("rope.freq_base_swa", keys["rope.freq_base_swa"] or base)
    scaling = RopeScaling.from_metadata(metadata, metadata.integer("context_length", least=2))
    local_scaling = scaling
    if architecture.unscaled_windows:
        local_scaling = replace(scaling, factor=1.0, extrapolation=0.0, attention_factor=1.0)
    turned = architecture.pairing is not None
    if "rope.scaling.finetuned" in keys:
        turned = metadata.flag("rope.scaling.finetuned", True)

    def turns(index: int) -> bool:
        if architecture.turned_windows and window:
            return windowed[index]
        return turned and not (architecture.unturned and (index + 1) % architecture.unturned == 0)

    activations = _activations(metadata, architecture, layers)
    all_ahead = 0 if causal else None
    before, ahead = window, all_ahead
    if architecture.bidirectional:  # half of the window is on either side
        before, ahead = window // 2 + 1, window // 2

    def layer(index: int) -> LayerConfig:
        return LayerConfig(
            window=before if windowed[index] else 0,
            ahead=ahead if windowed[index] else all_ahead,
            turned=turns(index),
            rope_base=local_base if windowed[index] else base,
            rope_scaling=local_scaling if windowed[index] else scaling,
            activation=activations[index],
            score_scale=score_scale,
        )

    return tuple(layer(index) for index in range(layers))


def _activations(
    metadata: Metadata, architecture: Architecture, layers: int
) -> list[tuple[tuple[str, float], ...]]:
    """Xielu's numbers, which are learned; its factors are stored before softplus."""
    if architecture.activation != "Xielu":
        return [()] * layers
    keys = metadata.under("xielu")
    names = ("alpha_p", "alpha_n", "beta", "eps")
    columns = [keys.of_layers(name, layers) for name in names]
    return [
        (
            ("alpha_p", float(np.logaddexp(0.0, alpha_p))),
            ("alpha_n", beta + float(np.logaddexp(0.0, alpha_n))),
            ("beta", beta),
            ("epsilon", epsilon),
        )
        for alpha_p, alpha_n, beta, epsilon in zip(*columns, strict=True)
    ]
