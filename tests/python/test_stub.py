"""The stub of the extension module is what nanobind makes of it now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import foundry._foundry


def test_the_stub_is_up_to_date(tmp_path: Path) -> None:
    """After a change of the bindings: copy the new stub, and read the difference."""
    extension = Path(foundry._foundry.__file__)
    fresh = tmp_path / "_foundry.pyi"
    # By its bare name, so that importing it does not import the package.
    stubgen = [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "_foundry"]
    subprocess.run([*stubgen, "-i", extension.parent, "-o", fresh], check=True, cwd=tmp_path)
    golden = Path(foundry.__file__).parent / "_foundry.pyi"
    assert golden.read_text() == fresh.read_text()
