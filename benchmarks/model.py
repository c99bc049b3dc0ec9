"""Models beside llama.cpp: decode, prefill, decode after the prompt and in a deep context; memory.

Tokens per second; llama.cpp does the same tasks on the same file, greedily, by turns with Foundry.
SmolLM2 unless --model names others: files, or shapes of benchmarks/shapes.py.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from benchmarks.competitors import Missing, llama_cpp, run_json
from benchmarks.machine import read_bandwidth
from benchmarks.options import OPTIONS
from benchmarks.shapes import SHAPES
from benchmarks.table import Table, ratio
from foundry.cli.demo import find_model
from foundry.processors import usable

VECTOR = "llama.cpp, vector kernels"
REPACKED = "llama.cpp, repacked or AMX"

Result = dict[str, list[float]]


@dataclass(frozen=True)
class Task:
    repeats: int
    prompt: int
    tokens: int
    """That are decoded after 16; a quarter of it after the prompt and in the deep context."""
    deep: int
    """Tokens of that; 0 for none."""

    @property
    def figures(self) -> list[str]:
        deep = [f"decode at {self.deep}"] if self.deep else []
        return ["decode", "prefill", f"decode at {self.prompt}", *deep]


_SMALL = Task(repeats=2, prompt=512, tokens=128, deep=4096)
_LARGE = Task(repeats=2, prompt=128, tokens=32, deep=0)
_LARGE_BYTES = 300e6


@dataclass(frozen=True)
class Subject:
    name: str
    path: Path

    @property
    def is_small(self) -> bool:
        return self.path.stat().st_size <= _LARGE_BYTES

    @property
    def task(self) -> Task:
        return _SMALL if self.is_small else _LARGE


def subjects() -> list[Subject]:
    if not OPTIONS.models:
        return [Subject("SmolLM2-135M Q4_1", find_model())]
    return [
        Subject(name, SHAPES[name].path(name))
        if name in SHAPES
        else Subject(Path(name).name, Path(name))
        for name in OPTIONS.models
    ]


def contenders(subject: Subject, threads: int, of: Task) -> dict[str, Callable[[], Any]]:
    task = [str(number) for number in astuple(of)]

    def foundry() -> Any:
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "benchmarks.model_worker",
            subject.path,
            *task,
        ]
        return run_json(command, {"ANVIL_THREADS": str(threads)})

    def llama(extra_bufts: int, flash: int) -> Any:
        words = [str(threads), str(extra_bufts), str(flash), *task]
        return run_json([llama_cpp.program(), "model", subject.path, *words])

    return {
        "foundry": foundry,
        VECTOR: lambda: llama(0, 0),
        REPACKED: lambda: llama(1, 0),
        REPACKED + ", flash attention": lambda: llama(1, 1),
    }


def run_all(subject: Subject, threads: int) -> dict[str, Result | str]:
    """All figures of each contender; a text where one is missing."""
    found: dict[str, Result | str] = {}
    for _ in range(OPTIONS.rounds):
        for name, call in contenders(subject, threads, subject.task).items():
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
    return [table for subject in subjects() for table in of(subject)]


def of(subject: Subject) -> list[Table]:
    tables = []
    own: Result = {}
    figures, prompt = subject.task.figures, subject.task.prompt
    for threads in sorted({1, usable()}):
        found = run_all(subject, threads)
        table = Table(
            f"{subject.name}, {threads} threads, tok/s: best (median), prefill of {prompt}",
            ["", *figures, *(f"{figure}, of llama.cpp's vector kernels" for figure in figures[:2])],
        )
        reference = found[VECTOR]
        for name, result in found.items():
            if isinstance(result, str):
                table.add(f"{name}: {result}", *[None] * (len(table.columns) - 1))
                continue
            cells = [
                f"{max(result[each]):.1f} ({statistics.median(result[each]):.1f})"
                for each in figures
            ]
            ratios = [
                ratio(max(result[each]), max(reference[each]))
                if isinstance(reference, dict)
                else None
                for each in figures[:2]
            ]
            table.add(name, *cells, *ratios)
        tables.append(table)
        if isinstance(found["foundry"], dict):
            own = found["foundry"]
    return [*tables, details(subject, own)] if own else tables


def details(subject: Subject, own: Result) -> Table:
    """Of the run on all threads."""
    size = subject.path.stat().st_size
    table = Table(f"{subject.name}, {usable()} threads", ["", "value", "unit"])
    table.add("time to first token, 16-token prompt", min(own["first token"]), "ms")
    table.add("dispatches per token", own["dispatches"][0], "")
    if subject.name not in SHAPES or "expert_count" not in SHAPES[subject.name].metadata:
        # Every weight is read once per token: the file's size over the bandwidth is the floor.
        floor = size / (read_bandwidth(usable()) * 1e9)
        table.add("decode, fraction of the memory floor", max(own["decode"]) * floor, "")
    table.add("model file", size / 2**20, "MiB")
    table.add("peak memory, loaded", own["loaded, bytes"][0] / 2**20, "MiB")
    table.add("peak memory, after short prompts", own["peak, bytes"][0] / 2**20, "MiB")
    return table
