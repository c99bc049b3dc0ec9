"""Embeddings against llama.cpp's, of the very same file, for every pooling that it has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from embedding_cases import EMBEDDING_CASES, EmbeddingCase
from numpy.typing import NDArray
from writer import CONTEXT

import foundry as fd
from foundry.models.pooling import NAMES
from test_model_numbers import cosines

# Past every window and past what is evaluated at once; of a few tokens; of one.
_LETTERS = np.random.default_rng(3).integers(0, 26, 330)
TEXTS = ["".join(chr(0x61 + letter) for letter in _LETTERS), "abcxyz", "q", "cabbage"]

NEAR = 1 - 1e-6  # both compute in f32


def of_llama_cpp(
    program: Path, model: Path, pooling: int, texts: list[list[int]], result: Path
) -> NDArray[np.float32]:
    """A row for each text, or for each token of all of them."""
    written = [",".join(map(str, text)) for text in texts]
    done = subprocess.run(
        [program, model, str(pooling), str(CONTEXT), result, *written],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return np.fromfile(result, np.float32)


@pytest.mark.parametrize("case", EMBEDDING_CASES, ids=lambda case: case.name)
def test_embeddings_are_llama_cpps(embed: Path, tmp_path: Path, case: EmbeddingCase) -> None:
    path = case.model.write(tmp_path / "model.gguf")
    model = fd.models.load(path, cache_dtype=fd.f32)
    tokens = [model.tokenizer.encode(text, add_end=True) for text in TEXTS]
    for pooling in case.poolings:
        expected = of_llama_cpp(embed, path, pooling, tokens, tmp_path / "result")
        if pooling == 0:
            found = np.concatenate(
                [model.token_embeddings(text, normalize=False) for text in TEXTS]
            )
        else:
            name = None if pooling < 0 else NAMES[pooling]
            found = model.embed(TEXTS, normalize=False, pooling=name)
        expected = expected.reshape(found.shape)
        assert np.isfinite(expected).all()
        assert cosines(found, expected).min() >= NEAR, pooling
        # Their lengths, too.
        np.testing.assert_allclose(
            np.linalg.norm(found, axis=-1), np.linalg.norm(expected, axis=-1), rtol=1e-3
        )
