"""Layers with windows keep a ring of positions: past it, back before it, and from a file."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reference
from cases import model_of
from writer import VOCABULARY

import foundry as fd

TOKENS = [int(token) for token in np.random.default_rng(5).integers(1, VOCABULARY, 470)]
SLOTS = 288
"""Of a window of 20: 20 + 255, in whole steps of 32."""


def _text(model: fd.models.LanguageModel, prompt: list[int], count: int) -> list[int]:
    generation = model.generate(prompt, max_tokens=count, ignore_end=True)
    list(generation)
    return generation.tokens


@pytest.mark.parametrize(
    "architecture", ["gemma3", pytest.param("gpt-oss", marks=pytest.mark.slow)]
)
def test_logits_past_a_ring_are_llama_cpps(
    program: Path, tmp_path: Path, architecture: str
) -> None:
    path = model_of(architecture).write(tmp_path / "model.gguf")
    expected = reference.logits(program, path, TOKENS)
    model = fd.models.load(path, cache_dtype=fd.f32)
    kept = [model.engine.cache.of(layer) for layer in range(model.config.layers)]
    assert {of.keys.shape[0] for of in kept if of.ring} == {SLOTS}
    assert [of.ring for of in kept] == [layer.window > 0 for layer in model.config.of_layers]
    reference.compare(reference.of_foundry(model, TOKENS), expected)


def test_going_back_gives_the_same_text(tmp_path: Path) -> None:
    path = model_of("gemma3").write(tmp_path / "model.gguf")
    model = fd.models.load(path, cache_dtype=fd.f32)
    fresh = fd.models.load(path, cache_dtype=fd.f32)

    def answers_alike(prompt: list[int], count: int, reused: bool) -> None:
        fresh.logits([0])  # no prompt begins so
        generation = model.generate(prompt, max_tokens=count, ignore_end=True)
        list(generation)
        assert generation.tokens == _text(fresh, prompt, count)
        assert (generation.statistics.reused_tokens > 0) is reused

    answers_alike(TOKENS[:440], 40, False)  # the recorded step goes round
    answers_alike([*TOKENS[:420], 7], 30, True)  # what the window needs is there
    answers_alike(TOKENS[:150], 30, False)  # it is not
    answers_alike([*TOKENS[:150], 9, 9], 30, True)


def test_a_ring_in_a_file(tmp_path: Path) -> None:
    path = model_of("gemma3").write(tmp_path / "model.gguf")
    model = fd.models.load(path)
    first = _text(model, TOKENS[:440], 20)
    assert model.save_prompt_cache(tmp_path / "cache") > 440
    more = [*TOKENS[:440], *first]
    other = fd.models.load(path)
    other.load_prompt_cache(tmp_path / "cache")
    generation = other.generate(more, max_tokens=20, ignore_end=True)
    list(generation)
    assert generation.statistics.reused_tokens > 440
    assert generation.tokens == _text(model, more, 20)
    # Before what the file has of it.
    assert _text(other, TOKENS[:100], 10) == _text(model, TOKENS[:100], 10)


def test_a_context_that_is_no_longer_than_a_ring_has_none(tmp_path: Path) -> None:
    path = model_of("gemma3").write(tmp_path / "model.gguf")
    model = fd.models.load(path, context_length=SLOTS)
    assert not model.engine.cache.has_rings
    assert len(_text(model, TOKENS[:280], 8)) == 8


def test_more_tokens_at_once_than_a_ring_has(tmp_path: Path) -> None:
    model = model_of("gemma3")
    path = replace(model, sizes=replace(model.sizes, layers=3)).write(tmp_path / "model.gguf")
    loaded = fd.models.load(path, cache_dtype=fd.f32)
    np.testing.assert_array_equal(loaded.logits(TOKENS, batch=470), loaded.logits(TOKENS))


def test_inspect_says_what_the_cache_takes(tmp_path: Path) -> None:
    model = model_of("gemma3")
    path = model.write(tmp_path / "model.gguf")
    done = subprocess.run(
        [sys.executable, "-m", "foundry", "inspect", path],
        capture_output=True,
        text=True,
        check=True,
    )
    # One of seven layers has no window; keys and values of 2 heads of 16, in 2 bytes.
    each = 2 * 2 * 16 * 2
    assert f"{each / 1024:.1f} KiB in f16" in done.stdout
    assert f"{6 * SLOTS * each / 1024:.1f} KiB in f16, all together" in done.stdout
