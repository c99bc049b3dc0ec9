"""The weights of a Llama-family model: found by name, checked, bound from the mapped file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import (
    DType,
    Foundry,
    Gguf,
    GgufTensor,
    Tensor,
    numpy_dtype,
    weight_formats,
)
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import shown, warn
from foundry.models.config import LlamaConfig

_LENGTHS = ("short", "long")
_PRECOMPUTED = ".attn_rot_embd.weight"
"""RoPE's frequencies, which follow from the metadata; llama.cpp passes them over too."""

Progress = Callable[[str, int, int], None]
"""Called with a stage ("reading weights"), the steps done and the steps in all."""


@dataclass(frozen=True)
class LayerWeights:
    """One transformer layer; matrices are (outputs, inputs), norms (hidden,), biases (outputs,)."""

    attention_norm: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    attention_output: Tensor
    feed_forward_norm: Tensor
    gate: Tensor
    up: Tensor
    down: Tensor
    query_bias: Tensor | None
    key_bias: Tensor | None
    value_bias: Tensor | None
    attention_output_bias: Tensor | None
    gate_bias: Tensor | None
    up_bias: Tensor | None
    down_bias: Tensor | None


@dataclass(frozen=True)
class LlamaWeights:
    """A whole model; `output` is the embedding itself where the file ties them."""

    embedding: Tensor
    layers: tuple[LayerWeights, ...]
    output_norm: Tensor
    output: Tensor
    rope_factors: Tensor | None

    @classmethod
    def bind(
        cls,
        file: Gguf,
        config: LlamaConfig,
        context_length: int,
        runtime: Foundry,
        progress: Progress | None,
    ) -> LlamaWeights:
        """Raises `ModelError` for a missing tensor or a wrong shape, `UnsupportedModelError` for a
        format or a tensor that there is no kernel for."""
        source = _Source(file, runtime, progress)
        hidden, inner = config.hidden, config.feed_forward
        query, key = config.query_size, config.kv_size
        vocabulary = source.rows_of("token_embd.weight")

        def layer(index: int) -> LayerWeights:
            def take(name: str, *shape: int) -> Tensor:
                return source.take(f"blk.{index}.{name}.weight", shape)

            def bias(name: str, rows: int) -> Tensor | None:
                return source.take_if(f"blk.{index}.{name}.bias", (rows,))

            return LayerWeights(
                attention_norm=take("attn_norm", hidden),
                query=take("attn_q", query, hidden),
                key=take("attn_k", key, hidden),
                value=take("attn_v", key, hidden),
                attention_output=take("attn_output", hidden, query),
                feed_forward_norm=take("ffn_norm", hidden),
                gate=take("ffn_gate", inner, hidden),
                up=take("ffn_up", inner, hidden),
                down=take("ffn_down", hidden, inner),
                query_bias=bias("attn_q", query),
                key_bias=bias("attn_k", key),
                value_bias=bias("attn_v", key),
                attention_output_bias=bias("attn_output", hidden),
                gate_bias=bias("ffn_gate", inner),
                up_bias=bias("ffn_up", inner),
                down_bias=bias("ffn_down", hidden),
            )

        embedding = source.take("token_embd.weight", (vocabulary, hidden))
        output = source.take_if("output.weight", (vocabulary, hidden))
        weights = cls(
            embedding=embedding,
            layers=tuple(layer(index) for index in range(config.layers)),
            output_norm=source.take("output_norm.weight", (hidden,)),
            output=embedding if output is None else output,
            rope_factors=_rope_factors(source, config, context_length, runtime),
        )
        source.check_all_taken()
        return weights


def _rope_factors(
    source: _Source, config: LlamaConfig, context_length: int, runtime: Foundry
) -> Tensor | None:
    """f32 (head_dim / 2,), whatever the file has them in."""
    scaling, shape = config.rope_scaling, (config.head_dim // 2,)
    given = None
    if scaling.type == "longrope":
        is_long = context_length > scaling.original_context_length
        both = {kind: source.read(f"rope_factors_{kind}.weight", shape) for kind in _LENGTHS}
        given = both[_LENGTHS[is_long]]
    elif source.has("rope_freqs.weight"):
        given = source.read("rope_freqs.weight", shape)
    factors = scaling.factors(config.head_dim, config.rope_base, given)
    return None if factors is None else runtime.tensor(factors, name="rope factors")


class _Source:
    """Takes tensors out of a file, each once."""

    def __init__(self, file: Gguf, runtime: Foundry, progress: Progress | None) -> None:
        self._file = file
        self._runtime = runtime
        self._progress = progress
        self._tensors = file.tensors
        self._taken: set[str] = set()
        self._copied: list[str] = []
        self._formats = weight_formats()

    def rows_of(self, name: str) -> int:
        tensor = self._tensors.get(name)
        if tensor is None or len(tensor.shape) != 2:
            found = "is missing" if tensor is None else f"has shape {tensor.shape}"
            raise ModelError(f"tensor '{name}' {found}; expected a matrix")
        return tensor.shape[0]

    def has(self, name: str) -> bool:
        return name in self._tensors

    def take_if(self, name: str, shape: tuple[int, ...]) -> Tensor | None:
        return self.take(name, shape) if self.has(name) else None

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The values of a tensor that is divided by, on the host."""
        info = self._checked(name, shape)
        values = self._file.read(name).view(numpy_dtype(info.dtype)).astype(np.float32)
        if not np.all(np.isfinite(values) & (values > 0)):
            raise ModelError(f"tensor '{name}' has elements that are not finite and above 0")
        return values

    def take(self, name: str, shape: tuple[int, ...]) -> Tensor:
        info = self._checked(name, shape)
        tensor = self._file.tensor(self._runtime, name)
        if not tensor.is_read_only:
            self._copied.append(name)
        if not self._runtime.device.traits.has_unified_memory:
            # What stays in host memory would cross the bus with every token.
            resident = self._runtime.dedicated(shape, info.dtype, name=name, mode="private")
            resident.copy_from(tensor.copy_to_host())
            tensor = resident
        if self._progress is not None:
            self._progress("reading weights", len(self._taken), len(self._tensors))
        return tensor

    def _checked(self, name: str, shape: tuple[int, ...]) -> GgufTensor:
        """The tensor's entry, which counts as taken."""
        info = self._tensors.get(name)
        if info is None:
            raise ModelError(f"tensor '{name}' is missing; expected one of shape {shape}")
        if info.shape != shape:
            raise ModelError(f"tensor '{name}' has shape {info.shape}; expected {shape}")
        allowed = self._formats if len(shape) == 2 else [DType.f32, DType.f16]
        if info.dtype not in allowed:
            raise UnsupportedModelError(
                f"unsupported format {info.dtype} of tensor '{name}'; "
                f"supported: {', '.join(map(str, allowed))}"
            )
        self._taken.add(name)
        return info

    def check_all_taken(self) -> None:
        """`UnsupportedModelError` for a tensor that the model would be evaluated without, a
        `ModelWarning` for those that were copied."""
        if self._copied:
            warn(
                f"{len(self._copied)} tensors do not lie where their formats need them and were "
                f"copied, '{self._copied[0]}' first; a general.alignment of 32 avoids that"
            )
        left = [
            name
            for name in self._tensors
            if name not in self._taken and not name.endswith(_PRECOMPUTED)
        ]
        if left:
            more = "" if len(left) == 1 else f" and {len(left) - 1} more"
            raise UnsupportedModelError(
                f"unsupported tensor {shown(left[0])}{more}; supported: those of a Llama model, "
                f"the biases of its products included"
            )
