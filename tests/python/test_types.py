"""Annotations are types: what users write passes mypy --strict, what is wrong in it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import foundry as fd

pytest.importorskip("mypy")

HERE = Path(__file__).parent


def checked(source: Path, cache: Path) -> str:
    root = Path(fd.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), str(source)],
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    return done.stdout


def test_kernels_and_structs_pass_mypy_strict_and_run(tmp_path: Path) -> None:
    assert "Success: no issues found in 1 source file" in checked(HERE / "user_code.py", tmp_path)
    subprocess.run([sys.executable, HERE / "user_code.py"], check=True)


def test_what_is_no_dtype_is_found_by_mypy(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import foundry as fd\n"
        "def takes(dtype: fd.DType) -> None: ...\n"
        "takes(3)\n"
        "takes(fd.DType.f31)\n"
        "x: fd.In[fd.f31]\n"
        "reveal_type(fd.BlendParams)\n"
    )
    found = checked(wrong, tmp_path)
    for line, message in [
        (3, 'incompatible type "int"; expected "DType"'),
        (4, 'has no attribute "f31"'),
        (5, 'Name "fd.f31" is not defined'),
        (6, 'has no attribute "BlendParams"'),
    ]:
        assert any(f"wrong.py:{line}: " in each and message in each for each in found.split("\n"))
