"""What llama.cpp's processor backend computes for a file: numbers of 32 bits, cache and sums."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import llama_cpp
import numpy as np
from numpy.typing import NDArray
from writer import CONTEXT

import foundry as fd
from test_model_numbers import cosines

# Both compute in f32; 0.9999 is asked for.
NEAR = 0.999999


class Logits(NamedTuple):
    """After each token; f32 (tokens, vocabulary)."""

    at_once: NDArray[np.float32]
    one_by_one: NDArray[np.float32]


def build() -> Path:
    return llama_cpp.build("logits", "cpu", "-DMETAL=OFF")


def logits(
    program: Path,
    model: Path,
    tokens: Sequence[int],
    adapters: Sequence[tuple[Path, float]] = (),
) -> Logits:
    own = [word for path, scale in adapters for word in ("--lora", path, str(scale))]
    with tempfile.NamedTemporaryFile() as result:
        done = subprocess.run(
            [program, *own, model, str(CONTEXT), result.name, *map(str, tokens)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        values = np.fromfile(result.name, np.float32)
    return Logits(*values.reshape(2, len(tokens), -1))


def of_foundry(model: fd.models.LanguageModel, tokens: Sequence[int]) -> Logits:
    return Logits(model.logits(tokens), model.logits(tokens, batch=1))


def _of_tokens(found: NDArray[np.float32], expected: NDArray[np.float32]) -> NDArray[np.float64]:
    assert found.shape == expected.shape
    assert np.isfinite(expected).all()
    return cosines(found, expected)


def worst(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Of the tokens' cosines."""
    return float(_of_tokens(found, expected).min())


def compare(found: Logits, expected: Logits, bound: float = NEAR, others: float = 0.0) -> None:
    """`others`: the share of tokens that may be further off, having met another expert."""
    for way, *logits in zip(Logits._fields, found, expected, strict=True):
        near = _of_tokens(*logits)
        off = int((near < bound).sum())
        assert off <= others * len(near), (
            f"{way}: {off} tokens are off by more than {1 - bound:.2g}, at worst "
            f"{1 - near.min():.2g}"
        )
