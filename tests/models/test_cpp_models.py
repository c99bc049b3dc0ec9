"""Models of every architecture, exported and run in C++: the tokens are Python's.

What differs between architectures is what their caches keep: every position, a window's, a state.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from case import Case
from cases import EVERY_CASE, model_of, parameters
from writer import Model

import foundry as fd
from cpp_generator import CppGenerator, evaluate_as_cpp

_FAST = (
    "gemma3: windows, two RoPE bases",
    "deepseek2: V2 Lite, keys and values in one matrix",
    "mamba2: groups of heads",
)


@pytest.mark.parametrize("case", parameters(EVERY_CASE, _FAST))
def test_an_exported_model_draws_pythons_tokens(case: Case, tmp_path: Path) -> None:
    check(case.model, fd.f16, tmp_path)


def test_an_exported_model_with_caches_in_blocks_draws_pythons_tokens(tmp_path: Path) -> None:
    model = model_of("gemma3")
    check(replace(model, sizes=replace(model.sizes, head_dim=32)), fd.q8_0, tmp_path)


def check(written: Model, dtype: fd.DType, tmp_path: Path) -> None:
    path = written.write(tmp_path / "model.gguf")
    model = fd.models.load(path, cache_dtype=dtype)
    model.export(tmp_path / "exported")
    letters = "".join(map(chr, np.random.default_rng(5).integers(0x61, 0x7B, 400)))
    # Past every window and the cache's first positions; back to where a window has lost its first;
    # on from there, to what is there still.
    prompts = (letters[:300], letters[:60], letters[:75], letters[:68] + "zz")
    generator = CppGenerator(tmp_path / "exported", path)
    for prompt in prompts:
        tokens = model.tokenizer.encode(prompt)
        evaluate_as_cpp(model, tokens)
        expected = model.generate(
            tokens, max_tokens=16, ignore_end=True, temperature=0.8, top_k=20, seed=3
        )
        list(expected)
        found = generator.ask("raw", prompt, max_tokens=16, temperature=0.8, top_k=20, seed=3)
        assert found.tokens == expected.tokens
    generator.close()
