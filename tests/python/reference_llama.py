"""The oracle of the model tests: a Llama forward pass in plain float32 numpy.

Weights are read and dequantised by the `gguf` package, so nothing here shares code with Foundry.
The arithmetic follows Touvron et al., "LLaMA" (2023), and Su et al., "RoFormer" (2021), in the
interleaved pairing that GGUF's Llama tensors use.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize
from numpy.typing import NDArray

Array = NDArray[np.float32]


class ReferenceLlama:
    """Evaluates token ids to logits, one row per position, from position 0 on."""

    def __init__(self, path: str | Path) -> None:
        reader = gguf.GGUFReader(path)

        def field(key: str) -> float:
            found = reader.get_field(f"llama.{key}")
            assert found is not None, key
            return float(found.contents())

        self.layers = int(field("block_count"))
        self.heads = int(field("attention.head_count"))
        self.kv_heads = int(field("attention.head_count_kv"))
        self.head_dim = int(field("embedding_length")) // self.heads
        self.epsilon = np.float32(field("attention.layer_norm_rms_epsilon"))
        self.rope_base = field("rope.freq_base")
        self.weights: dict[str, Array] = {
            tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
            for tensor in reader.tensors
        }
        self.weights.setdefault("output.weight", self.weights["token_embd.weight"])

    def logits(self, ids: list[int]) -> Array:
        """float32 (len(ids), vocabulary)."""
        x = self.weights["token_embd.weight"][np.asarray(ids)]
        for layer in range(self.layers):
            x = x + self._attention(layer, self._norm(x, f"blk.{layer}.attn_norm.weight"))
            x = x + self._feed_forward(layer, self._norm(x, f"blk.{layer}.ffn_norm.weight"))
        return self._norm(x, "output_norm.weight") @ self.weights["output.weight"].T

    def _norm(self, x: Array, name: str) -> Array:
        mean_square = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float32)
        return x / np.sqrt(mean_square + self.epsilon) * self.weights[name]

    def _attention(self, layer: int, x: Array) -> Array:
        count = len(x)

        def project(name: str, heads: int) -> Array:  # (heads, positions, head_dim)
            projected = x @ self.weights[f"blk.{layer}.{name}.weight"].T
            return projected.reshape(count, heads, self.head_dim).transpose(1, 0, 2)

        q = self._rotate(project("attn_q", self.heads))
        k = self._rotate(project("attn_k", self.kv_heads))
        v = project("attn_v", self.kv_heads)
        group = self.heads // self.kv_heads
        k, v = np.repeat(k, group, axis=0), np.repeat(v, group, axis=0)

        scores = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(self.head_dim))
        scores += np.triu(np.full((count, count), -np.inf, np.float32), 1)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ v).transpose(1, 0, 2).reshape(count, -1)
        return mixed @ self.weights[f"blk.{layer}.attn_output.weight"].T

    def _rotate(self, x: Array) -> Array:
        _, count, dim = x.shape
        frequency = self.rope_base ** (-np.arange(0, dim, 2) / dim)
        angle = np.outer(np.arange(count), frequency)
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        rotated = np.empty_like(x)
        rotated[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
        rotated[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
        return rotated

    def _feed_forward(self, layer: int, x: Array) -> Array:
        gate = x @ self.weights[f"blk.{layer}.ffn_gate.weight"].T
        up = x @ self.weights[f"blk.{layer}.ffn_up.weight"].T
        silu = gate / (1 + np.exp(-gate))
        return (silu * up) @ self.weights[f"blk.{layer}.ffn_down.weight"].T


@lru_cache(maxsize=1)
def load(path: str) -> ReferenceLlama:
    """The reference for `path`, dequantised once for a test run."""
    return ReferenceLlama(path)
