"""Matrix-vector products beside hand-written vector code, llama.cpp, torch, numpy and MLX.

Weights are cold (copies of 1 GiB together, taken in turn) or warm (one copy again and again). Every
competitor runs in a process of its own, by turns for each shape: what is compared was measured
within seconds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foundry as fd
from benchmarks.competitors import Missing, libraries, llama_cpp, run_json
from benchmarks.machine import read_bandwidth
from benchmarks.options import OPTIONS
from benchmarks.table import Table, ratio
from foundry.processors import usable

BIN = Path("build/dev/bin")
SHAPES = [(576, 576), (1536, 576), (49152, 576), (4096, 4096), (14336, 4096)]

Result = dict[str, Any]


def contenders(name: str, rows: int, columns: int, threads: int) -> dict[str, Callable[[], Result]]:
    shape = [name, str(rows), str(columns)]
    found: dict[str, Callable[[], Result]] = {
        "foundry": lambda: run_json(
            [BIN / "foundry_gemv", *shape], {"ANVIL_THREADS": str(threads)}
        ),
        "hand-written": lambda: run_json([BIN / "reference_gemv", *shape, str(threads)]),
        "llama.cpp": lambda: run_json([llama_cpp.program(), "gemv", *shape, str(threads)]),
    }
    plain = {"f32": ("torch", "numpy", "mlx"), "f16": ("torch", "mlx"), "bf16": ("torch", "mlx")}
    for library in plain.get(name, ()):
        found[library] = functools.partial(
            libraries.measure, library, "gemv", name, rows, columns, threads=threads
        )
    return found


def best_of(results: list[Result]) -> Result:
    return {
        "ran": results[0]["ran"],
        "bytes": results[0]["bytes"],
        **{state: min(result[state]["best"] for result in results) for state in ("cold", "warm")},
    }


def run_all(calls: dict[str, Callable[[], Result]]) -> dict[str, Result | str]:
    """The best of each; a text where one is missing."""
    results: dict[str, list[Result]] = {name: [] for name in calls}
    missing: dict[str, str] = {}
    for _ in range(OPTIONS.rounds):
        for name, call in calls.items():
            if name in missing:
                continue
            try:
                results[name].append(call())
            except Missing as reason:
                missing[name] = str(reason)
    return {name: missing.get(name) or best_of(results[name]) for name in calls}


def measure() -> list[Table]:
    formats = OPTIONS.formats or [str(policy) for policy in fd.weight_formats()]
    notes: dict[str, str] = {}
    tables = []
    for threads in sorted({1, usable()}):
        bandwidth = read_bandwidth(threads)
        title = f"GEMV, {threads} threads, GB/s of weights (read bandwidth {bandwidth:.1f} GB/s)"
        columns = ["format", "shape", "", "foundry", "of bandwidth", "of hand-written"]
        columns += [
            "of llama.cpp",
            "of torch",
            "hand-written",
            "llama.cpp",
            "torch",
            "numpy",
            "mlx",
        ]
        table = Table(title, columns)
        for name in formats:
            for rows, inner in SHAPES:
                if inner % fd.DType[name].block_elements:
                    continue
                found = run_all(contenders(name, rows, inner, threads))
                for state in ("cold", "warm"):
                    add_row(table, name, f"{rows} x {inner}", state, found, bandwidth)
                for who, result in found.items():
                    text = result if isinstance(result, str) else result["ran"]
                    notes.setdefault(f"{who}: {text}", name)
        tables.append(table)
    ran = Table("GEMV: who ran, and who did not", ["", "first format"])
    for note, name in sorted(notes.items()):
        ran.add(note, name)
    return [*tables, ran]


def add_row(
    table: Table, name: str, shape: str, state: str, found: dict[str, Result | str], floor: float
) -> None:
    def speed(who: str) -> float | None:
        result = found.get(who)
        return result["bytes"] / result[state] / 1e9 if isinstance(result, dict) else None

    own = speed("foundry")
    others = [speed(who) for who in ("hand-written", "llama.cpp", "torch", "numpy", "mlx")]
    ratios = [ratio(own, floor)] + [ratio(own, other) for other in others[:3]]
    table.add(name, shape, state, own, *ratios, *others)
