"""Compiled kernels: a damaged entry on disk is built anew, prepared ones are ready."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import foundry as fd
from foundry import ops

PROGRAM = """
import numpy as np, foundry as fd

@fd.kernel(dispatch=fd.per_element("y"))
def scaled(x: fd.In[fd.f32], y: fd.Out[fd.f32], a: fd.f32):
    \"\"\"
    if (gid < y_size) y[gid] = a * x[gid] + 1.0f;
    \"\"\"

rt = fd.Foundry()
y = rt.empty((100,), fd.f32)
rt.run(scaled(x=rt.tensor(np.arange(100, dtype=np.float32)), y=y, a=2.0))
np.testing.assert_array_equal(np.asarray(y), 2 * np.arange(100) + 1)
"""


def run(cache: Path) -> None:
    environment = {**os.environ, "FOUNDRY_CACHE_DIR": str(cache)}
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, env=environment)


def entries(cache: Path) -> list[Path]:
    """The files of finished entries, each sealed."""
    return sorted((cache / "anvil" / "entries").iterdir())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform == "darwin":
        pytest.skip("Metal's own driver keeps the kernels")
    cache = tmp_path_factory.mktemp("cache")
    run(cache)
    return cache


@pytest.mark.parametrize("how", ["truncated", "flipped", "emptied"])
def test_a_damaged_entry_is_built_anew(filled: Path, how: str) -> None:
    chance = random.Random(how)
    files = entries(filled)
    assert len(files) == 4, "the library, its contents, and the kernel in both variants"
    pristine = {file: file.read_bytes() for file in files}
    for file, data in pristine.items():
        if not data:
            continue
        if how == "flipped":
            at = chance.randrange(len(data))
            damaged = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        else:
            damaged = data[: chance.randrange(len(data)) if how == "truncated" else 0]
        file.write_bytes(damaged)
    run(filled)  # the kernel's result is right
    for file, data in pristine.items():
        assert file.read_bytes() == data, "the entry was not built anew"


def test_an_entry_under_another_name_is_built_anew(filled: Path) -> None:
    """As somebody would who has no key, but an entry to put in another's place."""
    files = entries(filled)
    pristine = {file: file.read_bytes() for file in files}
    for file, other in zip(files, files[1:] + files[:1], strict=True):
        file.write_bytes(pristine[other])
    run(filled)
    assert {file: file.read_bytes() for file in files} == pristine


def test_prepared_kernels_run_without_another_compilation(rt: fd.Foundry) -> None:
    x = rt.tensor(np.arange(70, dtype=np.float32).reshape(2, 35))
    y = rt.tensor(np.zeros((2, 35), np.float32))
    operations = [ops.Softmax(x=x, y=y), ops.Copy(x=x, y=y), ops.Softmax(x=y, y=y)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rt.prepare, operations * 3))
    counts = rt.statistics
    assert (counts["compilations"], counts["dispatches"]) == (2, 0)
    assert not np.asarray(y).any()
    for operation in operations[:2]:
        rt.run(operation)
    assert rt.statistics["compilations"] == 2
    np.testing.assert_array_equal(np.asarray(y), np.asarray(x))
    with pytest.raises(fd.ShapeError, match="Copy: x is"):
        rt.prepare(ops.Copy(x=x, y=rt.empty((3,), fd.f32)))
