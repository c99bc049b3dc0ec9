"""A layer's sizes and constants: what its architecture and its file's metadata say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from foundry.engine.kept import KeysValues, LayerCache
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata
from foundry.models.architectures import Architecture
from foundry.models.experts_config import ExpertsConfig, own_integer
from foundry.models.recurrent_config import RecurrentConfig, recurrent_from
from foundry.models.rope import RopeScaling, check_sections


@dataclass(frozen=True)
class LatentConfig:
    """Sizes of latent attention."""

    rank: int
    """Elements of a latent."""
    head_size: int
    """Of a query before it meets latents; the last ones are turned."""
    value_size: int
    """Of a head's result."""


@dataclass(frozen=True)
class LayerConfig:
    """What may differ from layer to layer."""

    heads: int
    kv_heads: int
    """0 in a layer without attention."""
    key_size: int
    value_size: int
    """Elements of a query or key head, and of a value head."""
    rotated: int
    """Elements of a head that RoPE turns."""
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
    feed_forward: int
    """Elements between the products of the MLP; 0 in a layer without one."""
    mixes: bool
    """Whether it has experts instead, in a model that has some."""
    latent: LatentConfig | None
    """Of latent attention: keys are latents then, and values a part of them."""
    keys_of: int | None
    """The layer whose keys and values it attends to; None: its own."""
    gated: bool
    """Each head's query is followed by a gate of its result."""
    recurrent: RecurrentConfig | None
    """Of what stands in attention's place, or beside it."""

    @property
    def query_columns(self) -> int:
        """Elements of all query heads of one position."""
        return self.heads * self.key_size

    @property
    def query_rows(self) -> int:
        """Of the product that gives them, gates of the result included."""
        return self.query_columns + self.mixed_columns * self.gated

    @property
    def key_columns(self) -> int:
        return self.kv_heads * self.key_size

    @property
    def value_columns(self) -> int:
        return self.kv_heads * self.value_size

    @property
    def mixed_columns(self) -> int:
        """Of attention's output: a value for each query head."""
        return self.heads * (self.value_size if self.latent is None else self.latent.value_size)

    @property
    def cache(self) -> LayerCache:
        """What it keeps of earlier tokens."""
        attention = None
        if self.kv_heads and self.keys_of is None:
            is_shared = self.latent is not None
            sizes = (self.kv_heads, self.key_size, self.value_size)
            attention = KeysValues(*sizes, is_shared, self.window)
        state = {} if self.recurrent is None else self.recurrent.state
        return LayerCache(attention, state, self.keys_of)


@dataclass(frozen=True)
class _Heads:
    """Of the attention of one layer."""

    queries: int
    keys: int
    size: int
    values: int
    rotated: int
    latent: LatentConfig | None = None


