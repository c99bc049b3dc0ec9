"""Models of every architecture, exported and run in C++: the tokens are Python's.

What differs between architectures is what their caches keep: every position, a window's, a state.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from cases import CASES, Case
from recurrent_cases import RECURRENT_CASES

import foundry as fd
from cpp_generator import CppGenerator, evaluate_as_cpp

QUICK = ("gemma3", "deepseek2", "mamba2")


def _parameters() -> list[ParameterSet]:
    seen: set[str] = set()
    found = []
    for case in (*CASES, *RECURRENT_CASES):
        name = case.model.architecture
        is_quick = name in QUICK and name not in seen
        seen.add(name)
        marks = [] if is_quick else [pytest.mark.slow]
        found.append(pytest.param(case, id=f"{name}: {case.what}", marks=marks))
    return found


@pytest.mark.parametrize("case", _parameters())
def test_an_exported_model_draws_pythons_tokens(case: Case, tmp_path: Path) -> None:
    path = case.model.write(tmp_path / "model.gguf")
    model = fd.models.load(path)
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
