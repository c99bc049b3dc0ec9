"""What a user waits for: import, loading, the first token, each in a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.table import Table
from foundry.cli.demo import find_model

IMPORT = "import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
FIRST_TOKEN = """
import time
start = time.perf_counter()
import foundry as fd
imported = time.perf_counter()
model = fd.models.load({path!r})
loaded = time.perf_counter()
next(model.generate("The capital of France is", raw=True, max_tokens=1))
first = time.perf_counter()
print(imported - start, loaded - imported, first - loaded, first - start)
"""


def seconds(script: str) -> list[float]:
    """The numbers that the script prints."""
    command = [sys.executable, "-c", script]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.split()]


def measure() -> list[Table]:
    path: Path = find_model()
    table = Table("Start-up, kernels cached", ["", "best", "median", "unit"])

    def row(label: str, values: list[float]) -> None:
        table.add(label, min(values) * 1000, statistics.median(values) * 1000, "ms")

    row("import numpy", [seconds(IMPORT.format(module="numpy"))[0] for _ in range(5)])
    row("import foundry", [seconds(IMPORT.format(module="foundry"))[0] for _ in range(5)])
    script = FIRST_TOKEN.format(path=str(path))
    seconds(script)  # fills the kernel cache
    runs = [seconds(script) for _ in range(5)]
    row("load SmolLM2", [run[1] for run in runs])
    row("first token after loading", [run[2] for run in runs])
    row("first token after starting to import", [run[3] for run in runs])
    return [table]
