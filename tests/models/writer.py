"""Small models of random weights as GGUF files, written with the `gguf` package.

A file's tensors are listed by name, as llama.cpp's loader of the architecture asks for them; it
refuses a file with one too many or too few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

import quantised

VOCABULARY = 61
CONTEXT = 512

_TOKENIZER: dict[str, Any] = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": ["<|end|>", *(chr(0x61 + i) for i in range(26)), "ab", "abc"]
    + [f"<{i}>" for i in range(VOCABULARY - 29)],
    "tokenizer.ggml.token_type": [3] + [1] * (VOCABULARY - 1),
    "tokenizer.ggml.merges": ["a b", "ab c"],
    "tokenizer.ggml.eos_token_id": 0,
    "tokenizer.ggml.add_bos_token": False,
}

MIXED = ["f16", "q8_0", "bf16", "q4_0", "q5_1", "q6_k", "q4_k", "q4_1", "q5_0", "q5_k"]


@dataclass(frozen=True)
class Sizes:
    hidden: int = 96
    inner: int = 136
    heads: int = 6
    kv_heads: int = 2
    head_dim: int = 16
    layers: int = 3
    expert: int = 40
    shared: int = 72
    """Feed-forward lengths of experts, and of the shared one."""
    rank: int = 44
    query_rank: int = 52
    """Elements of latents: of keys and values, and of queries."""
    turned: int = 8
    unturned: int = 20
    value: int = 28
    """Elements of a head of latent attention: of its queries, and of its result."""
    scan_heads: int = 12
    scan_groups: int = 2
    scan_state: int = 20
    taps: int = 4

    @property
    def query(self) -> int:
        return self.heads * self.head_dim

    @property
    def scanned(self) -> int:
        """Elements of a scan's heads: llama.cpp takes no other number."""
        return 2 * self.hidden

    @property
    def convolved(self) -> int:
        return self.scanned + 2 * self.scan_groups * self.scan_state

    @property
    def key(self) -> int:
        return self.kv_heads * self.head_dim


SMALL = Sizes()
BLOCKS = Sizes(
    hidden=256,
    inner=512,
    heads=8,
    kv_heads=2,
    head_dim=32,
    layers=2,
    expert=256,
    shared=768,
    rank=256,
    query_rank=256,
    turned=32,
    unturned=64,
    value=32,
    scan_heads=16,
    scan_state=32,
)
"""Columns that every format divides."""


_RECURRENT = ("ssm_a", "ssm_d", "ssm_conv1d", "shortconv.conv")
"""What of recurrent layers is no matrix of a product."""

_GROWN = {
    getattr(SMALL, name) * times: getattr(BLOCKS, name) * times
    for name in (
        "heads",
        "kv_heads",
        "head_dim",
        "hidden",
        "inner",
        "query",
        "key",
        "expert",
        "shared",
    )
    for times in (1, 2)
}


_SIZES = ("feed_forward_length", "key_length", "value_length", "_swa")
"""How keys end that have sizes."""


def _grown(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(_GROWN.get(extent, extent) for extent in shape)
        for name, shape in shapes.items()
    }


def _grown_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_GROWN[one] for one in value]
    return _GROWN[value] if isinstance(value, int) else value


