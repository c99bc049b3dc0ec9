"""The tables in docs/models.md; `python tests/models/page.py` writes them."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "python")]

from cases import EVERY_CASE  # noqa: E402
from embedding_cases import EMBEDDING_CASES  # noqa: E402

from foundry.huggingface.table import MODELS  # noqa: E402
from foundry.models import ARCHITECTURES  # noqa: E402

PAGE = FOLDER.parents[1] / "docs" / "models.md"


def _architectures() -> str:
    lines = [
        "| architecture | models | compared | dispatches a layer |",
        "|---|---|---|---|",
    ]
    for name, entry in sorted(ARCHITECTURES.items()):
        if entry.bidirectional:
            continue
        cases = [case for case in EVERY_CASE if case.model.architecture == name]
        compared = "; ".join(case.what for case in cases)
        layers = {case.of_layer(i) for case in cases for i in range(case.model.sizes.layers)}
        dispatches = ", ".join(map(str, sorted(layers)))
        lines.append(f"| `{name}` | {entry.models} | {compared} | {dispatches} |")
    return "\n".join(lines) + "\n"


def _encoders() -> str:
    lines = ["| architecture | models | compared |", "|---|---|---|"]
    for name in sorted({case.model.architecture for case in EMBEDDING_CASES}):
        compared = "; ".join(
            case.what for case in EMBEDDING_CASES if case.model.architecture == name
        )
        lines.append(f"| `{name}` | {ARCHITECTURES[name].models} | {compared} |")
    return "\n".join(lines) + "\n"


def _folders() -> str:
    lines = ["| class in `config.json` | architecture |", "|---|---|"]
    lines += [
        f"| `{name}` | `{model.architecture}` |"
        for name, model in MODELS.items()
        if model.architecture in ARCHITECTURES
    ]
    return "\n".join(lines) + "\n"


def with_tables(page: str) -> str:
    tables = {
        "architectures": _architectures(),
        "encoders": _encoders(),
        "folders": _folders(),
    }
    for name, table in tables.items():
        begin, end = f"<!-- {name}: by tests/models/page.py -->\n", f"<!-- end of {name} -->"
        before, rest = page.split(begin)
        _, after = rest.split(end)
        page = f"{before}{begin}{table}{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
