"""Every kernel of shaders/, fused ones with every policy, gives what the interpreter gives.

every_kernel.py runs with ANVIL_CAPTURE, which keeps each kernel's smallest dispatch with its source
and its buffers; these are then run both ways.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from corpus import BUILD, ENVIRONMENT, ROOT

SHADERS = ROOT / "shaders"


def replay(case: Path) -> str:
    """Where the two differ; empty if they agree."""
    done = subprocess.run(
        [BUILD / "bin/anvil_oracle_tool", case / "case.json"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_every_shader_is_captured(captured: list[Path]) -> None:
    sources = "".join((case / "source.metal").read_text() for case in captured)
    files = (str(file.relative_to(SHADERS)) for file in sorted(SHADERS.rglob("*.metal")))
    assert [file for file in files if f'"{file}"' not in sources] == []


def test_captured_kernels_agree_with_the_interpreter(
    captured: list[Path], pytestconfig: pytest.Config
) -> None:
    step, start = pytestconfig.getoption("--sample"), pytestconfig.getoption("--first")
    share = captured[start % step :: step]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        differences = dict(zip(share, pool.map(replay, share), strict=True))
    failures = [f"{case.name}: {text[:300]}" for case, text in differences.items() if text]
    assert failures == []
