"""Prints the tables and writes them to build/bench.json and, for docs/performance.md, bench.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import (
    against,
    compilation,
    compiler,
    dispatch,
    experts,
    fusion,
    gemv,
    host,
    kernels,
    llama_metal,
    machine,
    model,
    prefill,
    sequences,
    startup,
)
from benchmarks.options import OPTIONS
from benchmarks.shapes import SHAPES
from benchmarks.table import Table

SECTIONS = {
    "machine": machine.measure,
    "model": model.measure,
    "prefill": prefill.measure,
    "sequences": sequences.measure,
    "gemv": gemv.measure,
    "dispatch": dispatch.measure,
    "startup": startup.measure,
    "compilation": compilation.measure,
    "compiler": compiler.measure,
    "fusion": fusion.measure,
    "experts": experts.measure,
    "host": host.measure,
    "kernels": kernels.measure,
    "llama_metal": llama_metal.measure,
}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description=__doc__,
        epilog="The first run builds llama.cpp and installs torch and MLX under build/competitors.",
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--formats", default="", help="of gemv: q4_1,f16; all by default")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="FILE",
        help="of model and prefill, again for more: a GGUF file, or one of "
        f"{', '.join(SHAPES)}, written then",
    )
    parser.add_argument("--rounds", type=int, default=OPTIONS.rounds, help="per competitor")
    parser.add_argument("--against", metavar="REVISION", help="compare with this commit's figures")
    arguments = parser.parse_args(words)
    known = against.SECTIONS if arguments.against else tuple(SECTIONS)
    names: list[str] = arguments.sections or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(known)}")
    OPTIONS.formats = [name for name in arguments.formats.split(",") if name]
    OPTIONS.models = arguments.model
    missing = [each for each in OPTIONS.models if each not in SHAPES and not Path(each).is_file()]
    if missing:
        parser.error(f"no file or shape {', '.join(missing)}; shapes: {', '.join(SHAPES)}")
    OPTIONS.rounds = arguments.rounds

    tables: dict[str, list[Table]] = {}
    for name in names:
        if arguments.against:
            tables[name] = [against.measure(arguments.against, name)]
        else:
            tables[name] = SECTIONS[name]()
        for table in tables[name]:
            table.show()
        write(tables)  # after each: a long run that is stopped leaves what it had
    print("written to build/bench.json and build/bench.md")
    return 0


def write(tables: dict[str, list[Table]]) -> None:
    folder = Path("build")
    folder.mkdir(exist_ok=True)
    report = {name: [table.as_json() for table in found] for name, found in tables.items()}
    (folder / "bench.json").write_text(json.dumps(report, indent=2) + "\n")
    pages = [table.as_markdown() for found in tables.values() for table in found]
    (folder / "bench.md").write_text("\n".join(pages))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
