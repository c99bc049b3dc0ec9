"""A section's figures of Foundry alone, for `./dev bench --against`; prints JSON.

usage: python own_figures.py FOLDER SECTION

Runs in the folder of any revision, with the `benchmarks` package that it has there.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

Figures = dict[str, float]
"""Names that end in /s are rates: more is better. Of all others less is."""

GEMV_SHAPES = ((1536, 576), (14336, 4096))
MODEL_TASKS = ("decode", "prefill", "decode at 512", "decode at 4096")


def model() -> Figures:
    run_json = importlib.import_module("benchmarks.competitors").run_json
    path = importlib.import_module("foundry.cli.demo").find_model()
    figures = {}
    for threads in (1, len(os.sched_getaffinity(0))):
        command = [sys.executable, "-m", "benchmarks.model_worker", path, "1"]
        found = run_json(command, {"ANVIL_THREADS": str(threads)})
        for task in MODEL_TASKS:
            figures[f"SmolLM2, {threads} threads, {task}, tokens/s"] = max(found[task])
    return figures


def gemv() -> Figures:
    run_json = importlib.import_module("benchmarks.competitors").run_json
    formats = importlib.import_module("foundry").weight_formats()
    figures = {}
    for name in map(str, formats):
        for rows, columns in GEMV_SHAPES:
            if columns % 256 and name.endswith("_k"):
                continue
            found = run_json(["build/dev/bin/foundry_gemv", name, str(rows), str(columns)])
            for state in ("cold", "warm"):
                rate = found["bytes"] / found[state]["best"] / 1e9
                figures[f"{name} {rows} x {columns}, {state}, GB/s"] = rate
    return figures


def tables(section: str) -> Figures:
    """The first column of figures of each table, which is time."""

    competitors = importlib.import_module("benchmarks.competitors")
    libraries = importlib.import_module("benchmarks.competitors.libraries")

    def missing(library: str) -> Any:
        raise competitors.Missing(f"{library}: left out")

    libraries.load = missing  # type: ignore[attr-defined]
    figures: Figures = {}
    for table in importlib.import_module(f"benchmarks.{section}").measure():
        title = table.title.split(", read bandwidth")[0]
        for row in table.rows:
            if len(row) > 1 and isinstance(row[1], float):
                name = row[0].rsplit(", ", 1)[0] if "GFLOP/s" in row[0] else row[0]
                figures[f"{title}: {name}"] = row[1]
    return figures


def main(folder: str, section: str) -> None:
    os.chdir(folder)
    sys.path[0] = os.getcwd()  # the revision's own package, not this file's
    own = {"model": model, "gemv": gemv}.get(section)
    print(json.dumps(own() if own else tables(section)))


if __name__ == "__main__":
    main(*sys.argv[1:])
