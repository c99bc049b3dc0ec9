"""Every operation has its place among the tests of NaN, and in docs/ops.md's table of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from foundry._foundry import describe_operations

# What no NaN goes into: nothing is read, or token ids alone are.
WITHOUT_INPUT = {
    "Fill",
    "Arange",
    "RandomUniform",
    "RandomNormal",
    "AppendToken",
    "CountTokens",
    "GroupExperts",
}


def operations_of_nan_tests() -> set[str]:
    """Those that a test has which says in its name, or its file's, that it is about NaN."""
    found = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(file.read_text()).body:
            name = getattr(node, "name", "")
            if "nan" in file.stem.split("_") or "nan" in name.split("_"):
                found |= set(re.findall(r"\bops\.([A-Z]\w+)", ast.unparse(node)))
    return found


def test_every_operation_has_a_test_of_nan() -> None:
    running = {name for name, operation in describe_operations().items() if operation["runs"]}
    assert running - operations_of_nan_tests() == WITHOUT_INPUT


def test_the_documentation_says_what_nan_does_in_every_operation() -> None:
    text = (Path(__file__).parents[2] / "docs/ops.md").read_text()
    table = text.split("## NaN and infinity")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in rows_of(table))))
    without = {"AppendToken", "CountTokens", "CacheWrite"}  # which move what they are given
    assert set(describe_operations()) - named == without


def rows_of(table: str) -> list[str]:
    return [line for line in table.splitlines() if line.startswith("| `")]
