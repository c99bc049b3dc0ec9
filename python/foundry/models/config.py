"""A model's sizes and constants: what its architecture and its file's metadata say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from foundry.call_errors import typed_calls
from foundry.engine.kept import cache_elements
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata, check_keys, shown, warn
from foundry.models.architectures import ARCHITECTURES, Architecture, Pairing
from foundry.models.experts_config import ExpertsConfig, experts_from, own_integer
from foundry.models.layer_config import LayerConfig, layers_from
from foundry.models.pooling import Pooling, pooling_of

_ACTIVATIONS = {
    "gelu": "Gelu",
    "geglu": "Gelu",
    "silu": "Silu",
    "swish": "Silu",
    "swiglu": "Silu",
}
"""By what `hidden_activation` calls them."""


_MOST_LAYERS = 4096


@typed_calls
@dataclass(frozen=True)
class ModelConfig:
    """Sizes and constants of a model, named as in the GGUF specification."""

    architecture: Architecture
    name: str
    hidden: int
    experts: ExpertsConfig | None
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
    classifier_pooling: Pooling
    """Of the state that a classifier is for."""
    labels: tuple[str, ...]
    """What a classifier tells apart."""
    of_layers: tuple[LayerConfig, ...]
    layer_input: int
    """Elements of what a token brings to each layer, besides its embedding; 0 for none."""
    appended: int
    """Layers after those, which predict further tokens; they are not read."""

    @property
    def layers(self) -> int:
        return len(self.of_layers)

    @property
    def attention(self) -> LayerConfig:
        """Of the first layer that has some, or else of the first."""
        return next((layer for layer in self.of_layers if layer.kv_heads), self.of_layers[0])

    @property
    def cache_elements(self) -> tuple[int, int]:
        """Of keys and values: elements for each position, and those that layers with windows take
        for all, where the context is longer."""
        return cache_elements([layer.cache for layer in self.of_layers], self.context_length)

    def with_pairing(self, pairing: Pairing) -> ModelConfig:
        """For queries and keys whose rows are in the order of that pairing."""
        return replace(self, architecture=replace(self.architecture, pairing=pairing))

    def with_activation(self, name: str) -> ModelConfig:
        """That operation between the products of the MLP."""
        return replace(self, architecture=replace(self.architecture, activation=name))

    def with_fractional_ramp(self) -> ModelConfig:
        """YaRN's ramp between fractions of pairs of elements."""
        layers = (
            replace(layer, rope_scaling=replace(layer.rope_scaling, whole_pairs=False))
            for layer in self.of_layers
        )
        return replace(self, of_layers=tuple(layers))

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

        hidden = metadata.integer("embedding_length")
        causal = _is_causal(metadata, architecture)
        name = values.get("general.name", "unnamed model")
        logit_scale = own("logit_scale", 0.0) or 1.0
        experts = experts_from(metadata, architecture)
        appended = own_integer(metadata, architecture, "nextn_predict_layers")
        return cls(
            architecture=architecture,
            name=name if isinstance(name, str) else "unnamed model",
            hidden=hidden,
            experts=experts,
            context_length=_context_length(metadata, architecture),
            positions=metadata.integer("context_length", least=2),
            norm_epsilon=_norm_epsilon(metadata, architecture),
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
            pooling=pooling_of(metadata, "pooling_type"),
            classifier_pooling=_classifier_pooling(metadata, architecture, causal),
            labels=tuple(metadata.texts("classifier.output_labels"))
            if "classifier.output_labels" in metadata
            else (),
            of_layers=layers_from(
                metadata,
                architecture,
                hidden,
                experts,
                causal,
                _block_count(metadata, appended + 1) - appended,
            ),
            layer_input=own_integer(metadata, architecture, "embedding_length_per_layer_input"),
            appended=appended,
        )


def _block_count(metadata: Metadata, least: int) -> int:
    count = metadata.integer("block_count", least=least)
    if count > _MOST_LAYERS:  # before as many are made
        raise ModelError(
            f"{metadata.key('block_count')} is {count}; expected {_MOST_LAYERS} layers at most"
        )
    return count


def _norm_epsilon(metadata: Metadata, architecture: Architecture) -> float:
    other = "attention.layer_norm_epsilon"
    is_there = architecture.norm_epsilon in metadata
    return metadata.number(
        other if other in architecture.keys and not is_there else architecture.norm_epsilon
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


def _classifier_pooling(metadata: Metadata, architecture: Architecture, causal: bool) -> Pooling:
    """As llama.cpp has it: the mean of ModernBERT, unless its file says otherwise."""
    if causal:
        return Pooling.LAST
    if architecture.name == "modern-bert":
        found = pooling_of(metadata, "classifier.pooling_type") or Pooling.MEAN
        return Pooling.MEAN if found is Pooling.MEAN else Pooling.CLS
    return Pooling.CLS


def _is_causal(metadata: Metadata, architecture: Architecture) -> bool:
    causal = metadata.flag("attention.causal", not architecture.bidirectional)
    if causal and architecture.bidirectional:
        raise UnsupportedModelError(
            f"unsupported {metadata.key('attention.causal')} True; supported: False"
        )
    return causal


def _context_length(metadata: Metadata, architecture: Architecture) -> int:
    """Where scores are to change with the position, it ends before they do."""
    length = metadata.integer("context_length", least=2)
    if metadata.number("attention.temperature_scale", 0.0, zero=True) == 0:
        return length
    first = metadata.integer("rope.scaling.original_context_length", length, least=2)
    if "attention.temperature_length" in architecture.keys:
        first = metadata.integer("attention.temperature_length", first, least=2)
    if first < length:
        warn(
            f"{metadata.key('attention.temperature_scale')} is not honoured: the context ends at "
            f"{first} positions of {length}, where it begins to count"
        )
    return min(first, length)
