"""Folders with quantised weights: the numbers of each format's definition, written out here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray
from test_folders import TOKENS, write_safetensors, write_tokenizer
from transformers_reference import VOCABULARY

import foundry as fd
from foundry.convert import convert
from foundry.huggingface import Folder
from test_model_numbers import cosines

Values = NDArray[Any]
Tensors = dict[str, Values]

HIDDEN, INNER, HEAD = 128, 192, 32
LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": VOCABULARY,
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "rms_norm_eps": 1e-5,
    "eos_token_id": 0,
}
SHAPES = {
    "self_attn.q_proj": (4 * HEAD, HIDDEN),
    "self_attn.k_proj": (2 * HEAD, HIDDEN),
    "self_attn.v_proj": (2 * HEAD, HIDDEN),
    "self_attn.o_proj": (HIDDEN, 4 * HEAD),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}

# Products of f32 sums in another order.
NEAR = 1 - 1e-6
# Weights rounded to halves, 2^-11 of each.
NEAR_HALVES = 1 - 1e-5

random = np.random.default_rng(9)


def packed(codes: Values, bits: int, axis: int, order: tuple[int, ...] | None = None) -> Values:
    """Words of 32 bits along an axis; `order` says which code of a word's comes first."""
    codes = np.moveaxis(codes, axis, -1)
    each = 32 // bits
    words = np.zeros((*codes.shape[:-1], codes.shape[-1] // each), np.uint32)
    for place, source in enumerate(order or range(each)):
        words |= codes[..., source::each].astype(np.uint32) << np.uint32(bits * place)
    return np.moveaxis(words, -1, axis).copy()


def grouped(values: Values, columns: int) -> Values:
    """(rows, groups) as (rows, columns)."""
    return np.repeat(values.astype(np.float64), columns // values.shape[1], axis=1)


def codes_of(rows: int, columns: int, bits: int) -> Values:
    return random.integers(0, 1 << bits, (rows, columns))


def scales_of(rows: int, groups: int, dtype: Any, bits: int = 4) -> Values:
    """Such that weights are about as large as a trained model's."""
    return (random.uniform(0.5, 1.5, (rows, groups)) * 2.0**-bits * 0.3).astype(dtype)


def gptq(rows: int, columns: int, bits: int, kind: str) -> tuple[Tensors, Values]:
    codes, scales = codes_of(rows, columns, bits), scales_of(rows, columns // 64, np.float16, bits)
    zeros = np.full(scales.shape, 1 << bits - 1)
    groups = np.arange(columns) // 64
    if kind != "symmetric":
        zeros = random.integers(1, 1 << bits, scales.shape)
    if kind == "act order":
        groups = random.permutation(groups)
    weights = (codes - zeros[:, groups]) * scales.astype(np.float64)[:, groups]
    tensors = {
        "qweight": packed(codes.T, bits, 0).view(np.int32),
        "qzeros": packed(zeros.T - 1, bits, 1).view(np.int32),
        "scales": scales.T.copy(),
        "g_idx": groups.astype(np.int32),
    }
    return tensors, weights


def awq(rows: int, columns: int) -> tuple[Tensors, Values]:
    codes, scales = codes_of(rows, columns, 4), scales_of(rows, columns // 64, np.float16)
    zeros = random.integers(0, 16, scales.shape)
    weights = (codes - grouped(zeros, columns)) * grouped(scales, columns)
    order = (0, 2, 4, 6, 1, 3, 5, 7)
    tensors = {
        "qweight": packed(codes.T, 4, 1, order).view(np.int32),
        "qzeros": packed(zeros.T, 4, 1, order).view(np.int32),
        "scales": scales.T.copy(),
    }
    return tensors, weights


def mlx(rows: int, columns: int, bits: int) -> tuple[Tensors, Values]:
    codes = codes_of(rows, columns, bits)
    scales = scales_of(rows, columns // 64, ml_dtypes.bfloat16, bits)
    biases = (-(2.0 ** (bits - 1)) * scales.astype(np.float32)).astype(ml_dtypes.bfloat16)
    weights = codes * grouped(scales, columns) + grouped(biases, columns)
    return {"weight": packed(codes, bits, 1), "scales": scales, "biases": biases}, weights


def fp8(rows: int, columns: int, block: tuple[int, int] | None) -> tuple[Tensors, Values]:
    codes = random.standard_normal((rows, columns)).astype(ml_dtypes.float8_e4m3fn)
    if block is None:
        scale = np.float32(0.07)
        return {
            "weight": codes,
            "weight_scale_inv": np.array(scale),
            "activation_scale": np.array(scale),
        }, codes.astype(np.float64) * scale
    scales = scales_of(-(-rows // block[0]), -(-columns // block[1]), np.float32, 2)
    at = np.ix_(np.arange(rows) // block[0], np.arange(columns) // block[1])
    weights = codes.astype(np.float64) * scales.astype(np.float64)[at]
    return {"weight": codes, "weight_scale_inv": scales}, weights


def compressed(rows: int, columns: int, kind: str) -> tuple[Tensors, Values]:
    if kind == "pack-quantized":
        codes = codes_of(rows, columns, 4)
        scales = scales_of(rows, columns // 64, ml_dtypes.bfloat16)
        shape = np.array([rows, columns], np.int64)
        tensors: Tensors = {
            "weight_packed": packed(codes, 4, 1).view(np.int32),
            "weight_shape": shape,
        }
        tensors["weight_scale"] = scales
        return tensors, (codes - 8) * grouped(scales, columns)
    scales = scales_of(rows, 1, ml_dtypes.bfloat16, 7 if kind == "int-quantized" else 2)
    if kind == "int-quantized":
        codes = random.integers(-128, 128, (rows, columns)).astype(np.int8)
    else:
        codes = random.standard_normal((rows, columns)).astype(ml_dtypes.float8_e4m3fn)
    weights = codes.astype(np.float64) * scales.astype(np.float64)
    return {"weight": codes, "weight_scale": scales, "input_scale": np.ones(1, np.float32)}, weights


def groups(bits: int) -> dict[str, Any]:
    return {"config_groups": {"group_0": {"weights": {"num_bits": bits, "symmetric": True}}}}


Encode = Callable[[int, int], tuple[Tensors, Values]]
METHODS: dict[str, tuple[dict[str, Any], Encode, str]] = {
    "gptq, 4 bits": (
        {"quant_method": "gptq", "bits": 4, "sym": True, "desc_act": False},
        lambda r, c: gptq(r, c, 4, "symmetric"),
        "q4_0",
    ),
    "gptq, 8 bits": (
        {"quant_method": "gptq", "bits": 8, "sym": True, "desc_act": False},
        lambda r, c: gptq(r, c, 8, "symmetric"),
        "q8_0",
    ),
    "gptq, zeros": (
        {"quant_method": "gptq", "bits": 4, "sym": False, "desc_act": False},
        lambda r, c: gptq(r, c, 4, "zeros"),
        "f16",
    ),
    "gptq, act order": (
        {"quant_method": "gptq", "bits": 4, "sym": False, "desc_act": True},
        lambda r, c: gptq(r, c, 4, "act order"),
        "f16",
    ),
    "awq": ({"quant_method": "awq", "bits": 4, "version": "gemm"}, awq, "f16"),
    "mlx, 4 bits": ({"group_size": 64, "bits": 4}, lambda r, c: mlx(r, c, 4), "q4_1"),
    "mlx, 8 bits": ({"group_size": 64, "bits": 8}, lambda r, c: mlx(r, c, 8), "f16"),
    "fp8, blocks": (
        {"quant_method": "fp8", "weight_block_size": [48, 128]},
        lambda r, c: fp8(r, c, (48, 128)),
        "f16",
    ),
    "fp8, one scale": (
        {"quant_method": "fp8", "weight_block_size": None},
        lambda r, c: fp8(r, c, None),
        "f16",
    ),
    "compressed-tensors, 4 bits": (
        {"quant_method": "compressed-tensors", **groups(4)},
        lambda r, c: compressed(r, c, "pack-quantized"),
        "q4_0",
    ),
    "compressed-tensors, 8 bits": (
        {"quant_method": "compressed-tensors", **groups(8)},
        lambda r, c: compressed(r, c, "int-quantized"),
        "q8_0",
    ),
    "compressed-tensors, fp8": (
        {"quant_method": "compressed-tensors", **groups(8)},
        lambda r, c: compressed(r, c, "float-quantized"),
        "f16",
    ),
}
"""`quantization_config`, what makes a matrix, and the format that has the same numbers."""


def write(
    folder: Path, settings: object, tensors: Tensors, configuration: Mapping[str, Any] = LLAMA
) -> Path:
    folder.mkdir()
    if settings is not None:
        configuration = {**configuration, "quantization_config": settings}
    (folder / "config.json").write_text(json.dumps(configuration))
    write_safetensors(folder / "model.safetensors", tensors)
    write_tokenizer(folder)
    return folder


def plain_tensors() -> Tensors:
    """What is quantised in no folder."""
    norms = [f"layers.{i}.{n}_layernorm" for i in (0, 1) for n in ("input", "post_attention")]
    found = {
        f"model.{name}.weight": (1 + 0.2 * random.standard_normal(HIDDEN)).astype(np.float32)
        for name in [*norms, "norm"]
    }
    for name in ("model.embed_tokens", "lm_head"):
        values = random.standard_normal((VOCABULARY, HIDDEN)).astype(np.float32)
        found[f"{name}.weight"] = values / (1 if "embed" in name else np.float32(11))
    return found


def matrices(encode: Encode) -> tuple[Tensors, dict[str, Values]]:
    """Those of every layer: as they are encoded, and the weights that these are."""
    found: Tensors = {}
    expected: dict[str, Values] = {}
    for layer in range(LLAMA["num_hidden_layers"]):
        for name, shape in SHAPES.items():
            at = f"model.layers.{layer}.{name}"
            tensors, expected[at] = encode(*shape)
            found |= {f"{at}.{end}": values for end, values in tensors.items()}
    return found, expected


NAMES = {
    "blk.1.ffn_down": "model.layers.1.mlp.down_proj",
    "blk.0.attn_q": "model.layers.0.self_attn.q_proj",
}


@pytest.mark.parametrize("method", METHODS)
def test_weights_and_logits_are_those_of_the_definition(tmp_path: Path, method: str) -> None:
    settings, encode, format = METHODS[method]
    plain = plain_tensors()
    quantised, expected = matrices(encode)
    path = write(tmp_path / "quantised", settings, {**plain, **quantised})
    folder = Folder(path)
    for ours, theirs in NAMES.items():
        recipe = folder.tensors[f"{ours}.weight"]
        assert (recipe.dtype.name, recipe.shape) == (format, expected[theirs].shape)
        values = folder.values(f"{ours}.weight")
        if format == "f16":  # of f32's products, rounded once more
            np.testing.assert_allclose(values, expected[theirs], rtol=2**-10, atol=2**-23)
        else:
            kind = gguf.GGMLQuantizationType[format.upper()]
            assert np.array_equal(gguf.quants.dequantize(values, kind), expected[theirs])
    found = fd.models.load(path, cache_dtype=fd.f32).logits(TOKENS)
    plain |= {f"{at}.weight": weights.astype(np.float32) for at, weights in expected.items()}
    path = write(tmp_path / "plain", None, plain)
    logits = fd.models.load(path, cache_dtype=fd.f32).logits(TOKENS).astype(np.float64)
    assert cosines(found, logits).min() >= (NEAR_HALVES if format == "f16" else NEAR)


@pytest.mark.parametrize("method", ["gptq, 4 bits", "mlx, 4 bits", "compressed-tensors, 8 bits"])
def test_a_converted_file_keeps_the_numbers(tmp_path: Path, method: str) -> None:
    settings, encode, format = METHODS[method]
    plain = plain_tensors()
    quantised, expected = matrices(encode)
    path = write(tmp_path / "quantised", settings, {**plain, **quantised})
    convert(path, tmp_path / "model.gguf", type=format)
    found = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp_path / "model.gguf").tensors}
    for ours, theirs in NAMES.items():
        tensor = found[f"{ours}.weight"]
        assert tensor.tensor_type.name.lower() == format
        weights = expected[theirs]
        if "attn" in ours:  # element i of a head beside element i + half
            pairs = weights.reshape(4, 2, HEAD // 2, -1).swapaxes(1, 2)
            weights = pairs.reshape(weights.shape)
        assert np.array_equal(gguf.quants.dequantize(tensor.data, tensor.tensor_type), weights)


# The OCP Microscaling formats: E2M1's values by its codes, and a scale of 2^(e - 127).
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
GPT_OSS: dict[str, Any] = {
    **LLAMA,
    "architectures": ["GptOssForCausalLM"],
    "head_dim": HEAD,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "sliding_window": 16,
    "layer_types": ["sliding_attention", "full_attention"],
}


def test_experts_in_mxfp4_are_those_of_the_definition(tmp_path: Path) -> None:
    plain, quantised = plain_tensors(), dict[str, Values]()
    experts: dict[str, Values] = {}
    for layer in range(2):
        at = f"model.layers.{layer}"
        for name, shape in list(SHAPES.items())[:4]:
            values = random.standard_normal(shape) / np.sqrt(shape[1])
            plain[f"{at}.{name}.weight"] = values.astype(np.float32)
            plain[f"{at}.{name}.bias"] = random.standard_normal(shape[0]).astype(np.float32)
        plain[f"{at}.self_attn.sinks"] = random.standard_normal(4).astype(np.float32)
        router = random.standard_normal((4, HIDDEN)) / np.sqrt(HIDDEN)
        plain[f"{at}.mlp.router.weight"] = router.astype(np.float32)
        plain[f"{at}.mlp.router.bias"] = random.standard_normal(4).astype(np.float32)
        for part, rows, columns in (("gate_up", 2 * INNER, HIDDEN), ("down", HIDDEN, INNER)):
            name = f"{at}.mlp.experts.{part}_proj"
            bias = random.standard_normal((4, rows)).astype(ml_dtypes.bfloat16)
            plain[f"{name}_bias"] = bias
            codes = random.integers(0, 16, (4, rows, columns))
            exponents = random.integers(121, 126, (4, rows, columns // 32)).astype(np.uint8)
            scales = np.repeat(2.0 ** (exponents.astype(float) - 127), 32, axis=-1)
            experts[name] = (E2M1[codes] * scales).astype(np.float32)
            low, high = codes[..., ::2], codes[..., 1::2]
            blocks = (low | high << 4).astype(np.uint8).reshape(4, rows, columns // 32, 16)
            quantised |= {f"{name}_blocks": blocks, f"{name}_scales": exponents}
    turned = {name: values.swapaxes(1, 2).copy() for name, values in experts.items()}
    path = write(tmp_path / "quantised", {"quant_method": "mxfp4"}, {**plain, **quantised}, GPT_OSS)
    found = Folder(path).values("blk.1.ffn_up_exps.weight")
    values = gguf.quants.dequantize(found, gguf.GGMLQuantizationType.MXFP4)
    assert np.array_equal(values, experts["model.layers.1.mlp.experts.gate_up_proj"][:, 1::2])
    logits = fd.models.load(
        write(tmp_path / "plain", None, {**plain, **turned}, GPT_OSS), cache_dtype=fd.f32
    ).logits(TOKENS)
    model = fd.models.load(path, cache_dtype=fd.f32)
    assert cosines(model.logits(TOKENS), logits.astype(np.float64)).min() >= NEAR


def changed(**values: Any) -> Callable[[Tensors], Tensors]:
    """With other tensors of one matrix, or None for without."""
    name = "model.layers.1.mlp.up_proj"

    def change(tensors: Tensors) -> Tensors:
        new = {f"{name}.{end}": value for end, value in values.items()}
        both = {**tensors, **new}
        return {name: value for name, value in both.items() if value is not None}

    return change


GPTQ = {"quant_method": "gptq", "bits": 4, "sym": True}
UP = "'model.layers.1.mlp.up_proj"


@pytest.mark.parametrize(
    ("settings", "encode", "change", "message"),
    [
        ({"quant_method": "bitsandbytes"}, awq, changed(),
         "unsupported quantization_config 'bitsandbytes' in config.json; supported: mxfp4, fp8, "
         "gptq, awq, compressed-tensors, mlx, and weights in f32, f16 and bf16"),
        ("x", awq, changed(), "unsupported quantization_config 'x' in config.json"),
        ({**GPTQ, "bits": 3}, METHODS["gptq, 4 bits"][1], changed(),
         "unsupported bits 3 of quantization_config in config.json; supported: 4, 8"),
        ({"quant_method": "awq", "bits": 4, "version": "gemv"}, awq, changed(),
         "unsupported version 'gemv' of quantization_config in config.json; supported: gemm, None"),
        (GPTQ, METHODS["gptq, 4 bits"][1], changed(scales=None),
         f"tensor {UP}.scales' is missing"),
        (GPTQ, METHODS["gptq, zeros"][1], changed(), ".qzeros: expected 8 alone"),
        (METHODS["mlx, 4 bits"][0], METHODS["mlx, 4 bits"][1],
         changed(scales=np.full((INNER, 2), 1e-7, ml_dtypes.bfloat16)),
         "; supported: numbers that half precision holds"),
        (METHODS["mlx, 4 bits"][0], METHODS["mlx, 4 bits"][1],
         changed(scales=np.ones((INNER, 3), ml_dtypes.bfloat16)),
         f"tensor {UP}': scales of shape (192, 3) for (192, 4)"),
        (METHODS["compressed-tensors, 4 bits"][0], METHODS["compressed-tensors, 4 bits"][1],
         changed(weight_zero_point=np.zeros((24, 2), np.int32)),
         f"unsupported zero points of {UP}' (compressed-tensors); supported: symmetric weights"),
        (METHODS["fp8, one scale"][0], METHODS["fp8, one scale"][1],
         changed(weight_scale_inv=np.array(np.float32(1e6))),
         f"tensor {UP}' has elements that a half does not hold"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_by_name(
    tmp_path: Path,
    settings: Any,
    encode: Encode,
    change: Callable[[Tensors], Tensors],
    message: str,
) -> None:
    tensors = plain_tensors()
    tensors |= matrices(encode)[0]
    path = write(tmp_path / "model", settings, change(tensors))
    with pytest.raises(fd.ModelError) as found:
        fd.models.load(path)
    assert message in str(found.value)
