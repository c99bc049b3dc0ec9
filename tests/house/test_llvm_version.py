"""One LLVM: whatever names a version of its tools or packages follows cmake/llvm-version.txt."""

import re
import subprocess
from pathlib import Path

from rooms import ROOT

VERSION = (ROOT / "cmake" / "llvm-version.txt").read_text().strip()
# clang-22, clang++-22, libclang-22-dev, LLVM 22, clang >= 22, llvm-22
MENTION = re.compile(
    r"\b(?:lib)?(?:clang|llvm|lld|polly)(?:\+\+|-rt|-format|-tidy)?(?:-| (?:>= )?)([0-9]+)\b",
    re.IGNORECASE,
)
# What was measured or found with a version says which.
HISTORY = {"docs/readings.md", "docs/performance.md", "docs/reliability.md"}


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files"], check=True, capture_output=True, text=True
    )
    return listed.stdout.splitlines()


def test_there_is_one_number() -> None:
    configuration = re.compile(
        r"^(dev|[^/]*\.(md|txt|toml|json|yaml)|\.[^/]*|\.ci/.*|\.github/.*|\.devcontainer/.*|"
        r"(cmake|docs|requirements)/.*|.*CMakeLists\.txt)$"
    )
    wrong = [
        f"{name}: {match[0]}"
        for name in tracked()
        if configuration.match(name) and name not in HISTORY and (ROOT / name).suffix != ".svg"
        for match in MENTION.finditer(Path(ROOT, name).read_text())
        if match[1] != VERSION
    ]
    assert wrong == []
