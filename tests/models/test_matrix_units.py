"""Prompts by matrix units where the processor has none, and without them where it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import EVERY_CASE, parameters

import foundry as fd

FAST = (
    "llama: plain",
    "gpt-oss: sinks, windows, YaRN",
    "qwen3next: gated attention in every third layer",
)


@pytest.mark.parametrize("case", parameters(EVERY_CASE, FAST))
def test_logits_are_llama_cpps(case: object, request: pytest.FixtureRequest) -> None:
    """The same test in a process whose device plans kernels the other way."""
    other = "0" if fd.devices()[0].traits.has_matrix_units else "1"
    name = request.node.name
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider"),
            *("--sample", "1", f"{Path(__file__).parent / 'test_architectures.py'}::{name}"),
        ],
        env={**os.environ, "ANVIL_MATRIX_UNITS": other},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout
