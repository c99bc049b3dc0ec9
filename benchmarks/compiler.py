"""What anvil-compiler takes for a kernel, beside `clang -O2` on the same as one lane's program.

Both start from that program's IR: parsing, which a library pays once for all of its kernels, is a
column of its own, and what clang takes for an empty program is not counted. Processor time of whole
processes, the best of a few.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.options import OPTIONS
from benchmarks.table import Table, ratio

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("ANVIL_BUILD_DIR", ROOT / "build/dev"))
COMPILER = str(BUILD / "bin/anvil-compiler")
SUBSET = 6  # every sixth of the corpus


def processor_seconds(command: list[str]) -> float:
    """User and system time of a process that has to succeed."""
    best = float("inf")
    for _ in range(max(2, OPTIONS.rounds)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        best = min(best, usage.ru_utime + usage.ru_stime)
    return best


def clang() -> str:
    version = (ROOT / "cmake/llvm-version.txt").read_text().split(".")[0].strip()
    return shutil.which(f"clang-{version}") or "clang"


def constants(case: Any) -> list[dict[str, Any]]:
    """As the compiler reads them."""
    values = []
    for index, value in case.constants.items():
        kind, dtype = ("bool", np.bool_) if isinstance(value, bool) else ("int", np.int32)
        data = np.array(value, dtype).tobytes().hex()
        values.append({"index": index, "name": None, "type": kind, "data": data})
    return values


def clang_seconds(program: Path, folder: Path) -> float:
    options = ["-O2", "-march=native", "-w", "-c", "-x", "ir", str(program)]
    return processor_seconds([clang(), *options, "-o", str(folder / "code")])


def measure_case(case: Any, library: Path, folder: Path) -> tuple[float, float, float]:
    """Seconds: of the whole compilation, of its parsing, and of clang."""
    command = [COMPILER, "kernel", "--library", str(library), "--function", case.name]
    if case.constants:
        given = folder / "constants.json"
        given.write_text(json.dumps(constants(case)))
        command += ["--constants", str(given)]
    program, code = folder / "lane.ll", folder / "code"
    parsing = processor_seconds([*command, "--emit-ir", str(program)])
    whole = processor_seconds([*command, "--output", str(code)])
    return whole, parsing, clang_seconds(program, folder)


def measure() -> list[Table]:
    sys.path.insert(0, str(ROOT / "tests/anvil/corpus"))
    corpus = importlib.import_module("corpus")
    table = Table(
        "Compilation of a kernel, ms of processor time",
        ["", "parsing", "then, to code", "clang -O2, one lane", "ratio"],
    )
    ratios = []
    sources = corpus.Sources(corpus.fetch_headers())
    cases = corpus.all_cases()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.ll").touch()
        start = clang_seconds(folder / "empty.ll", folder)
        libraries: dict[tuple[str, ...], Path] = {}
        for case in cases if OPTIONS.rounds > 1 else cases[::SUBSET]:
            if case.headers not in libraries:
                libraries[case.headers] = folder / f"library{len(libraries)}"
                source = str(sources.path(case.headers))
                made = ["--source", source, "--output", str(libraries[case.headers])]
                subprocess.run([COMPILER, "library", *made], check=True, capture_output=True)
            whole, parsing, other = measure_case(case, libraries[case.headers], folder)
            own, other = whole - parsing, other - start
            ratios.append(own / other)
            table.add(case.name, parsing * 1e3, own * 1e3, other * 1e3, ratio(own, other))
    table.add("geometric mean", None, None, None, f"{statistics.geometric_mean(ratios):.2f}")
    return [table]
