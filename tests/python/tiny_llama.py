"""A tiny Llama of random weights as a GGUF file, and what it computes in float64.

The oracle shares no code with Foundry: RoPE and its scaling are written pair by pair after ggml's
rope (ggml-cpu/ops.cpp) and llama.cpp's context parameters.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, LAYERS, VOCABULARY = 64, 96, 2, 1, 32, 2, 40

METADATA: dict[str, Any] = {
    "general.architecture": "llama",
    "general.name": "tiny",
    "llama.block_count": np.uint32(LAYERS),
    "llama.context_length": np.uint32(64),
    "llama.embedding_length": np.uint32(HIDDEN),
    "llama.feed_forward_length": np.uint32(INNER),
    "llama.attention.head_count": np.uint32(HEADS),
    "llama.attention.head_count_kv": np.uint32(KV_HEADS),
    "llama.attention.layer_norm_rms_epsilon": np.float32(1e-5),
    "llama.rope.freq_base": np.float32(10_000.0),
    "llama.vocab_size": np.uint32(VOCABULARY),
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": ["<|end|>", *(chr(0x61 + i) for i in range(26)), "ab", "abc"]
    + [f"<{i}>" for i in range(11)],
    "tokenizer.ggml.token_type": np.array([3] + [1] * 39, np.int32),
    "tokenizer.ggml.merges": ["a b", "ab c"],
    "tokenizer.ggml.eos_token_id": np.uint32(0),
    "tokenizer.ggml.unknown_token_id": np.uint32(0),
    "tokenizer.ggml.add_bos_token": False,
    "tokenizer.chat_template": "{{ messages[0]['content'] }}",
}

# The numbers of value types (ggml's docs/gguf.md), by numpy's characters.
_TYPES = {char: kind for kind, char in enumerate("BbHhIif?")} | {"Q": 10, "q": 11, "d": 12}
_STRING, _ARRAY = 8, 9


def _packed(value: Any) -> bytes:
    if isinstance(value, str | bytes):
        text = value.encode() if isinstance(value, str) else value
        return struct.pack("<Q", len(text)) + text
    return np.asarray(value).tobytes()


def _value(value: Any) -> bytes:
    """Type and contents of a metadata value."""
    if isinstance(value, str | bytes):
        return struct.pack("<I", _STRING) + _packed(value)
    if isinstance(value, list):
        return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(map(_packed, value))
    array = np.asarray(value)
    char = array.dtype.char.translate({ord("L"): "Q", ord("l"): "q"})  # of 64 bits too
    kind = _TYPES[char]
    if array.ndim == 1:
        return struct.pack("<IIQ", _ARRAY, kind, len(array)) + array.tobytes()
    return struct.pack("<I", kind) + array.tobytes()


def _weights() -> dict[str, F32]:
    random = np.random.default_rng(5)

    def matrix(rows: int, columns: int) -> F32:
        return (random.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    def norm() -> F32:
        return random.uniform(0.5, 1.5, HIDDEN).astype(np.float32)

    weights = {"token_embd.weight": matrix(VOCABULARY, HIDDEN) * 8, "output_norm.weight": norm()}
    for layer in range(LAYERS):
        shapes = {
            "attn_q": (HEADS * HEAD_DIM, HIDDEN),
            "attn_k": (KV_HEADS * HEAD_DIM, HIDDEN),
            "attn_v": (KV_HEADS * HEAD_DIM, HIDDEN),
            "attn_output": (HIDDEN, HEADS * HEAD_DIM),
            "ffn_gate": (INNER, HIDDEN),
            "ffn_up": (INNER, HIDDEN),
            "ffn_down": (HIDDEN, INNER),
        }
        for name, shape in shapes.items():
            weights[f"blk.{layer}.{name}.weight"] = matrix(*shape)
        # Queries and keys large enough that where attention looks depends on the rotation.
        for name in ("attn_q", "attn_k"):
            weights[f"blk.{layer}.{name}.weight"] *= 2
        weights[f"blk.{layer}.attn_norm.weight"] = norm()
        weights[f"blk.{layer}.ffn_norm.weight"] = norm()
    return weights


@dataclass(frozen=True)
class TinyLlama:
    """Metadata and tensors (f32 or f16), both to be changed by `changed`."""

    metadata: Mapping[str, Any] = field(default_factory=lambda: dict(METADATA))
    tensors: Mapping[str, NDArray[Any]] = field(default_factory=_weights)
    omitted: frozenset[str] = frozenset()

    def changed(self, metadata: Mapping[str, Any] | None = None, **tensors: Any) -> TinyLlama:
        """With other values; None takes a key away."""
        keys = {k: v for k, v in {**self.metadata, **(metadata or {})}.items() if v is not None}
        return replace(self, metadata=keys, tensors={**self.tensors, **tensors})

    def write(self, path: Path, alignment: int = 32) -> Path:
        """As a GGUF file: numpy scalars and arrays keep their type, Python lists are strings."""
        header = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.metadata))
        for key, value in self.metadata.items():
            header += _packed(key) + _value(value)
        data = b""
        for name, values in self.tensors.items():
            data += b"\xaa" * (-len(data) % alignment)
            header += _packed(name) + struct.pack("<I", values.ndim)
            header += struct.pack(f"<{values.ndim}Q", *reversed(values.shape))
            header += struct.pack("<IQ", {"f": 0, "e": 1}[values.dtype.char], len(data))
            data += values.tobytes()
        path.write_bytes(header + b"\xaa" * (-len(header) % alignment) + data)
        return path

    # --- the oracle ---

    def logits(self, ids: list[int], context_length: int = 64) -> F64:
        """float64 (len(ids), vocabulary)."""
        x = self._tensor("token_embd.weight")[ids]
        for layer in range(LAYERS):
            x = x + self._attention(layer, self._norm(x, f"blk.{layer}.attn_norm"), context_length)
            h = self._norm(x, f"blk.{layer}.ffn_norm")
            gate = self._product(h, f"blk.{layer}.ffn_gate")
            up = self._product(h, f"blk.{layer}.ffn_up")
            x = x + self._product(gate / (1 + np.exp(-gate)) * up, f"blk.{layer}.ffn_down")
        return self._norm(x, "output_norm") @ self._tensor("token_embd.weight").T

    def _tensor(self, name: str) -> F64:
        return self.tensors[name].astype(np.float64)

    def _get(self, key: str, default: float) -> float:
        return float(self.metadata.get(f"llama.{key}", default))

    def _product(self, x: F64, name: str) -> F64:
        y = x @ self._tensor(f"{name}.weight").T
        return y + self._tensor(f"{name}.bias") if f"{name}.bias" in self.tensors else y

    def _norm(self, x: F64, name: str) -> F64:
        scale = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-5)
        return x / scale * self._tensor(f"{name}.weight")

    def _attention(self, layer: int, x: F64, context_length: int) -> F64:
        def heads(name: str, count: int) -> F64:
            return self._product(x, f"blk.{layer}.{name}").reshape(-1, count, HEAD_DIM)

        q, k, v = heads("attn_q", HEADS), heads("attn_k", KV_HEADS), heads("attn_v", KV_HEADS)
        q, k = self._rotated(q, context_length), self._rotated(k, context_length)
        scale = self._get("attention.scale", 0.0) or 1 / math.sqrt(HEAD_DIM)
        window = int(self._get("attention.sliding_window", 0)) or len(x)
        mixed = np.zeros_like(q)
        for token in range(len(x)):
            first = max(0, token - window + 1)
            for head in range(HEADS):
                kv = head * KV_HEADS // HEADS
                scores = k[first : token + 1, kv] @ q[token, head] * scale
                weights = np.exp(scores - scores.max())
                mixed[token, head] = weights / weights.sum() @ v[first : token + 1, kv]
        return self._product(mixed.reshape(len(x), -1), f"blk.{layer}.attn_output")

    def _rotated(self, x: F64, context_length: int) -> F64:
        angles, scale = self._frequencies(context_length)
        y = np.empty_like(x)
        for position in range(len(x)):
            for pair, frequency in enumerate(angles):
                cos, sin = math.cos(position * frequency), math.sin(position * frequency)
                a, b = x[position, :, 2 * pair], x[position, :, 2 * pair + 1]
                y[position, :, 2 * pair] = (a * cos - b * sin) * scale
                y[position, :, 2 * pair + 1] = (a * sin + b * cos) * scale
        return y

    def _frequencies(self, context_length: int) -> tuple[list[float], float]:
        """Of each pair, and the factor of cos and sin."""
        base = self._get("rope.freq_base", 10_000.0)
        kind = self.metadata.get("llama.rope.scaling.type", "linear")
        factor = self._get("rope.scaling.factor", self._get("rope.scale_linear", 0.0)) or 1.0
        freq_scale = 1.0 if kind == "none" else 1.0 / factor
        original = self._get("rope.scaling.original_context_length", 64)
        ext_factor = 1.0 if kind == "yarn" else 0.0
        attn_factor = self._get("rope.scaling.attn_factor", 1.0)
        fast = self._get("rope.scaling.yarn_beta_fast", 32.0)
        slow = self._get("rope.scaling.yarn_beta_slow", 1.0)
        log_mul = self._get("rope.scaling.yarn_log_multiplier", 0.0)

        def corr_dim(rotations: float) -> float:
            return HEAD_DIM * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(base))

        low = max(0.0, math.floor(corr_dim(fast)))
        high = min(HEAD_DIM - 1.0, math.ceil(corr_dim(slow)))
        name = "rope_freqs.weight"
        if kind == "longrope":
            is_long = context_length > original
            name = f"rope_factors_{'long' if is_long else 'short'}.weight"
        frequencies = []
        for pair in range(HEAD_DIM // 2):
            theta = base ** (-2 * pair / HEAD_DIM)
            if name in self.tensors:
                theta /= float(self.tensors[name][pair])
            ramp = 1 - min(1.0, max(0.0, (pair - low) / max(0.001, high - low)))
            mix = ramp * ext_factor
            frequencies.append(theta * freq_scale * (1 - mix) + theta * mix)
        if ext_factor != 0.0:
            attn_factor *= 1 + 0.1 * math.log(factor)
            if log_mul:
                attn_factor /= 1 + 0.1 * log_mul * math.log(factor)
        return frequencies, attn_factor
