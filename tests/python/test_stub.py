"""What follows from the extension module is up to date: its stub, foundry.ops, tables of docs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DERIVE = Path(__file__).parents[2] / "bindings/derive.py"


def test_what_is_derived_is_up_to_date() -> None:
    """After a change of the bindings: run bindings/derive.py, and read the difference."""
    check = subprocess.run(
        [sys.executable, DERIVE, "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
