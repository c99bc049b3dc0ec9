"""Several sequences at once beside llama.cpp: tokens per second of all, by how many they are.

Every sequence has a prompt of 16 tokens of its own and is decoded greedily; one step is one pass
over the weights. SmolLM2 unless --model names others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.competitors import Missing, llama_cpp, run_json
from benchmarks.machine import read_bandwidth
from benchmarks.model import REPACKED, VECTOR, Subject, subjects
from benchmarks.options import OPTIONS
from benchmarks.table import Table, ratio
from foundry.processors import usable

SIZES = (1, 2, 4, 8, 16)
_PROMPT = 16
_STEPS = 48
_STEPS_OF_LARGE = 12

Rates = dict[str, list[float]]


def contenders(subject: Subject, threads: int) -> dict[str, Callable[[], Any]]:
    steps = _STEPS if subject.is_small else _STEPS_OF_LARGE
    task = [str(number) for number in (2, _PROMPT, steps, *SIZES)]

    def foundry() -> Any:
        program: list[str | Path] = [sys.executable, "-m", "benchmarks.sequences_worker"]
        return run_json([*program, subject.path, *task], {"ANVIL_THREADS": str(threads)})

    def llama(extra_bufts: int) -> Any:
        words = [str(threads), str(extra_bufts), "0", *task]
        return run_json([llama_cpp.program(), "sequences", subject.path, *words])

    return {"foundry": foundry, VECTOR: lambda: llama(0), REPACKED: lambda: llama(1)}


def run_all(subject: Subject, threads: int) -> dict[str, Rates | str]:
    """By turns; a text where one is missing."""
    found: dict[str, Rates | str] = {}
    for _ in range(OPTIONS.rounds):
        for name, call in contenders(subject, threads).items():
            rates = found.setdefault(name, {})
            if isinstance(rates, str):
                continue
            try:
                for size, values in call().items():
                    rates.setdefault(size, []).extend(values)
            except Missing as reason:
                found[name] = f"missing: {reason}"
    return found


def measure() -> list[Table]:
    return [of(subject, threads) for subject in subjects() for threads in sorted({1, usable()})]


def of(subject: Subject, threads: int) -> Table:
    """The floor reads every weight once a step."""
    found = run_all(subject, threads)
    rates = {name: own for name, own in found.items() if not isinstance(own, str)}
    others = [name for name in rates if name != "foundry"]
    table = Table(
        f"{subject.name}, {threads} threads: sequences at once, tok/s of all, best",
        ["sequences", "floor", *rates, *(f"over {name}" for name in others)],
    )
    floor = read_bandwidth(threads) * 1e9 / subject.path.stat().st_size
    for size in SIZES:
        best = {name: max(own[str(size)]) for name, own in rates.items()}
        ratios = [ratio(best.get("foundry"), best[name]) for name in others]
        table.add(str(size), floor * size, *best.values(), *ratios)
    for name, reason in found.items():
        if isinstance(reason, str):
            table.add(f"{name}: {reason}", *[None] * (len(table.columns) - 1))
    return table
