"""Prompts beside llama.cpp with flash attention, on its fastest kernels: formats of every kind.

Tokens per second on files of random weights (benchmarks/shapes.py), by turns, best of the rounds;
--model names other files or shapes.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.model import REPACKED, Subject, Task, contenders
from benchmarks.options import OPTIONS
from benchmarks.shapes import SHAPES
from benchmarks.table import Table, ratio
from foundry.processors import usable

_SHAPES = ["smollm2-q4_1", "smollm2-q8_0", "smollm2-f16", "smollm2-bf16", "llama-q4_k"]
_PROMPTS = (512, 2048)
_REPEATS = 2
_LLAMA = REPACKED + ", flash attention"


def _best(path: Path, prompt: int, threads: int) -> dict[str, float]:
    task = Task(repeats=_REPEATS, prompt=prompt, tokens=1, deep=0)
    found: dict[str, float] = {}
    calls = contenders(Subject("", path), threads, task)
    for _ in range(OPTIONS.rounds):
        for name in ("foundry", _LLAMA):
            result = calls[name]()
            found[name] = max(found.get(name, 0.0), *result["prefill"])
    return found


def measure() -> list[Table]:
    table = Table("Prompts, tok/s", ["", "threads", "tokens", "foundry", _LLAMA, "of llama.cpp"])
    for name in OPTIONS.models or _SHAPES:
        path = SHAPES[name].path(name) if name in SHAPES else Path(name)
        for threads in sorted({1, usable()}):
            for prompt in _PROMPTS:
                found = _best(path, prompt, threads)
                own, other = found["foundry"], found[_LLAMA]
                table.add(name, threads, prompt, own, other, ratio(own, other))
    return [table]
