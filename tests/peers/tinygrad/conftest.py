"""tinygrad, from PyPI, with its METAL device on Anvil."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LLVM = (ROOT / "cmake/llvm-version.txt").read_text().strip()


def pytest_configure(config: pytest.Config) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    os.environ.setdefault("CC", shutil.which(f"clang-{LLVM}") or "clang")
    # tinygrad keeps compiled kernels between runs; here they are to be made anew.
    os.environ["CACHELEVEL"] = "0"
    os.environ["CCACHE"] = "0"
    # Its own processes would not be prepared: kernels are compiled in this one.
    os.environ["PARALLEL"] = "0"
    from metal_on_linux import prepare

    prepare(Path(os.environ.get("ANVIL_LIBRARIES", ROOT / "build/dev/lib/anvil")))
