"""Every architecture's logits against llama.cpp's, of the very same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import reference
from case import Case
from cases import EVERY_CASE, parameters
from reference import Logits
from writer import VOCABULARY

import foundry as fd
from test_model_numbers import cosines

# Past every window, and past the 256 positions that a cache has room for at first.
TOKENS = [int(token) for token in np.random.default_rng(3).integers(1, VOCABULARY, 270)]
UNITS = fd.devices()[0].traits.has_matrix_units


def _meet_others(case: Case) -> float:
    """The share of tokens that may meet another expert where inputs or sums are rounded otherwise
    than llama.cpp's, two of whose experts are nearly as good: one of 270 in 25 layers that choose.
    """
    return 0.01 if case.model.has_experts and case.model.sizes.layers == 26 else 0.0


def _of_foundry(path: Path, case: Case) -> Logits:
    model = fd.models.load(path, cache_dtype=fd.f32)
    _check_generation(model)
    layers = model.engine.forward.decode_step().layers
    count = model.config.layers
    assert [layers.count(i) for i in range(count)] == [case.of_layer(i) for i in range(count)]
    return reference.of_foundry(model, TOKENS)


def _check_generation(model: fd.models.LanguageModel) -> None:
    """The recorded program draws what the logits say."""
    prompt = TOKENS[:40]
    generation = model.generate(prompt, max_tokens=6, ignore_end=True)
    list(generation)
    logits = model.logits([*prompt, *generation.tokens])
    assert logits[len(prompt) - 1 : -1].argmax(axis=-1).tolist() == generation.tokens


@pytest.mark.parametrize("case", parameters(EVERY_CASE))
def test_logits_are_llama_cpps(program: Path, tmp_path: Path, case: Case) -> None:
    path = case.model.write(tmp_path / "model.gguf")
    expected = reference.logits(program, path, TOKENS)
    others = _meet_others(case)
    # Sums of matrix units are off by 5e-6 (docs/fusion.md), and tokens attend to the one that met
    # another expert.
    bound = 0.9999 if others and UNITS else reference.NEAR
    reference.compare(_of_foundry(path, case), expected, bound, others if UNITS else 0.0)


@pytest.mark.parametrize("case", parameters(EVERY_CASE, fast=["llama: plain"]))
def test_logits_of_many_formats_are_llama_cpps(program: Path, tmp_path: Path, case: Case) -> None:
    model = case.model.with_blocks()
    path = model.write(tmp_path / "model.gguf")
    wide = model.write(tmp_path / "wide.gguf", widened=True)
    found = _of_foundry(path, case)
    # The same weights. Decoding rounds inputs to 16 bits (docs/ops.md).
    expected = reference.logits(program, wide, TOKENS)
    reference.compare(found, expected, 0.99999, _meet_others(case))
    # The same file. llama.cpp rounds the inputs of products with blocks to 8 bits: with seven
    # products a layer its own two answers are 0.998 apart, with latent attention's ten further; and
    # a token may get another expert.
    same = reference.logits(program, path, TOKENS)
    for ours, of_the_weights, of_the_file in zip(found, expected, same, strict=True):
        apart = float(np.median(cosines(of_the_weights, of_the_file)))
        assert np.median(cosines(ours, of_the_file)) >= min(0.998, apart - 1e-4)
        if not case.model.has_experts:
            # Where what is rounded goes into a delta net's state, they are 0.982 apart at worst.
            apart = reference.worst(of_the_weights, of_the_file)
            assert reference.worst(ours, of_the_file) >= min(0.99, apart - 1e-3)
