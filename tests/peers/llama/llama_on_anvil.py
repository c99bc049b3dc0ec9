"""llama.cpp's Metal backend built on an installed Anvil."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import llama_cpp
from llama_cpp import FOLDER, ROOT, run

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n",
    "Once upon a time, in a village by the sea,",
    "Water boils at 100 degrees Celsius because",
]
"""What decode() continues."""


@functools.cache
def build(target: str) -> Path:
    prefix = FOLDER / "prefix"
    for component in ("runtime", "development"):
        run("cmake", "--install", ROOT / "build/dev", "--component", component, "--prefix", prefix)
    return llama_cpp.build(target, "build", f"-DCMAKE_PREFIX_PATH={prefix}")


def widened(model: Path) -> Path:
    """The same weights as numbers of 32 bits."""
    wide = FOLDER / f"{model.stem}.f32.gguf"
    if not wide.exists():
        part = wide.with_suffix(".part")
        run(build("decode"), "widen", model, part)
        part.rename(wide)
    return wide


def decode(model: Path, backend: str, attention: str, tokens: int, threads: int) -> Any:
    """For each of PROMPTS: `prompt`, the `tokens` after it, greedily, and user `ms` of each.

    `backend` is "metal" or "cpu", `attention` "products" or "flash".
    """
    done = subprocess.run(
        [build("decode"), model, backend, attention, str(tokens), str(threads), *PROMPTS],
        env={**os.environ, "ANVIL_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
