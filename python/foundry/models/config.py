"""A Llama-family model's shape, read from GGUF metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from foundry.errors import ModelError, UnsupportedModelError

ARCHITECTURES = ("llama",)

_T = TypeVar("_T", int, float)


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

    @property
    def query_size(self) -> int:
        """Elements of all query heads of one position."""
        return self.heads * self.head_dim

    @property
    def kv_size(self) -> int:
        """Elements of all key heads (or value heads) of one position."""
        return self.kv_heads * self.head_dim

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, object]) -> LlamaConfig:
        """Raises `UnsupportedModelError` for another architecture or a feature that is not there,
        `ModelError` where a key is missing or makes no sense."""
        architecture = metadata.get("general.architecture")
        if architecture not in ARCHITECTURES:
            raise UnsupportedModelError(
                f"architecture '{architecture}' is not there; there is {', '.join(ARCHITECTURES)}"
            )

        def number(key: str, kind: type[_T], default: _T | None = None) -> _T:
            value = metadata.get(f"llama.{key}", default)
            if value is None:
                raise ModelError(f"llama.{key} is missing")
            if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
                raise ModelError(f"llama.{key} is {value!r}; expected a positive number")
            return kind(value)

        if metadata.get("llama.expert_count", 0):
            raise UnsupportedModelError("a mixture of experts (llama.expert_count) is not there")
        scaling = metadata.get("llama.rope.scaling.type", "none")
        if scaling != "none":
            raise UnsupportedModelError(f"RoPE scaling '{scaling}' is not there; there is 'none'")

        heads = number("attention.head_count", int)
        hidden = number("embedding_length", int)
        if hidden % heads and "llama.attention.key_length" not in metadata:
            raise ModelError(f"llama.embedding_length {hidden} is no multiple of {heads} heads")
        config = cls(
            name=str(metadata.get("general.name", "unnamed model")),
            layers=number("block_count", int),
            hidden=hidden,
            feed_forward=number("feed_forward_length", int),
            heads=heads,
            kv_heads=number("attention.head_count_kv", int, heads),
            head_dim=number("attention.key_length", int, hidden // heads),
            context_length=number("context_length", int),
            rms_epsilon=number("attention.layer_norm_rms_epsilon", float),
            rope_base=number("rope.freq_base", float, 10000.0),
        )
        if config.heads % config.kv_heads:
            raise ModelError(f"{config.heads} heads are no multiple of {config.kv_heads} KV heads")
        rotated = number("rope.dimension_count", int, config.head_dim)
        if rotated != config.head_dim:
            raise UnsupportedModelError(
                f"RoPE over {rotated} of {config.head_dim} elements of a head is not there"
            )
        value_length = number("attention.value_length", int, config.head_dim)
        if value_length != config.head_dim:
            raise UnsupportedModelError(
                f"values of {value_length} elements beside keys of {config.head_dim} are not there"
            )
        return config