@dataclass(frozen=True)
class Model:
    """A file: `tensors` of each layer and `outside` of them by name, without ".weight"; metadata
    under the architecture's prefix."""

    architecture: str
    tensors: str
    outside: str = "token_embd output_norm output"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Metadata without the prefix."""
    without: str = ""
    """Tensors of single layers that are left out, by their whole names."""
    sizes: Sizes = SMALL
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Of the tensors that are unlike other architectures'."""
    formats: tuple[str, ...] = ("f32",)
    """Of the matrices, in turn."""
    bare: str = "ssm_a ssm_d"
    """The tensors that are called so without ".weight"."""
    others: Mapping[int, str] = field(default_factory=dict)
    """The tensors of layers that have others."""
    shapes_of: Mapping[int, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """`shapes` of one layer."""
    experts: int | None = None
    """How many the tensors have, where metadata says otherwise."""

    @property
    def recurs(self) -> bool:
        every = " ".join([self.tensors, *self.others.values()])
        return "ssm_in" in every or "shortconv" in every

    @property
    def has_experts(self) -> bool:
        return "expert_count" in self.metadata

    @property
    def is_latent(self) -> bool:
        return "attn_kv_a_mqa" in self.tensors

    def with_blocks(self) -> Model:
        """Of larger sizes, in many formats."""
        metadata = {
            name: _grown_value(value) if name.endswith(_SIZES) else value
            for name, value in self.metadata.items()
        }
        shapes = _grown(self.shapes)
        if "rope.dimension_count" in self.metadata:  # which stays, and so does a factor a pair
            factors = {name for name in shapes if name.startswith("rope_factors")}
            shapes.update({name: self.shapes[name] for name in factors})
        of_layers = {layer: _grown(own) for layer, own in self.shapes_of.items()}
        alone = self.sizes.kv_heads == self.sizes.heads  # every head has keys of its own
        kv_heads = BLOCKS.heads if alone else BLOCKS.kv_heads
        sizes = replace(
            BLOCKS,
            layers=self.sizes.layers,
            kv_heads=kv_heads,
            scan_groups=self.sizes.scan_groups,
        )
        return replace(
            self,
            sizes=sizes,
            shapes=shapes,
            shapes_of=of_layers,
            metadata=metadata,
            formats=tuple(MIXED),
        )

    def write(self, path: Path, *, widened: bool = False) -> Path:
        """`widened` has the same weights in f32."""
        writer = gguf.GGUFWriter(path, self.architecture)
        for key, value in {**self._sizes(), **self.metadata}.items():
            _add(writer, f"{self.architecture}.{key}", value)
        for key, value in {**self.keys, **_TOKENIZER}.items():
            _add(writer, key, value)
        random = np.random.default_rng(7)
        matrices = 0
        names = [*self.outside.split()]
        for layer in range(self.sizes.layers):
            own = self.others.get(layer, self.tensors)
            names += [f"blk.{layer}.{name}" for name in own.split()]
        names = [name for name in names if name not in self.without.split()]
        for name in names:
            is_bare = name.endswith((".bias", ".scale")) or name.split(".")[-1] in self.bare.split()
            full = name if is_bare else f"{name}.weight"
            values = self._values(name, random)
            if values.ndim < 2 or name.endswith(
                (".bias", "_norm", "ffn_gate_inp", "position_embd", "token_types", *_RECURRENT)
            ):
                writer.add_tensor(full, values.astype(np.float32))
                continue
            name_of_format = self._format(matrices, values.shape[-1])
            matrices += 1
            packed = quantised.pack(values, name_of_format)
            if widened:
                writer.add_tensor(full, quantised.unpack(packed, name_of_format))
            else:
                writer.add_tensor(full, packed, raw_dtype=quantised.kind_of(name_of_format))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def _sizes(self) -> dict[str, Any]:
        sizes = self.sizes
        found: dict[str, Any] = {
            "context_length": CONTEXT,
            "embedding_length": sizes.hidden,
            "block_count": sizes.layers,
            "feed_forward_length": sizes.inner,
            "attention.head_count": sizes.heads,
            "attention.head_count_kv": sizes.kv_heads,
        }
        if self.recurs:
            found |= self._of_layers()
        if self.is_latent:
            return found | self._latent_sizes()
        if sizes.head_dim * sizes.heads != sizes.hidden:
            found |= {
                "attention.key_length": sizes.head_dim,
                "attention.value_length": sizes.head_dim,
            }
        return found

    def _of_layers(self) -> dict[str, Any]:
        """Of recurrent layers, and which those are."""
        s = self.sizes
        layers = [self.others.get(i, self.tensors).split() for i in range(s.layers)]
        found: dict[str, Any] = {}
        kv_heads = [s.kv_heads * ("attn_k" in names) for names in layers]
        inner = [s.inner * ("ffn_up" in names) for names in layers]
        if not all(kv_heads):
            found["attention.head_count_kv"] = kv_heads
        if not any(kv_heads):
            found |= {"attention.head_count": 0, "attention.head_count_kv": 0}
        if not all(inner) and not self.has_experts:
            found["feed_forward_length"] = inner if any(inner) else 0
        if any("ssm_in" in names for names in layers):
            found |= {
                "ssm.conv_kernel": s.taps,
                "ssm.inner_size": s.scanned,
                "ssm.state_size": s.scan_state,
                "ssm.time_step_rank": s.scan_heads,
                "ssm.group_count": s.scan_groups,
            }
        else:
            found["shortconv.l_cache"] = s.taps
        return found

    def _latent_sizes(self) -> dict[str, Any]:
        s = self.sizes
        found = {"attention.kv_lora_rank": s.rank, "rope.dimension_count": s.turned}
        if "attn_q_a" in self.tensors:
            found["attention.q_lora_rank"] = s.query_rank
        sizes = (s.unturned + s.turned, s.value)
        names = ("attention.key_length", "attention.value_length")
        if "attn_k_b" not in self.tensors:  # older files
            return found | dict(zip(names, sizes, strict=True))
        return found | {
            "attention.head_count_kv": 1,
            names[0]: s.rank + s.turned,
            names[1]: s.rank,
            f"{names[0]}_mla": sizes[0],
            f"{names[1]}_mla": sizes[1],
        }

    def _format(self, index: int, columns: int) -> str:
        fitting = [name for name in self.formats if columns % quantised.block_of(name)[0] == 0]
        return fitting[index % len(fitting)]

    def _values(self, name: str, random: np.random.Generator) -> NDArray[np.float32]:
        if not name.startswith("blk."):
            return self._random(name, self.shapes.get(name) or self._shape(name), random)
        _, layer, name = name.split(".", 2)
        own = self.shapes_of.get(int(layer), {}).get(name)
        return self._random(name, own or self.shapes.get(name) or self._shape(name), random)

    def _random(
        self, name: str, shape: tuple[int, ...], random: np.random.Generator
    ) -> NDArray[np.float32]:
        if name.endswith("scale") or ("norm" in name and not name.endswith(".bias")):
            return random.uniform(0.5, 1.5, shape).astype(np.float32)
        if name == "ssm_a":
            return -random.uniform(0.5, 4, shape).astype(np.float32)
        if name.startswith("rope_"):  # what frequencies are divided by
            return random.uniform(1, 8, shape).astype(np.float32)
        if len(shape) == 1 or name.endswith(".bias"):
            return (random.standard_normal(shape) * 0.2).astype(np.float32)
        values = random.standard_normal(shape)
        if name not in ("token_embd", "position_embd"):
            values /= np.sqrt(shape[-1])
        # Queries and keys large enough that where attention looks depends on the rotation.
        is_large = name in ("attn_q", "attn_k", "attn_qkv", "attn_q_b", "attn_kv_a_mqa")
        return (values * (2 if is_large else 1)).astype(np.float32)

    def _shape(self, name: str) -> tuple[int, ...]:
        s = self.sizes
        experts = self.metadata.get("expert_count", 0) if self.experts is None else self.experts
        inner = s.expert if "expert_feed_forward_length" in self.metadata else s.inner
        bare = name.removesuffix(".bias")
        if self.is_latent and bare in (of_latent := self._latent_shapes()):
            return of_latent[bare]
        if name.startswith("rope_"):
            return (s.head_dim // 2,)
        shape = {
            "token_embd": (VOCABULARY, s.hidden),
            "output": (VOCABULARY, s.hidden),
            "position_embd": (CONTEXT, s.hidden),
            "attn_q": (s.query, s.hidden),
            "attn_k": (s.key, s.hidden),
            "attn_v": (s.key, s.hidden),
            "attn_qkv": (s.query + 2 * s.key, s.hidden),
            "attn_output": (s.hidden, s.query),
            "attn_q_norm": (s.head_dim,),
            "attn_k_norm": (s.head_dim,),
            "attn_sinks": (s.heads,),
            "ffn_gate": (s.inner, s.hidden),
            "ffn_up": (s.inner, s.hidden),
            "ffn_down": (s.hidden, s.inner),
            "ffn_gate_inp": (experts, s.hidden),
            "exp_probs_b": (experts, 1),
            "shortconv.in_proj": (3 * s.hidden, s.hidden),
            "shortconv.conv": (s.hidden, s.taps),
            "shortconv.out_proj": (s.hidden, s.hidden),
            "ssm_in": (s.scanned + s.convolved + s.scan_heads, s.hidden),
            "ssm_conv1d": (s.convolved, s.taps),
            "ssm_dt": (s.scan_heads, 1),
            "ssm_a": (s.scan_heads, 1),
            "ssm_d": (s.scan_heads, 1),
            "ssm_norm": (s.scan_groups, s.scanned // s.scan_groups),
            "ssm_out": (s.hidden, s.scanned),
            "nextn.eh_proj": (s.hidden, 2 * s.hidden),
            "ffn_gate_exps": (experts, inner, s.hidden),
            "ffn_up_exps": (experts, inner, s.hidden),
            "ffn_down_exps": (experts, s.hidden, inner),
            "ffn_gate_shexp": (s.shared, s.hidden),
            "ffn_up_shexp": (s.shared, s.hidden),
            "ffn_down_shexp": (s.hidden, s.shared),
            "token_types": (2, s.hidden),
            "cls": (s.hidden, s.hidden),
        }.get(bare, (s.hidden,))
        return shape[:-1] if name.endswith(".bias") and len(shape) > 1 else shape

    def _latent_shapes(self) -> dict[str, tuple[int, ...]]:
        s = self.sizes
        query = s.heads * (s.unturned + s.turned)
        return {
            "attn_q": (query, s.hidden),
            "attn_q_a": (s.query_rank, s.hidden),
            "attn_q_a_norm": (s.query_rank,),
            "attn_q_b": (query, s.query_rank),
            "attn_kv_a_mqa": (s.rank + s.turned, s.hidden),
            "attn_kv_a_norm": (s.rank,),
            "attn_kv_b": (s.heads * (s.unturned + s.value), s.rank),
            "attn_k_b": (s.heads, s.rank, s.unturned),
            "attn_v_b": (s.heads, s.value, s.rank),
            "attn_output": (s.hidden, s.heads * s.value),
        }


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, str):
        writer.add_string(key, value)
    elif isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    else:
        writer.add_array(key, value)
