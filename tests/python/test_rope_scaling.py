"""RoPE scaling, attention settings and biases of Llama files: logits against float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
from test_model_numbers import clear_disagreements, cosines
from tiny_llama import HEAD_DIM, HEADS, HIDDEN, INNER, KV_HEADS, LAYERS, TinyLlama

IDS = [1, 30, 7, 25, 12, 0, 4, 4, 19, 33, 2, 17, 39, 8, 8, 21, 3, 35, 11, 6] * 2

PAIRS = HEAD_DIM // 2


def scaling(**keys: float | str) -> dict[str, Any]:
    return {
        f"llama.rope.scaling.{key}": value if isinstance(value, str) else np.float32(value)
        for key, value in keys.items()
    }


ORIGINAL = {"llama.rope.scaling.original_context_length": np.uint32(16)}
LLAMA_3 = np.geomspace(1, 8, PAIRS).astype(np.float32)
LONG, SHORT = np.linspace(1, 5, PAIRS), np.linspace(1, 1.5, PAIRS)

VARIANTS: dict[str, TinyLlama] = {
    "none": TinyLlama(),
    "type none": TinyLlama().changed(scaling(type="none", factor=4)),
    "a factor without a type": TinyLlama().changed(scaling(factor=4)),
    "the older key": TinyLlama().changed({"llama.rope.scale_linear": np.float32(2.5)}),
    "linear": TinyLlama().changed(scaling(type="linear", factor=3)),
    "yarn": TinyLlama().changed(scaling(type="yarn", factor=4) | ORIGINAL),
    "yarn, all keys": TinyLlama().changed(
        scaling(
            type="yarn",
            factor=8,
            yarn_beta_fast=4,
            yarn_beta_slow=0.5,
            attn_factor=1.1,
            yarn_log_multiplier=0.7,
        )
        | ORIGINAL
    ),
    "Llama 3 factors": TinyLlama().changed({}, **{"rope_freqs.weight": LLAMA_3}),
    "Llama 3 factors in f16": TinyLlama().changed(
        {}, **{"rope_freqs.weight": LLAMA_3.astype(np.float16)}
    ),
    "factors and linear": TinyLlama().changed(scaling(factor=2), **{"rope_freqs.weight": LLAMA_3}),
    "longrope": TinyLlama().changed(
        scaling(type="longrope", attn_factor=1.2) | ORIGINAL,
        **{
            "rope_factors_long.weight": LONG.astype(np.float32),
            "rope_factors_short.weight": SHORT.astype(np.float16),
        },
    ),
    "attention.scale": TinyLlama().changed({"llama.attention.scale": np.float32(0.05)}),
    "a window": TinyLlama().changed({"llama.attention.sliding_window": np.uint32(5)}),
}


def check(tiny: TinyLlama, path: Path, context_length: int | None = None) -> None:
    model = fd.models.load(tiny.write(path), context_length=context_length)
    ids = IDS[: model.context_length]
    expected = tiny.logits(ids, model.context_length)
    for batch in (None, 1):
        logits = model.logits(ids, batch=batch)
        # The f16 cache rounds keys and values: 0.99999 and more on every variant; a wrong angle or
        # scale falls below 0.99.
        assert cosines(expected, logits).min() >= 0.9999
        assert clear_disagreements(expected, logits, margin=0.1) == []


@pytest.mark.parametrize("name", VARIANTS)
def test_every_scaling_gives_the_logits_of_float64(tmp_path: Path, name: str) -> None:
    check(VARIANTS[name], tmp_path / "tiny.gguf")


def test_the_variants_differ_from_no_scaling() -> None:
    """So that one which is not honoured fails above."""
    plain = VARIANTS["none"].logits(IDS)
    for name, tiny in VARIANTS.items():
        if name not in ("none", "type none"):
            assert cosines(plain, tiny.logits(IDS)).min() < 0.998, name


def test_longrope_takes_its_short_factors_for_a_short_context(tmp_path: Path) -> None:
    tiny = VARIANTS["longrope"]
    assert cosines(tiny.logits(IDS[:16], 16), tiny.logits(IDS[:16], 64)).min() < 0.998
    check(tiny, tmp_path / "tiny.gguf", context_length=16)


SIZES = {
    "attn_q": HEADS * HEAD_DIM,
    "attn_k": KV_HEADS * HEAD_DIM,
    "attn_v": KV_HEADS * HEAD_DIM,
    "attn_output": HIDDEN,
    "ffn_gate": INNER,
    "ffn_up": INNER,
    "ffn_down": HIDDEN,
}


@pytest.mark.parametrize(
    ("names", "dtype"),
    [
        (("attn_q", "attn_k", "attn_v"), np.float32),
        (("attn_output", "ffn_down"), np.float16),
        (("ffn_up",), np.float32),
        (tuple(SIZES), np.float32),
    ],
    ids=["qkv", "outputs in f16", "one of a gated pair", "all"],
)
def test_biases_of_a_file_are_added(
    tmp_path: Path, names: tuple[str, ...], dtype: type[np.floating[Any]]
) -> None:
    random = np.random.default_rng(9)
    biases = {
        f"blk.{layer}.{name}.bias": random.standard_normal(SIZES[name]).astype(dtype)
        for layer in range(LAYERS)
        for name in names
    }
    tiny = TinyLlama().changed({}, **biases)
    assert cosines(TinyLlama().logits(IDS), tiny.logits(IDS)).min() < 0.998
    check(tiny, tmp_path / "tiny.gguf")


@pytest.mark.parametrize(
    ("tiny", "message"),
    [
        (
            TinyLlama().changed(scaling(type="su")),
            r"unsupported llama\.rope\.scaling\.type 'su'; supported: none, linear, yarn, longrope",
        ),
        (
            TinyLlama().changed(scaling(type="longrope")),
            r"'rope_factors_short\.weight' is missing; expected one of shape \(16,\)",
        ),
        (
            TinyLlama().changed(scaling(factor=-2)),
            r"llama\.rope\.scaling\.factor is -2\.0; expected a number of 0 or more that f32 holds",
        ),
        (
            TinyLlama().changed({}, **{"rope_freqs.weight": LLAMA_3 * 0}),
            r"'rope_freqs\.weight' has elements that are not finite and above 0",
        ),
        (
            TinyLlama().changed({}, **{"rope_freqs.weight": LLAMA_3[:4]}),
            r"'rope_freqs\.weight' has shape \(4,\); expected \(16,\)",
        ),
        (
            TinyLlama().changed({}, **{"blk.1.attn_q_norm.weight": np.ones(32, np.float32)}),
            r"unsupported tensor 'blk\.1\.attn_q_norm\.weight'; supported: those of a llama model",
        ),
        (
            TinyLlama().changed(scaling(type="yarn") | {"llama.rope.freq_base": np.float32(1)}),
            r"rope\.freq_base is 1\.0; YaRN needs one above 1",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused(tmp_path: Path, tiny: TinyLlama, message: str) -> None:
    with pytest.raises(fd.ModelError, match=message):
        fd.models.load(tiny.write(tmp_path / "tiny.gguf"))
