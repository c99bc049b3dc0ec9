"""llama.cpp's Metal backend on Anvil against its CPU backend, the sources as they are.

Each operation is one run of its own test-backend-ops; a model continues prompts on both.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import llama_on_anvil
import pytest

from foundry.cli.demo import find_model

# As `test-backend-ops --list-ops` has them, but those without cases; twelve a line, the first of
# which is in CI's sample of every twelfth.
OPERATIONS = Path(__file__).with_name("operations.txt").read_text().split()


@pytest.fixture(scope="session")
def program() -> Path:
    return llama_on_anvil.build("test-backend-ops")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation(program: Path, operation: str) -> None:
    done = subprocess.run(
        [program, "test", "-b", "MTL0", "-o", operation],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failures = [line for line in done.stdout.splitlines() if "FAIL" in line]
    assert done.returncode == 0, "\n".join(failures) or done.stdout[-4000:]
    passed = re.search(r"(\d+)/(\d+) tests passed", done.stdout)
    assert passed
    assert passed[1] == passed[2]


@pytest.fixture(scope="session")
def reference() -> Any:
    """The tokens of the CPU backend, with weights, cache and sums of 32 bits."""
    model = llama_on_anvil.widened(find_model())
    return llama_on_anvil.decode(model, "cpu", "products", tokens=64, threads=1)


@pytest.mark.whole
@pytest.mark.parametrize("attention", ["products", "flash"])
def test_a_model_chooses_the_same_tokens(reference: Any, attention: str) -> None:
    found = llama_on_anvil.decode(find_model(), "metal", attention, tokens=64, threads=2)
    for own, other in zip(found, reference, strict=True):
        assert own["prompt"] == other["prompt"]
        assert own["tokens"] == other["tokens"]
