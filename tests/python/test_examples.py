"""The Python examples run, and print what they promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "python"


def run(name: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_run_here() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "axpy.py",
        "fusion.py",
        "generate.py",
    }


def test_axpy() -> None:
    printed = run("axpy.py")
    assert "... 3.0" in printed and "kernel void axpy(" in printed


def test_fusion() -> None:
    printed = run("fusion.py")
    # float32 sums of 576 products of values near 1.
    assert float(printed.splitlines()[0].rpartition(" ")[2]) < 1e-3
    assert "kernel void mlp_in(" in printed


def test_generate(model_path: Path) -> None:
    assert "Tokyo" in run("generate.py", "What is the capital of Japan?", model_path)
