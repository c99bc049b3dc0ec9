"""Prints the tables and writes them as JSON to build/bench.json.

usage: python -m benchmarks [SECTION...]
sections: machine, model, startup, compilation, fusion, host, kernels
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import compilation, fusion, host, kernels, machine, model, startup
from benchmarks.table import Table

SECTIONS = {
    "machine": machine.measure,
    "model": model.measure,
    "startup": startup.measure,
    "compilation": compilation.measure,
    "fusion": fusion.measure,
    "host": host.measure,
    "kernels": kernels.measure,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    tables: dict[str, list[Table]] = {}
    for name in names or list(SECTIONS):
        tables[name] = SECTIONS[name]()
        for table in tables[name]:
            table.show()
    path = Path("build/bench.json")
    path.parent.mkdir(exist_ok=True)
    report = {name: [table.as_json() for table in found] for name, found in tables.items()}
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
