"""Models whose weights mix formats: logits against the float32 reference, which dequantises them
with the `gguf` package."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

import foundry as fd
import quantised
import reference_llama
from test_model_numbers import clear_disagreements, cosines
from values import rng

LAYERS = 2
IDS = [1, 30, 7, 255, 12, 80, 4, 4, 199, 63, 250, 17]


def format_of(formats: dict[str, str], tensor: str) -> str:
    """The first entry whose key is part of the tensor's name; norms stay f32."""
    return next((name for key, name in formats.items() if key in tensor), "f32")


def write(
    path: Path, model_path: Path, weights: dict[str, quantised.F32], formats: dict[str, str],
    sizes: dict[str, int], vocabulary: int,
) -> None:  # fmt: skip
    """A Llama with the first `vocabulary` tokens of the demo model's tokenizer, and no merges."""
    fields = gguf.GGUFReader(model_path).fields
    writer = gguf.GGUFWriter(path, "llama")
    for key, value in sizes.items():
        writer.add_uint32(f"llama.{key}", value)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_float32("llama.rope.freq_base", 10_000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(fields["tokenizer.ggml.tokens"].contents()[:vocabulary])
    writer.add_token_types(fields["tokenizer.ggml.token_type"].contents()[:vocabulary])
    writer.add_array("tokenizer.ggml.merges", ["Ġ t"])
    for name, values in weights.items():
        kind = format_of(formats, name) if values.ndim == 2 else "f32"
        packed = quantised.pack(values.astype(np.float32), kind)
        writer.add_tensor(name, packed, raw_dtype=quantised.kind_of(kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check(path: Path) -> None:
    model = fd.models.load(path)
    reference = reference_llama.ReferenceLlama(path).logits(IDS)
    for batch in (None, 1):
        logits = model.logits(IDS, batch=batch)
        # As for the demo model: f16 caches and sums in another order are all that differs.
        assert cosines(reference, logits).min() >= 0.9999
        assert clear_disagreements(reference, logits, margin=0.1) == []


@pytest.mark.parametrize(
    "formats",
    [
        # llama.cpp's own mixtures for this model, whose 576 columns no K format can hold.
        {"ffn_down": "q6_k", "attn_v": "q8_0", "attn": "q5_0", "ffn": "q5_0", "token": "q8_0"},
        {"ffn_down": "q4_k", "attn_v": "f16", "attn": "bf16", "ffn": "q5_1", "token": "q4_0"},
        {"ffn_down": "tq2_0", "attn_v": "nvfp4", "attn": "iq4_nl", "ffn": "mxfp4", "token": "q8_0"},
    ],
    ids=["q4_k_m", "mixed", "of four bits"],
)
def test_the_demo_models_first_layers_in_other_formats(
    tmp_path: Path, model_path: Path, formats: dict[str, str]
) -> None:
    vocabulary = 512
    weights = {}
    for tensor in gguf.GGUFReader(model_path).tensors:
        if tensor.name.startswith("blk.") and int(tensor.name.split(".")[1]) >= LAYERS:
            continue
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        weights[tensor.name] = values[:vocabulary] if "token" in tensor.name else values
    sizes = {
        "block_count": LAYERS,
        "context_length": 64,
        "embedding_length": 576,
        "feed_forward_length": 1536,
        "attention.head_count": 9,
        "attention.head_count_kv": 3,
    }
    path = tmp_path / "cut.gguf"
    write(path, model_path, weights, formats, sizes, vocabulary)
    check(path)


@pytest.mark.parametrize(
    "formats",
    [
        {"ffn_down": "q6_k", "attn_v": "q5_k", "ffn_up": "q5_k", "token": "q6_k", "": "q4_k"},
        {"ffn_down": "q3_k", "attn_v": "iq4_xs", "ffn_up": "iq3_s", "token": "q2_k", "": "iq2_s"},
    ],
    ids=["q4_k_m", "small"],
)
def test_a_model_of_k_formats(tmp_path: Path, model_path: Path, formats: dict[str, str]) -> None:
    """Random weights, of sizes that keep activations around one."""
    hidden, inner, heads, kv_heads, vocabulary = 256, 512, 4, 2, 300
    random = rng("k model")

    def matrix(rows: int, columns: int) -> quantised.F32:
        return (random.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    def norm() -> quantised.F32:
        return random.uniform(0.5, 1.5, hidden).astype(np.float32)

    weights = {"token_embd.weight": matrix(vocabulary, hidden) * 16, "output_norm.weight": norm()}
    for layer in range(LAYERS):
        sizes_of = {
            "attn_q": (hidden, hidden),
            "attn_k": (hidden * kv_heads // heads, hidden),
            "attn_v": (hidden * kv_heads // heads, hidden),
            "attn_output": (hidden, hidden),
            "ffn_gate": (inner, hidden),
            "ffn_up": (inner, hidden),
            "ffn_down": (hidden, inner),
        }
        weights |= {f"blk.{layer}.{n}.weight": matrix(*shape) for n, shape in sizes_of.items()}
        weights |= {f"blk.{layer}.{n}.weight": norm() for n in ("attn_norm", "ffn_norm")}
    sizes = {
        "block_count": LAYERS,
        "context_length": 64,
        "embedding_length": hidden,
        "feed_forward_length": inner,
        "attention.head_count": heads,
        "attention.head_count_kv": kv_heads,
    }
    path = tmp_path / "k.gguf"
    write(path, model_path, weights, formats, sizes, vocabulary)
    check(path)
