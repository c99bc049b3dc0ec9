"""Writes what follows from the extension module: its stub, foundry/ops.py, tables of docs/ops.md.

    python bindings/derive.py           # writes them
    python bindings/derive.py --check   # names those that are not up to date, and fails

Of the extension module that `import foundry` finds, into the repository that this file lies in.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foundry._foundry as extension

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "python/foundry/_foundry.pyi"
OPS = ROOT / "python/foundry/ops.py"
DOCUMENTATION = ROOT / "docs/ops.md"


def stub() -> str:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "_foundry.pyi"
        # By its bare name, so that importing it does not import the package.
        stubgen = [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "_foundry"]
        where = Path(extension.__file__).parent
        subprocess.run([*stubgen, "-i", where, "-o", fresh], check=True, cwd=folder)
        return fresh.read_text()


def ops_module() -> str:
    names = sorted(
        extension.names_of_ops(), key=lambda name: (not name.isupper(), name.islower(), name)
    )
    imports = "".join(f"    {name},\n" for name in names)
    exports = "".join(f'    "{name}",\n' for name in names)
    return (
        '"""Operations: each a class whose instances `Foundry.run` takes, or `fuse` puts '
        "together.\n"
        "\n"
        "Written by bindings/derive.py.\n"
        '"""\n'
        "\n"
        f"from foundry._foundry import (\n{imports})\n"
        "\n"
        f"__all__ = [\n{exports}]\n"
    )


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def summary(operation: dict[str, Any]) -> str:
    """The first sentence."""
    return re.split(r"(?<=\.) (?=[A-Z])", operation["documentation"])[0].removesuffix(".")


def tensors(operation: dict[str, Any]) -> str:
    lines = []
    for name, argument in operation["arguments"].items():
        if argument["is_tensor"]:
            text = argument["documentation"].removeprefix(f"{name}: ").split(". It may be")[0]
            lines.append(f"`{name}`: {cell(text.removesuffix('.'))}")
    return "<br>".join(lines)


def in_place_rules(operation: dict[str, Any]) -> str:
    rules = []
    for name, argument in operation["arguments"].items():
        if argument["in_place"]:
            others = " or ".join(f"`{other}`" for other in argument["in_place"])
            rules.append(f"`{name}` may be {others}")
        if argument["role"] == "read_write":
            rules.append(f"`{name}` is changed in place")
    return "; ".join(rules)


# Of each table what its columns say of an operation; where all are empty it has no row.
TABLES: dict[str, dict[str, Callable[[dict[str, Any]], str]]] = {
    "operations": {"what": lambda operation: cell(summary(operation)), "tensors": tensors},
    "in place": {"in place": in_place_rules},
}


def table_of(columns: dict[str, Callable[[dict[str, Any]], str]]) -> str:
    rows = [" | ".join(["| operation", *columns]) + " |", "|" + "---|" * (1 + len(columns))]
    for name, operation in extension.describe_operations().items():
        cells = [of(operation) for of in columns.values()]
        if any(cells):
            rows.append(" | ".join([f"| `{name}`", *cells]) + " |")
    return "\n".join(rows)


def documentation() -> str:
    text = DOCUMENTATION.read_text()
    for name, columns in TABLES.items():
        begin, end = f"<!-- {name}: by bindings/derive.py -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{DOCUMENTATION}: no {begin.strip()!r} with its end")
        text = before + begin + table_of(columns) + end + after
    return text


def main() -> int:
    stale = []
    for file, make in ((STUB, stub), (OPS, ops_module), (DOCUMENTATION, documentation)):
        fresh = make()
        if file.read_text() == fresh:
            continue
        stale.append(file.relative_to(ROOT))
        if "--check" not in sys.argv:
            file.write_text(fresh)
            print(f"wrote {stale[-1]}")
    if stale and "--check" in sys.argv:
        print("not up to date:", *stale, "- run python bindings/derive.py, and read the difference")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