def layers_from(
    metadata: Metadata,
    architecture: Architecture,
    hidden: int,
    experts: ExpertsConfig | None,
    causal: bool,
    count: int,
) -> tuple[LayerConfig, ...]:
    """As `ModelConfig.from_metadata` raises. An expert's size is that of MLPs, where those have
    none of their own."""
    positions = _positions(metadata, architecture, count, causal)
    windowed = [place.window > 0 for place in positions]
    if architecture.latent:
        heads = _latent_heads(metadata, count)
    else:
        heads = _heads(metadata, architecture, hidden, windowed)
    shared = own_integer(metadata, architecture, "attention.shared_kv_layers")
    if shared and shared > count - 2:
        raise ModelError(
            f"{metadata.key('attention.shared_kv_layers')} is {shared}; expected {count - 2} at "
            f"most, of {count} layers"
        )
    expert_inner = None if experts is None else experts.inner
    inner = metadata.integers_of_layers(
        "feed_forward_length", count, expert_inner, least=_least(architecture)
    )
    score_scale = _score_scale(metadata, architecture)
    if count in architecture.scored_by_width:
        score_scale = 1.0 / math.sqrt(hidden // heads[0].queries)
    activations = _activations(metadata, architecture, count)
    recurrent = recurrent_from(metadata, architecture.recurrence, hidden)
    recurring = _recurring(metadata, architecture, count)
    if "rope.dimension_sections" in architecture.keys:
        check_sections(metadata, max(own.rotated for own in heads) // 2)

    def keys_of(index: int) -> int | None:
        """As llama.cpp has it: of the last two layers with some of their own, by window."""
        own = count - shared
        if index < own:
            return None
        owner = own - (2 if windowed[index] else 1)
        if heads[owner] != replace(heads[index], queries=heads[owner].queries):
            raise ModelError(
                f"layer {index} attends to keys of layer {owner}, whose heads have other sizes"
            )
        return owner

    def layer(index: int) -> LayerConfig:
        own, place = heads[index], positions[index]
        scaling, scale = place.scaling, score_scale or 1.0 / math.sqrt(own.size or 1)
        recurs = architecture.recurs_beside or own.keys == 0 or recurring[index]
        if recurring[index]:
            own = replace(own, keys=0)
        if architecture.parts_alone and inner[index]:
            own, recurs = replace(own, keys=0), False
        if own.latent is not None:
            scaling, scale = _latent_scaling(scaling, own.latent)
        _check(metadata, own)
        return LayerConfig(
            heads=own.queries,
            kv_heads=own.keys,
            key_size=own.size,
            value_size=own.values,
            rotated=own.rotated,
            window=place.window,
            ahead=place.ahead,
            turned=place.turned,
            rope_base=place.base,
            rope_scaling=scaling,
            activation=activations[index],
            score_scale=scale,
            feed_forward=inner[index],
            mixes=experts is not None and experts.mixes(index),
            latent=own.latent,
            keys_of=keys_of(index),
            gated=architecture.gated_attention,
            recurrent=recurrent if recurs else None,
        )

    return tuple(layer(index) for index in range(count))


def _least(architecture: Architecture) -> int:
    """Of sizes that layers without the part do not have."""
    return 0 if architecture.recurrence is not None else 1


def _heads(
    metadata: Metadata, architecture: Architecture, hidden: int, windowed: Sequence[bool]
) -> list[_Heads]:
    """Of layers without attention no keys."""
    count = len(windowed)
    least = _least(architecture)
    queries = metadata.integers_of_layers("attention.head_count", count, least=least)
    keys = queries
    if "attention.head_count_kv" in metadata:
        keys = metadata.integers_of_layers("attention.head_count_kv", count, least=least)
    for of_queries, of_keys in zip(queries, keys, strict=True):
        if of_keys and (not of_queries or of_queries % of_keys):
            raise ModelError(f"{of_queries} heads are no multiple of {of_keys} KV heads")
    heads = max(queries)
    if not any(keys):
        return [_Heads(0, 0, 0, 0, 0)] * count
    if hidden % heads and "attention.key_length" not in metadata:
        raise ModelError(
            f"{metadata.key('embedding_length')} {hidden} is no multiple of {heads} heads"
        )
    full = _head_sizes(metadata, hidden // heads, "", None)
    local = full
    if "attention.key_length_swa" in architecture.keys:
        local = _head_sizes(metadata, full[0], "_swa", full[1])

    def of(index: int) -> _Heads:
        size, rotated = local if windowed[index] else full
        return _Heads(queries[index], keys[index], size, size, rotated)

    return [of(index) for index in range(count)]


def _head_sizes(
    metadata: Metadata, default: int, suffix: str, rotated: int | None
) -> tuple[int, int]:
    """Elements of a head, and those that are turned."""
    size = metadata.integer(f"attention.key_length{suffix}", default)
    length = metadata.integer(f"attention.value_length{suffix}", size)
    if length != size:
        raise UnsupportedModelError(
            f"unsupported {metadata.key(f'attention.value_length{suffix}')} {length}; supported: "
            f"{size}, the elements of a head"
        )
    return size, metadata.integer(f"rope.dimension_count{suffix}", rotated or size)


def _latent_heads(metadata: Metadata, count: int) -> list[_Heads]:
    """A latent and the part of keys that is turned are one key for all heads. Older files, which
    have the products of latents in one matrix, name heads' sizes otherwise."""
    rank = metadata.integer("attention.kv_lora_rank")
    rotated = metadata.integer("rope.dimension_count")
    suffix = "_mla" if "attention.key_length_mla" in metadata else ""
    size = metadata.integer(f"attention.key_length{suffix}")
    if rotated >= size:
        raise ModelError(
            f"{metadata.key('rope.dimension_count')} is {rotated}; expected less than {size}, the "
            f"elements of a head"
        )
    latent = LatentConfig(rank, size, metadata.integer(f"attention.value_length{suffix}"))
    queries = metadata.integers_of_layers("attention.head_count", count)
    return [_Heads(heads, 1, rank + rotated, rank, rotated, latent) for heads in queries]


def _latent_scaling(scaling: RopeScaling, latent: LatentConfig) -> tuple[RopeScaling, float]:
    """As llama.cpp has DeepSeek's YaRN: the file's multiplier is a tenth of the model's, scales
    all of a score, and takes the magnitude's place."""
    multiplier = 10.0 * scaling.log_multiplier
    scaling = replace(scaling, log_multiplier=float(multiplier != 0.0))
    scale = scaling.magnitude * (1.0 + 0.1 * multiplier * math.log(scaling.factor))
    return scaling, scale**2 / math.sqrt(latent.head_size)


def _check(metadata: Metadata, heads: _Heads) -> None:
    """What RoPE needs."""
    if heads.size % 2:
        raise ModelError(f"heads of {heads.size} elements do not pair, as RoPE needs")
    if heads.rotated % 2 or heads.rotated > heads.size:
        raise ModelError(
            f"{metadata.key('rope.dimension_count')} is {heads.rotated}; expected an even "
            f"number up to {heads.size}, the elements of a head"
        )


def _recurring(metadata: Metadata, architecture: Architecture, count: int) -> list[bool]:
    """Of layers that have no attention, though the metadata gives all of them heads."""
    if "full_attention_interval" not in architecture.keys:
        return [False] * count
    if "attention.recurrent_layers" in metadata:
        return metadata.pattern("attention.recurrent_layers", 0, count)
    default = architecture.keys["full_attention_interval"]
    return metadata.pattern("full_attention_interval", default, count)


def _score_scale(metadata: Metadata, architecture: Architecture) -> float:
    """0 for that of a head's size."""
    if "attention.scale" not in architecture.keys:
        return 0.0
    return metadata.number("attention.scale", architecture.keys["attention.scale"], zero=True)


@dataclass(frozen=True)
class _Position:
    """How one layer takes positions."""

    window: int
    ahead: int | None
    turned: bool
    base: float
    scaling: RopeScaling


def _positions(
    metadata: Metadata, architecture: Architecture, layers: int, causal: bool
) -> list[_Position]:
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

    all_ahead = 0 if causal else None
    before, ahead = window, all_ahead
    if architecture.bidirectional:  # half of the window is on either side
        before, ahead = window // 2 + 1, window // 2
    return [
        _Position(
            window=before if windowed[index] else 0,
            ahead=ahead if windowed[index] else all_ahead,
            turned=turns(index),
            base=local_base if windowed[index] else base,
            scaling=local_scaling if windowed[index] else scaling,
        )
        for index in range(layers)
    ]


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
