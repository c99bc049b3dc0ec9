"""A Llama-family model's shape, read from GGUF metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from foundry.call_errors import typed_calls
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import Metadata, check_keys, shown
from foundry.models.rope import RopeScaling

ARCHITECTURES = ("llama",)


@typed_calls
@dataclass(frozen=True)
class LlamaConfig:
    """Sizes and constants of a model, named as in the GGUF specification."""

    name: str
    layers: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_dim: int
    context_length: int
    rms_epsilon: float
    rope_base: float
    rope_scaling: RopeScaling
    attention_scale: float
    """Of the scores, before RoPE's magnitude; 0 for 1/sqrt(head_dim)."""
    vocabulary: int | None
    """Tokens, where the metadata says so."""
    window: int
    """Positions that a token attends to at most; 0 for all of them."""

    @property
    def score_scale(self) -> float:
        """What attention multiplies scores by; 0 for 1/sqrt(head_dim)."""
        magnitude = self.rope_scaling.magnitude
        if magnitude == 1.0:
            return self.attention_scale
        return (self.attention_scale or 1.0 / math.sqrt(self.head_dim)) * magnitude**2

    @property
    def query_size(self) -> int:
        """Elements of all query heads of one position."""
        return self.heads * self.head_dim

    @property
    def kv_size(self) -> int:
        """Elements of all key heads (or value heads) of one position."""
        return self.kv_heads * self.head_dim

    @classmethod
    def from_metadata(cls, values: Mapping[str, object]) -> LlamaConfig:
        """Raises `UnsupportedModelError` for another architecture or an unsupported feature,
        `ModelError` where a key is missing or makes no sense."""
        architecture = values.get("general.architecture")
        if architecture is None:
            raise ModelError("general.architecture is missing")
        if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
            raise UnsupportedModelError(
                f"unsupported architecture {shown(architecture)} (general.architecture); "
                f"supported: {', '.join(ARCHITECTURES)}"
            )
        metadata = Metadata(values, architecture)
        check_keys(values, architecture)

        heads = metadata.integer("attention.head_count")
        hidden = metadata.integer("embedding_length")
        if hidden % heads and "attention.key_length" not in metadata:
            raise ModelError(f"llama.embedding_length {hidden} is no multiple of {heads} heads")
        context_length = metadata.integer("context_length", least=2)
        name = values.get("general.name", "unnamed model")
        config = cls(
            name=name if isinstance(name, str) else "unnamed model",
            layers=metadata.integer("block_count"),
            hidden=hidden,
            feed_forward=metadata.integer("feed_forward_length"),
            heads=heads,
            kv_heads=metadata.integer("attention.head_count_kv", heads),
            head_dim=metadata.integer("attention.key_length", hidden // heads),
            context_length=context_length,
            rms_epsilon=metadata.number("attention.layer_norm_rms_epsilon"),
            rope_base=metadata.number("rope.freq_base", 10000.0),
            rope_scaling=RopeScaling.from_metadata(metadata, context_length),
            attention_scale=metadata.number("attention.scale", 0.0, zero=True),
            vocabulary=metadata.integer("vocab_size") if "vocab_size" in metadata else None,
            window=metadata.integer("attention.sliding_window", 0, least=0),
        )
        config._check(metadata)
        return config

    def _check(self, metadata: Metadata) -> None:
        """What the sizes have to be to each other."""
        if self.heads % self.kv_heads:
            raise ModelError(f"{self.heads} heads are no multiple of {self.kv_heads} KV heads")
        if self.head_dim % 2:
            raise ModelError(f"heads of {self.head_dim} elements do not pair, as RoPE needs")
        for name in ("rope.dimension_count", "attention.value_length"):
            length = metadata.integer(name, self.head_dim)
            if length != self.head_dim:
                raise UnsupportedModelError(
                    f"unsupported {metadata.key(name)} {length}; supported: {self.head_dim}, the "
                    f"elements of a head"
                )
