"""SmolLM2 beside llama.cpp: decode, prefill, contexts of 512 and 4096; memory and its floor.

Tokens per second. llama.cpp runs the same tasks (128 tokens after 16, 512 at once, 32 tokens after
512 and 4096) on the same file, greedily, by turns with Foundry.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.competitors import Missing, llama_cpp, run_json
from benchmarks.machine import processors, read_bandwidth
from benchmarks.options import OPTIONS
from benchmarks.table import Table, ratio
from foundry.cli.demo import find_model

TASKS = ["decode", "prefill", "decode at 512", "decode at 4096"]
VECTOR = "llama.cpp, vector kernels"
REPACKED = "llama.cpp, repacked or AMX"
REPEATS = 2

Result = dict[str, list[float]]


def contenders(threads: int) -> dict[str, Callable[[], Any]]:
    path = find_model()

    def foundry() -> Any:
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "benchmarks.model_worker",
            path,
            str(REPEATS),
        ]
        return run_json(command, {"ANVIL_THREADS": str(threads)})

    def llama(extra_bufts: int, flash: int) -> Any:
        words = [str(threads), str(extra_bufts), str(flash), str(REPEATS)]
        return run_json([llama_cpp.program(), "model", path, *words])

    return {
        "foundry": foundry,
        VECTOR: lambda: llama(0, 0),
        REPACKED: lambda: llama(1, 0),
        REPACKED + ", flash attention": lambda: llama(1, 1),
    }


def run_all(threads: int) -> dict[str, Result | str]:
    """All figures of each contender; a text where one is missing."""
    found: dict[str, Result | str] = {}
    for _ in range(OPTIONS.rounds):
        for name, call in contenders(threads).items():
            result = found.setdefault(name, {})
            if isinstance(result, str):
                continue
            try:
                for task, values in call().items():
                    result.setdefault(task, []).extend(values)
            except Missing as reason:
                found[name] = f"missing: {reason}"
    return found


def measure() -> list[Table]:
    tables = []
    own: Result = {}
    for threads in sorted({1, processors()}):
        found = run_all(threads)
        table = Table(
            f"SmolLM2-135M Q4_1, {threads} threads, tok/s: best (median)",
            ["", *TASKS, *(f"{task}, of llama.cpp's vector kernels" for task in TASKS[:2])],
        )
        reference = found[VECTOR]
        for name, result in found.items():
            if isinstance(result, str):
                table.add(f"{name}: {result}", *[None] * (len(table.columns) - 1))
                continue
            cells = [
                f"{max(result[task]):.1f} ({statistics.median(result[task]):.1f})" for task in TASKS
            ]
            ratios = [
                ratio(max(result[task]), max(reference[task]))
                if isinstance(reference, dict)
                else None
                for task in TASKS[:2]
            ]
            table.add(name, *cells, *ratios)
        tables.append(table)
        if isinstance(found["foundry"], dict):
            own = found["foundry"]
    return [*tables, details(own)] if own else tables


def details(own: Result) -> Table:
    """Of the run on all threads."""
    size = find_model().stat().st_size
    table = Table(f"SmolLM2-135M, {processors()} threads", ["", "value", "unit"])
    table.add("time to first token, 16-token prompt", min(own["first token"]), "ms")
    table.add("dispatches per token", own["dispatches"][0], "")
    # Every weight is read once per token: the file's size over the bandwidth is the floor.
    floor = size / (read_bandwidth(processors()) * 1e9)
    table.add("decode, fraction of the memory floor", max(own["decode"]) * floor, "")
    table.add("model file", size / 2**20, "MiB")
    table.add("peak memory, loaded", own["loaded, bytes"][0] / 2**20, "MiB")
    table.add("peak memory, contexts up to 545", own["peak, bytes"][0] / 2**20, "MiB")
    return table
