"""Models whose keys and values are kept in blocks: in rings, past a growth, from a file; and those
that cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import model_of
from writer import VOCABULARY

import foundry as fd
from test_model_numbers import cosines

TOKENS = [int(token) for token in np.random.default_rng(5).integers(1, VOCABULARY, 400)]


def with_blocks(path: Path) -> Path:
    """Layers with windows and one without, heads of 32."""
    model = model_of("gemma3")
    return replace(model, sizes=replace(model.sizes, head_dim=32)).write(path / "model.gguf")


def test_keys_and_values_in_blocks_are_near_those_in_f32(tmp_path: Path) -> None:
    """Past a ring's 288 slots and the 256 positions that a cache begins with. An element of q8_0 is
    off by 2^-8 of the largest of 32 at most, of q4_0 by 2^-3: 2^-9.8 and 2^-4.8 in the root mean
    square of even codes, and a logit's share of that is less."""
    path = with_blocks(tmp_path)
    wanted = fd.models.load(path, cache_dtype=fd.f32).logits(TOKENS)
    for dtype, bound in ((fd.q8_0, 0.9999), (fd.q4_0, 0.98)):
        model = fd.models.load(path, cache_dtype=dtype)
        assert {tensor.dtype for tensor in model.engine.cache.tensors} <= {dtype}
        assert cosines(model.logits(TOKENS), wanted).min() > bound
        assert cosines(model.logits(TOKENS, batch=1), wanted).min() > bound


def test_a_saved_ring_of_blocks_goes_on(tmp_path: Path) -> None:
    path = with_blocks(tmp_path)
    model = fd.models.load(path, cache_dtype=fd.q8_0)
    expected = "".join(model.generate(TOKENS, max_tokens=8, ignore_end=True))
    model.logits(TOKENS[:-1])
    model.save_prompt_cache(tmp_path / "cache")
    other = fd.models.load(path, cache_dtype=fd.q8_0)
    assert other.load_prompt_cache(tmp_path / "cache") == len(TOKENS) - 1
    generation = other.generate(TOKENS, max_tokens=8, ignore_end=True)
    assert "".join(generation) == expected
    assert generation.statistics.reused_tokens == len(TOKENS) - 1


@pytest.mark.parametrize(
    ("architecture", "text"),
    [
        ("gemma3", "unsupported dtype q8_0 of heads of 16 elements; .* heads of a multiple of 32"),
        ("deepseek2", "unsupported dtype q8_0 of latents, .*; supported: f16, bf16, f32"),
    ],
)
def test_what_cannot_be_kept_in_blocks_is_said(
    tmp_path: Path, architecture: str, text: str
) -> None:
    path = model_of(architecture).write(tmp_path / "model.gguf")
    with pytest.raises(fd.UnsupportedModelError, match=text):
        fd.models.load(path, cache_dtype=fd.q8_0)
