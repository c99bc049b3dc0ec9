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


class Logits(NamedTuple):
    """After each token; f32 (tokens, vocabulary)."""

    at_once: NDArray[np.float32]
    one_by_one: NDArray[np.float32]


def build() -> Path:
    return llama_cpp.build("logits", "cpu", "-DMETAL=OFF")


def logits(
    program: Path,
    model: Path,
    context_length: int,
    tokens: Sequence[int],
    vocabulary: int,
    adapters: Sequence[tuple[Path, float]] = (),
) -> Logits:
    own = [word for path, scale in adapters for word in ("--lora", path, str(scale))]
    with tempfile.NamedTemporaryFile() as result:
        done = subprocess.run(
            [program, *own, model, str(context_length), result.name, *map(str, tokens)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        values = np.fromfile(result.name, np.float32)
    return Logits(*values.reshape(2, len(tokens), vocabulary))
