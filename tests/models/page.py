"""The table of architectures in docs/models.md; `python tests/models/page.py` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "python")]

from cases import CASES  # noqa: E402

from foundry.models import ARCHITECTURES  # noqa: E402

PAGE = FOLDER.parents[1] / "docs" / "models.md"
_BEGIN = "<!-- architectures: by tests/models/page.py -->\n"
_END = "<!-- end of architectures -->"


def table() -> str:
    lines = [
        "| architecture | models | compared | dispatches a layer |",
        "|---|---|---|---|",
    ]
    for name, entry in sorted(ARCHITECTURES.items()):
        cases = [case for case in CASES if case.model.architecture == name]
        compared = "; ".join(case.what for case in cases)
        dispatches = ", ".join(map(str, sorted({case.dispatches for case in cases})))
        lines.append(f"| `{name}` | {entry.models} | {compared} | {dispatches} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
