"""Conversion: encoders against the `gguf` package, plain rounding and a model in numpy, files
against the package's reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray

import foundry as fd
import k_quants
from foundry.convert import BLOCKS, TYPES, BlockEncoder, convert, format_of
from tiny_llama import TinyLlama
from values import rng

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

K_FORMATS = {  # elements of a sub-block, values that a code has, whether there is a smallest value
    "q2_k": (16, 4, True),
    "q3_k": (16, 8, False),
    "q4_k": (32, 16, True),
    "q5_k": (32, 32, True),
    "q6_k": (16, 64, False),
}


def encode(rt: fd.Foundry, values: F32, name: str) -> U8:
    found = BlockEncoder(rt).encode("w", rt.tensor(values), name).copy_to_host()
    return found.reshape(*values.shape[:-1], -1)


def expected_bytes(values: F32, name: str) -> U8:
    if name in k_quants.ENCODERS:
        return k_quants.encode(values, name)
    return quantize(values, gguf.GGMLQuantizationType[name.upper()]).view(np.uint8)


def decoded(rt: fd.Foundry, values: F32, name: str) -> F32:
    kind = gguf.GGMLQuantizationType[name.upper()]
    return np.asarray(dequantize(encode(rt, values, name), kind), np.float32)


def rounded(values: F32, size: int, levels: int, has_least: bool) -> F32:
    """Every sub-block to the nearest of equally spaced values, whose scale no block shares: what a
    format could do at best, if it only rounded."""
    x = values.reshape(-1, size).astype(np.float64)
    low = np.minimum(x.min(-1, keepdims=True), 0) if has_least else 0
    if has_least:
        step = (x.max(-1, keepdims=True) - low) / (levels - 1)
    else:
        step = np.abs(x).max(-1, keepdims=True) / (levels // 2)
    step = np.where(step > 0, step, 1)
    codes = np.rint((x - low) / step)
    if not has_least:
        codes = np.clip(codes, -levels // 2, levels // 2 - 1)
    return (codes * step + low).reshape(values.shape).astype(np.float32)


WEIGHTS = {
    "normal": rng("normal").standard_normal((24, 512)),
    "heavy tails": rng("tails").standard_t(3, (24, 512)) * 0.02,
    "far from zero": rng("far").standard_normal((24, 512)) * 0.1 + 0.3,
    "below zero": -np.abs(rng("below").standard_normal((24, 512))),
    "small": rng("small").standard_normal((24, 512)) * 1e-3,
}


@pytest.mark.parametrize("name", K_FORMATS)
@pytest.mark.parametrize("kind", WEIGHTS)
def test_a_block_is_as_near_as_rounding_could_be(rt: fd.Foundry, name: str, kind: str) -> None:
    values = WEIGHTS[kind].astype(np.float32)
    error = np.mean((decoded(rt, values, name) - values) ** 2)
    floor = np.mean((rounded(values, *K_FORMATS[name]) - values) ** 2)
    # Scales of four or six bits cost something, better ranges gain some of it; a wrong place of a
    # bit would cost a multiple. Far from zero a format without a smallest value has no more.
    assert error < (1.6 if name == "q2_k" else 1.2) * floor


@pytest.mark.parametrize("name", K_FORMATS)
def test_extremes_have_codes(rt: fd.Foundry, name: str) -> None:
    values = np.zeros((8, 256), np.float32)
    values[1] = 3.0
    values[2] = -3.0
    values[3, 100] = 1.0
    values[4, 7] = -1e4
    values[5] = np.linspace(-1, 1, 256)
    values[6] = 1e-30
    values[7, ::2] = 1e-8
    found = decoded(rt, values, name)
    assert np.all(np.isfinite(found))
    assert np.all(found[0] == 0)
    _, levels, _ = K_FORMATS[name]
    span = np.abs(values).max(axis=1, keepdims=True)
    # A step of the sub-block's range, and of its scale's.
    assert np.all(np.abs(found - values) <= span * (2.1 / levels) + 1e-7)


@pytest.mark.parametrize("name", BLOCKS)
def test_bytes_are_those_of_the_model(rt: fd.Foundry, name: str) -> None:
    for kind, weights in WEIGHTS.items():
        values = weights.astype(np.float32)
        values[3, :256] = 0
        values[4, 32:64] = -2
        np.testing.assert_array_equal(encode(rt, values, name), expected_bytes(values, name), kind)


@pytest.mark.parametrize("dtype", [fd.f16, fd.bf16])
def test_weights_of_sixteen_bits_are_widened(rt: fd.Foundry, dtype: fd.DType) -> None:
    weights = rt.tensor(WEIGHTS["normal"], dtype)
    values = weights.copy_to_host().astype(np.float32)
    for name in ("q8_0", "q4_k"):
        found = BlockEncoder(rt).encode("w", weights, name).copy_to_host()
        np.testing.assert_array_equal(found.reshape(24, -1), expected_bytes(values, name))


def test_a_block_more_than_a_threadgroup_takes(rt: fd.Foundry) -> None:
    for name, blocks in (("q4_0", 33), ("q4_k", 5), ("q6_k", 3)):
        columns = blocks * fd.DType[name].block_elements
        values = rng(name).standard_normal((1, columns)).astype(np.float32)
        np.testing.assert_array_equal(encode(rt, values, name), expected_bytes(values, name))


def test_weights_that_no_block_holds_are_refused(rt: fd.Foundry) -> None:
    values = np.zeros((2, 256), np.float32)
    for name in BLOCKS:
        values[1, 200] = -1e12
        with pytest.raises(fd.ModelError, match=r"'w' has weights up to 1e\+12; blocks hold up to"):
            encode(rt, values, name)
        for value in (np.nan, -np.inf):
            values[1, 200] = value
            with pytest.raises(fd.ModelError, match="'w' has elements that are not finite"):
                encode(rt, values, name)


def contents(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    reader = gguf.GGUFReader(path)
    fields = {
        key: (field.types, field.contents())
        for key, field in reader.fields.items()
        if not key.startswith("GGUF.")
    }
    return fields, {tensor.name: tensor for tensor in reader.tensors}


@pytest.mark.parametrize("kind", TYPES)
def test_a_converted_file_is_the_model(kind: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in.gguf", tmp_path / "out.gguf"
    TinyLlama().write(source)
    convert(source, target, type=kind)
    fields, tensors = contents(source)
    new_fields, new_tensors = contents(target)
    added = {"general.file_type", "general.quantization_version"}
    assert {k: v for k, v in new_fields.items() if k not in added} == {
        k: v for k, v in fields.items() if k not in added
    }
    assert list(new_tensors) == list(tensors)
    for name, tensor in new_tensors.items():
        old = tensors[name]
        shape = tuple(int(extent) for extent in reversed(old.shape))
        wanted = format_of(name, shape, kind)
        assert tensor.tensor_type.name.lower() == wanted
        values = dequantize(old.data, old.tensor_type).astype(np.float32)
        np.testing.assert_array_equal(
            np.asarray(tensor.data).view(np.uint8).reshape(-1),
            expected_bytes(values, wanted).reshape(-1),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.gguf", "out.gguf"]
    if kind not in ("bf16", "q5_1"):
        return
    logits = fd.models.load(target).logits([1, 2, 3, 4, 5])
    expected = fd.models.load(source).logits([1, 2, 3, 4, 5])
    assert np.corrcoef(logits.ravel(), expected.ravel())[0, 1] > 0.9


def test_a_format_that_is_there_keeps_its_bytes(tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.gguf" for name in "abc")
    TinyLlama().write(first)
    convert(first, second, type="q4_0")
    convert(second, third, type="q4_0")
    assert second.read_bytes() == third.read_bytes()


def test_which_format_a_tensor_gets() -> None:
    assert format_of("blk.0.attn_q.weight", (64, 512), "q4_k") == "q4_k"
    assert format_of("blk.0.attn_q.weight", (64, 576), "q4_k") == "q5_0"
    assert format_of("blk.0.attn_q.weight", (64, 576), "q6_k") == "q8_0"
    assert format_of("blk.0.attn_q.weight", (64, 40), "q4_0") == "f16"
    assert format_of("output.weight", (64, 512), "q4_k") == "q6_k"
    assert format_of("blk.0.ffn_down_exps.weight", (4, 64, 512), "q4_k") == "q4_k"
    assert format_of("blk.0.ffn_gate_inp.weight", (4, 512), "q4_k") == "f32"
    for name in ("shortconv.conv.weight", "ssm_conv1d.weight", "ssm_a", "ssm_d"):
        assert format_of(f"blk.0.{name}", (512, 1), "q4_k") == "f32"
    assert format_of("blk.0.ssm_alpha.weight", (64, 512), "q4_k") == "q4_k"
    assert format_of("blk.0.attn_norm.weight", (512,), "f16") == "f32"
    assert format_of("position_embd.weight", (64, 512), "q8_0") == "f32"
    assert format_of("token_types.weight", (2, 512), "f16") == "f32"


def test_what_cannot_be_converted_says_why(tmp_path: Path) -> None:
    source = tmp_path / "in.gguf"
    TinyLlama().write(source)
    with pytest.raises(fd.ArgumentError, match="unsupported type 'q9'; supported: f32, f16"):
        convert(source, tmp_path / "out.gguf", type="q9")
    with pytest.raises(fd.ModelError, match=r"there is no such file or folder"):
        convert(tmp_path / "none", tmp_path / "out.gguf")
    with pytest.raises(fd.ArgumentError, match="is the source itself"):
        convert(source, source)
    with pytest.raises(fd.ArgumentError, match="is a folder; expected the name of a file"):
        convert(source, tmp_path)
    with pytest.raises(fd.ArgumentError, match="cannot be written: No such file or directory"):
        convert(source, tmp_path / "none" / "out.gguf")
    with pytest.raises(fd.ModelError, match=r"config\.json: .*No such file"):
        convert(tmp_path, tmp_path / "out.gguf")
    (tmp_path / "text").write_text("text")
    with pytest.raises(fd.GgufError):
        convert(tmp_path / "text", tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()


@pytest.mark.parametrize("kind", ["q8_0", "q4_1", "q4_k", "q3_k"])
@pytest.mark.parametrize("plain", ["f32", "bf16"])
def test_loading_quantised_is_loading_what_was_converted(
    kind: str, plain: str, tmp_path: Path
) -> None:
    written, source, target = (tmp_path / f"{name}.gguf" for name in "abc")
    TinyLlama().write(written)
    convert(written, source, type=plain)
    convert(source, target, type=kind)
    tokens = [1, 2, 3, 4, 5]
    converted, quantised = fd.models.load(target), fd.models.load(source, quantize=kind)
    np.testing.assert_array_equal(quantised.logits(tokens), converted.logits(tokens))
    assert not np.array_equal(quantised.logits(tokens), fd.models.load(source).logits(tokens))


def test_a_type_that_nothing_is_quantised_to(tmp_path: Path) -> None:
    TinyLlama().write(tmp_path / "a.gguf")
    with pytest.raises(fd.ArgumentError, match="unsupported type 'f16'; supported: q8_0, q4_0"):
        fd.models.load(tmp_path / "a.gguf", quantize="f16")
    with pytest.raises(fd.ArgumentTypeError, match="load: quantize is 4; expected a str or None"):
        fd.models.load(tmp_path / "a.gguf", quantize=4)  # type: ignore[arg-type]
