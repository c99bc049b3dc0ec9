"""The oracle of Gemma 3: a forward pass in plain float32 numpy.

Weights are read and dequantised by the `gguf` package. The arithmetic follows the Gemma team's
"Gemma 3 Technical Report" (2025): norms before and after attention and MLP, norms of heads, five
layers with a window to one without.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize
from numpy.typing import NDArray

Array = NDArray[np.float32]

_PATTERN = 6  # every so many layers one attends to all positions


class ReferenceGemma:
    """Evaluates token ids to logits, one row per position, from position 0 on."""

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)

        def field(key: str, default: float | None = None) -> float:
            found = reader.get_field(f"gemma3.{key}")
            if found is None:
                assert default is not None, key
                return default
            return float(found.contents())

        self.layers = int(field("block_count"))
        self.heads = int(field("attention.head_count"))
        self.kv_heads = int(field("attention.head_count_kv"))
        self.head_dim = int(field("attention.key_length"))
        self.epsilon = np.float32(field("attention.layer_norm_rms_epsilon"))
        self.window = int(field("attention.sliding_window"))
        self.base, self.local_base = field("rope.freq_base"), field("rope.freq_base_swa", 10000.0)
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}

    def weight(self, name: str) -> Array:
        tensor = self._tensors[name]
        return np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32)

    def logits(self, ids: list[int]) -> Array:
        """float32 (len(ids), vocabulary)."""
        embedding = self.weight("token_embd.weight")
        x = embedding[ids] * np.sqrt(np.float32(embedding.shape[1]))
        for layer in range(self.layers):
            at = f"blk.{layer}."
            h = self._attention(at, self._norm(x, f"{at}attn_norm"), (layer + 1) % _PATTERN == 0)
            x = x + self._norm(h, f"{at}post_attention_norm")
            h = self._norm(x, f"{at}ffn_norm")
            gate, up = (
                h @ self.weight(f"{at}ffn_gate.weight").T,
                h @ self.weight(f"{at}ffn_up.weight").T,
            )
            h = (_gelu(gate) * up) @ self.weight(f"{at}ffn_down.weight").T
            x = x + self._norm(h, f"{at}post_ffw_norm")
        return np.asarray(self._norm(x, "output_norm") @ embedding.T, np.float32)

    def _norm(self, x: Array, name: str) -> Array:
        square = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float32)
        return np.asarray(x / np.sqrt(square + self.epsilon) * self.weight(f"{name}.weight"))

    def _attention(self, at: str, x: Array, sees_all: bool) -> Array:
        def project(name: str, heads: int) -> Array:  # (heads, positions, head_dim)
            rows = x @ self.weight(f"{at}{name}.weight").T
            return rows.reshape(len(x), heads, self.head_dim).swapaxes(0, 1)

        base = self.base if sees_all else self.local_base
        q = self._turned(self._norm(project("attn_q", self.heads), f"{at}attn_q_norm"), base)
        k = self._turned(self._norm(project("attn_k", self.kv_heads), f"{at}attn_k_norm"), base)
        v = project("attn_v", self.kv_heads)
        group = self.heads // self.kv_heads
        scores = q @ np.repeat(k, group, 0).swapaxes(1, 2) / np.sqrt(np.float32(self.head_dim))
        position = np.arange(len(x))
        distance = position[:, None] - position
        hidden = (distance < 0) | (distance >= (len(x) if sees_all else self.window))
        scores = np.where(hidden, -np.inf, scores)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = weights / weights.sum(-1, keepdims=True) @ np.repeat(v, group, 0)
        mixed = mixed.swapaxes(0, 1).reshape(len(x), -1)
        return np.asarray(mixed @ self.weight(f"{at}attn_output.weight").T, np.float32)

    def _turned(self, x: Array, base: float) -> Array:
        """Su et al. 2021, elements (i, i + head_dim / 2) as a pair."""
        half = self.head_dim // 2
        frequency = base ** (-np.arange(half) / half)
        angle = np.outer(np.arange(x.shape[1]), frequency)
        cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([a * cosine - b * sine, b * cosine + a * sine], -1)


def _gelu(x: Array) -> Array:
    """The tanh form, Hendrycks and Gimpel 2016."""
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return np.asarray(0.5 * x * (1 + np.tanh(inner)), np.float32)
