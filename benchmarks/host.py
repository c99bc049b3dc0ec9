"""Host costs per call: arena, views and dispatch in C++ and Python, beside the goals."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import foundry as fd
from benchmarks.table import Table, time_call

PROGRAMS = {
    "Host costs in C++, ns per call": Path("build/dev/bin/foundry_host_costs"),
    "Metal's own calls on Anvil, ns per call": Path("build/dev/bin/anvil_metal_costs"),
}

# Nanoseconds that the project is after, where a goal exists (docs/performance.md).
GOALS = {
    "arena allocation": 20,
    "run(), encoding only": 500,
    "replay() of the step, per dispatch": 150,
    "a message: -[MTLBuffer length]": 2,
    "a dispatch with five arguments, encoded": 150,
    "a command buffer, from its making to its completed handler": 700,
}


def cpp_costs(title: str, program: Path) -> Table:
    table = Table(title, ["", "best", "median", "goal"])
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    for name, cost in json.loads(output).items():
        table.add(name, cost["best"], cost["median"], GOALS.get(name, ""))
    return table


@fd.kernel(dispatch=fd.per_element("x"))
def touch(x: fd.InOut[fd.f32]) -> None:
    """
    if (gid == 0) x[0] += 1.0f;
    """


@fd.kernel(dispatch=fd.per_element("x"))
def scale(x: fd.InOut[fd.f32], a: fd.f32) -> None:
    """
    if (gid == 0) x[0] *= a;
    """


def python_costs() -> Table:
    table = Table("Host costs in Python, ns per call", ["", "best", "median", "goal"])
    rt = fd.Foundry()
    x = rt.tensor(np.ones(1024, np.float32))
    array = np.ones(1024, np.float32)

    def row(name: str, call: Callable[[], object], goal: object = "", calls: int = 1000) -> None:
        timing = time_call(call, repeats=10, calls=calls)
        table.add(name, timing.best * 1e9, timing.median * 1e9, goal)
        rt.synchronize()

    half = rt.tensor(np.ones(1024, np.float32), fd.bf16)
    arena = rt.make_arena("bench")

    def allocate() -> None:
        with arena.scope():
            for _ in range(100):
                arena.alloc(64, fd.f32)

    timing = time_call(allocate, repeats=20, calls=10)
    table.add("arena.alloc(), dropped", timing.best * 1e7, timing.median * 1e7, "")
    row("tensor[16:512]", lambda: x[16:512])
    row("tensor.host(): a numpy view", x.host, 200)
    row("tensor.host() of bf16", half.host, 200)
    row("numpy.asarray(tensor)", lambda: np.asarray(x))
    row("numpy.asarray(numpy array)", lambda: np.asarray(array))
    row("memoryview(tensor)", lambda: memoryview(x))  # type: ignore[arg-type]  # typeshed, before 3.12
    row("memoryview(numpy array)", lambda: memoryview(array))  # type: ignore[arg-type]
    row("numpy.from_dlpack(tensor)", lambda: np.from_dlpack(x))
    row("rt.from_dlpack(numpy array)", lambda: rt.from_dlpack(array))
    row("rt.borrow(numpy array)", lambda: rt.borrow(array))
    call = touch(x=x)
    rt.run(call)
    rt.synchronize()
    row("rt.run(kernel), encoding only", lambda: rt.run(call), 2000)
    row("rt.run(kernel(...)), arguments bound anew", lambda: rt.run(touch(x=x)))

    dispatches = 200
    with rt.record() as step:
        for _ in range(dispatches):
            rt.run(scale(x=x, a=fd.Parameter("a")))
    times = []
    for _ in range(30):
        begin = time.perf_counter()
        for _ in range(8):  # fewer than the command buffers that may be in flight
            step.replay(a=1.0)
        times.append((time.perf_counter() - begin) / 8 / dispatches * 1e9)
        rt.synchronize()
    table.add("step.replay(a=...), per dispatch of 200", min(times), statistics.median(times), 150)

    def run_and_wait() -> None:
        rt.run(call)
        rt.synchronize()

    row("rt.run() and synchronize()", run_and_wait, calls=200)
    return table


def measure() -> list[Table]:
    return [*(cpp_costs(*each) for each in PROGRAMS.items()), python_costs()]
