"""MLX's own compiled library, `mlx.metallib` of the pinned wheel: every function compiles here.

`./dev test peers` takes all 17,251 of them, CI forty. That they compute what the same templates do
when Anvil compiles their source is tests/anvil/corpus/compare.py's business.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/anvil/corpus"))
from compare import fetch_library  # noqa: E402
from compile_function import compiled  # noqa: E402

SAMPLE = 40


def test_functions_compile(request: pytest.FixtureRequest) -> None:
    library = fetch_library()
    names = list(library)
    if request.config.getoption("--sample") > 1:
        names = names[:: len(names) // SAMPLE]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        said = pool.map(lambda name: compiled(name, library[name]), names)
        assert [text for text in said if text] == []
