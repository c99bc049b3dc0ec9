"""The weights of a Llama-family model: found by name, checked, bound from the mapped file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from foundry._foundry import DType, Foundry, Gguf, Tensor, weight_formats
from foundry.errors import ModelError, UnsupportedModelError
from foundry.models.config import LlamaConfig

Progress = Callable[[str, int, int], None]
"""Called with a stage ("reading weights"), the steps done and the steps in all."""


@dataclass(frozen=True)
class LayerWeights:
    """One transformer layer; matrices are (outputs, inputs), norms (hidden,)."""

    attention_norm: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    attention_output: Tensor
    feed_forward_norm: Tensor
    gate: Tensor
    up: Tensor
    down: Tensor


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
        cls, file: Gguf, config: LlamaConfig, runtime: Foundry, progress: Progress | None
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
            )

        embedding = source.take("token_embd.weight", (vocabulary, hidden))
        factors = source.take_if("rope_freqs.weight", (config.head_dim // 2,))
        output = source.take_if("output.weight", (vocabulary, hidden))
        weights = cls(
            embedding=embedding,
            layers=tuple(layer(index) for index in range(config.layers)),
            output_norm=source.take("output_norm.weight", (hidden,)),
            output=embedding if output is None else output,
            rope_factors=factors,
        )
        source.check_all_taken()
        return weights


class _Source:
    """Takes tensors out of a file, each once."""

    def __init__(self, file: Gguf, runtime: Foundry, progress: Progress | None) -> None:
        self._file = file
        self._runtime = runtime
        self._progress = progress
        self._tensors = file.tensors
        self._taken: set[str] = set()
        self._formats = weight_formats()

    def rows_of(self, name: str) -> int:
        tensor = self._tensors.get(name)
        if tensor is None or len(tensor.shape) != 2:
            raise ModelError(f"tensor '{name}' is missing, or is no matrix")
        return tensor.shape[0]

    def take_if(self, name: str, shape: tuple[int, ...]) -> Tensor | None:
        return self.take(name, shape) if name in self._tensors else None

    def take(self, name: str, shape: tuple[int, ...]) -> Tensor:
        info = self._tensors.get(name)
        if info is None:
            raise ModelError(f"tensor '{name}' is missing; expected one of shape {shape}")
        if info.shape != shape:
            raise ModelError(f"tensor '{name}' has shape {info.shape}; expected {shape}")
        allowed = self._formats if len(shape) == 2 else [DType.f32, DType.f16]
        if info.dtype not in allowed:
            raise UnsupportedModelError(
                f"tensor '{name}' has the format {info.dtype}, which is not there; "
                f"there are {', '.join(map(str, allowed))}"
            )
        tensor = self._file.tensor(self._runtime, name)
        if not self._runtime.device.has_unified_memory:
            # What stays in host memory would cross the bus with every token.
            resident = self._runtime.dedicated(shape, info.dtype, name=name, mode="private")
            resident.copy_from(tensor.copy_to_host())
            tensor = resident
        self._taken.add(name)
        if self._progress is not None:
            self._progress("reading weights", len(self._taken), len(self._tensors))
        return tensor

    def check_all_taken(self) -> None:
        left = [name for name in self._tensors if name not in self._taken]
        if left:
            raise UnsupportedModelError(
                f"{len(left)} tensors of the file are no part of a Llama model as Foundry knows "
                f"it, the first is '{left[0]}'"
            )
