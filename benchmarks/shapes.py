"""Files of random weights in the shapes of models that people run, 0.4 to 1 GB, kept in build/.

Of a model that is larger the layers are cut, and of mixtures the vocabulary, so that a token's time
is spent where the whole model spends it. A tensor is one sample of rows again and again: what is
measured reads every byte and computes what it would, whatever the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

import foundry as fd
from foundry.convert import BLOCKS, BlockEncoder, format_of

FOLDER = Path("build/shapes")
_SAMPLE = 64  # rows
_ATTENTION = "attn_norm attn_q attn_k attn_v attn_output"
_GATED = "ffn_norm ffn_gate ffn_up ffn_down"
_HEAD_NORMS = "attn_q_norm attn_k_norm"
_EXPERTS = "ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps"


@dataclass(frozen=True)
class Shape:
    architecture: str
    type: str
    """Of the file; `experts` is that of the experts."""
    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tensors: str
    outside: str = "token_embd output_norm"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    experts: str = ""

    def path(self, name: str) -> Path:
        """Written if it is not there."""
        path = FOLDER / f"{name}.gguf"
        if not path.exists():
            FOLDER.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            self._write(part, name)
            part.rename(path)
        return path

    def _write(self, path: Path, name: str) -> None:
        writer = gguf.GGUFWriter(path, self.architecture)
        writer.add_name(name)
        metadata = {
            "context_length": 32768,
            "embedding_length": self.hidden,
            "block_count": self.layers,
            "feed_forward_length": self.inner,
            "attention.head_count": self.heads,
            "attention.head_count_kv": self.kv_heads,
            "attention.key_length": self.head_dim,
            "attention.value_length": self.head_dim,
            "attention.layer_norm_rms_epsilon": 1e-6,
            **self.metadata,
        }
        for key, value in metadata.items():
            kind = gguf.GGUFValueType.get_type(value)
            kind = gguf.GGUFValueType.UINT32 if isinstance(value, int) else kind
            writer.add_key_value(f"{self.architecture}.{key}", value, kind)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("llama-bpe")
        writer.add_token_list(["a", "b", "ab", *(f"<{i}>" for i in range(3, self.vocabulary))])
        writer.add_token_types([gguf.TokenType.NORMAL] * self.vocabulary)
        writer.add_token_merges(["a b"])
        writer.add_eos_token_id(3)
        names = self.outside.split()
        for layer in range(self.layers):
            names += [f"blk.{layer}.{name}" for name in self.tensors.split()]
        for each in names:
            self._add(writer, each if each.endswith(".bias") else f"{each}.weight")
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def _add(self, writer: gguf.GGUFWriter, name: str) -> None:
        kind = name.split(".", 2)[-1] if name.startswith("blk.") else name
        shape = self._extents(kind)
        random = np.random.default_rng(7)
        if len(shape) == 1 or kind.startswith("ffn_gate_inp"):
            mean = 1.0 if "norm" in kind else 0.0
            values = random.normal(mean, 0.05, shape)
            writer.add_tensor(name, values.astype(np.float32))
            return
        if kind.endswith(".bias"):
            writer.add_tensor(name, np.zeros(shape, np.float32))
            return
        wanted = self.experts if "_exps" in kind and self.experts else self.type
        form = wanted if wanted == "mxfp4" else format_of(name, shape, wanted)
        sample = random.normal(0, shape[-1] ** -0.5, (_SAMPLE, shape[-1])).astype(np.float32)
        packed = _packed(sample, form)
        rows = int(np.prod(shape[:-1]))
        data: NDArray[np.uint8] = np.resize(packed, (rows, packed.shape[-1]))
        writer.add_tensor(
            name,
            data.reshape(*shape[:-1], -1),
            raw_dtype=gguf.GGMLQuantizationType[form.upper()],
        )

    def _extents(self, kind: str) -> tuple[int, ...]:
        query, key = self.heads * self.head_dim, self.kv_heads * self.head_dim
        count = self.metadata.get("expert_count", 0)
        expert = self.metadata.get("expert_feed_forward_length", 0)
        bare = kind.removesuffix(".weight").removesuffix(".bias")
        shape = {
            "token_embd": (self.vocabulary, self.hidden),
            "output": (self.vocabulary, self.hidden),
            "attn_q": (query, self.hidden),
            "attn_k": (key, self.hidden),
            "attn_v": (key, self.hidden),
            "attn_output": (self.hidden, query),
            "attn_q_norm": (self.head_dim,),
            "attn_k_norm": (self.head_dim,),
            "attn_sinks": (self.heads,),
            "ffn_gate": (self.inner, self.hidden),
            "ffn_up": (self.inner, self.hidden),
            "ffn_down": (self.hidden, self.inner),
            "ffn_gate_inp": (count, self.hidden),
            "ffn_gate_exps": (count, expert, self.hidden),
            "ffn_up_exps": (count, expert, self.hidden),
            "ffn_down_exps": (count, self.hidden, expert),
        }.get(bare, (self.hidden,))
        return shape[:-1] if kind.endswith(".bias") and len(shape) > 1 else shape


def _packed(sample: NDArray[np.float32], form: str) -> NDArray[np.uint8]:
    if form in BLOCKS:
        runtime = fd.Foundry()
        blocks = BlockEncoder(runtime).encode("sample", runtime.tensor(sample), form)
        return blocks.copy_to_host().reshape(len(sample), -1)
    kind = gguf.GGMLQuantizationType[form.upper()]
    return np.ascontiguousarray(gguf.quants.quantize(sample, kind)).view(np.uint8)


def _llama(type: str, layers: int) -> Shape:
    """Llama 3.2 1B, of 16 layers."""
    return Shape(
        "llama", type, layers, 2048, 8192, 32, 8, 64, 128256, f"{_ATTENTION} {_GATED}",
        metadata={"rope.freq_base": 500000.0},
    )  # fmt: skip


def _smollm2(type: str) -> Shape:
    """SmolLM2 135M."""
    return Shape(
        "llama", type, 30, 576, 1536, 9, 3, 64, 49152, f"{_ATTENTION} {_GATED}",
        metadata={"rope.freq_base": 100000.0},
    )  # fmt: skip


def _qwen3(type: str) -> Shape:
    """Qwen 3 0.6B."""
    return Shape(
        "qwen3", type, 28, 1024, 3072, 16, 8, 128, 151936, f"{_ATTENTION} {_HEAD_NORMS} {_GATED}",
        metadata={"rope.freq_base": 1e6},
    )  # fmt: skip


SHAPES: dict[str, Shape] = {
    "smollm2-q4_1": _smollm2("q4_1"),
    "smollm2-q8_0": _smollm2("q8_0"),
    "smollm2-f16": _smollm2("f16"),
    "smollm2-bf16": _smollm2("bf16"),
    "llama-q4_k": _llama("q4_k", 16),
    "llama-q8_0": _llama("q8_0", 8),
    "qwen3-q8_0": _qwen3("q8_0"),
    "qwen3-q4_0": _qwen3("q4_0"),
    # Gemma 3 1B.
    "gemma3-q4_k": Shape(
        "gemma3", "q4_k", 26, 1152, 6912, 4, 1, 256, 262144,
        f"{_ATTENTION} {_HEAD_NORMS} {_GATED} post_attention_norm post_ffw_norm",
        metadata={"attention.sliding_window": 512, "rope.freq_base": 1e6},
    ),
    # Qwen 3 30B-A3B, of 48 layers and 151,936 tokens.
    "qwen3moe-q4_k": Shape(
        "qwen3moe", "q4_k", 2, 2048, 6144, 32, 4, 128, 32768,
        f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_EXPERTS}",
        metadata={
            "rope.freq_base": 1e6,
            "expert_count": 128,
            "expert_used_count": 8,
            "expert_feed_forward_length": 768,
        },
    ),
    # gpt-oss 20B, of 24 layers and 201,088 tokens.
    "gpt-oss-mxfp4": Shape(
        "gpt-oss", "q8_0", 2, 2880, 2880, 64, 8, 64, 32768,
        f"{_ATTENTION} post_attention_norm attn_sinks {_EXPERTS} "
        "attn_q.bias attn_k.bias attn_v.bias attn_output.bias ffn_gate_inp.bias "
        "ffn_gate_exps.bias ffn_up_exps.bias ffn_down_exps.bias",
        metadata={
            "rope.freq_base": 150000.0,
            "attention.sliding_window": 128,
            "expert_count": 32,
            "expert_used_count": 4,
            "expert_feed_forward_length": 2880,
        },
        experts="mxfp4",
        outside="token_embd output_norm output",
    ),
}  # fmt: skip
