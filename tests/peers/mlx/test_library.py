"""MLX's own compiled library, `mlx.metallib` of the pinned wheel: every function compiles here.

`./dev test peers` takes all 17,251 of them, CI forty. That they compute what the same templates do
when Anvil compiles their source is tests/anvil/corpus/compare.py's business.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/anvil/corpus"))
from compare import fetch_library  # noqa: E402
from corpus import BUILD  # noqa: E402

COMPILER = BUILD / "bin/anvil-compiler"
SAMPLE = 40


def compiled(name: str, bitcode: bytes) -> str:
    """What the compiler says of the function; nothing if it is compiled."""
    with tempfile.TemporaryDirectory(prefix="anvil-mlx-") as folder:
        air, library, constants, code = (
            Path(folder, n) for n in ("air", "library", "values", "so")
        )
        air.write_bytes(bitcode)
        first = [COMPILER, "library", "--air", air, "--name", name, "--output", library]
        done = subprocess.run(first, capture_output=True, text=True)
        if done.returncode != 0:
            return f"{name}: {done.returncode}: {done.stderr}"
        index = json.loads(library.read_bytes().partition(b"\n")[0])
        values = [
            {**constant, "data": {"bool": "01", "short": "0200"}.get(constant["type"], "02000000")}
            for constant in index["constants"]
        ]
        constants.write_text(json.dumps(values))
        second = [COMPILER, "kernel", "--library", library, "--function", name, "--output", code]
        done = subprocess.run([*second, "--constants", constants], capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{name}: {done.returncode}: {done.stderr}"


def test_functions_compile(request: pytest.FixtureRequest) -> None:
    library = fetch_library()
    names = list(library)
    if request.config.getoption("--sample") > 1:
        names = names[:: len(names) // SAMPLE]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        said = pool.map(lambda name: compiled(name, library[name]), names)
        assert [text for text in said if text] == []
