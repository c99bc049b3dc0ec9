"""Host costs per call: arena, views and dispatch in C++ and Python, beside the goals."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np

import foundry as fd
from benchmarks.table import Table, time_call

PROGRAM = Path("build/dev/bin/foundry_host_costs")

# Nanoseconds that the project is after, where a goal exists (docs/performance.md).
GOALS = {"arena allocation": 20, "run(), encoding only": 500}


def cpp_costs() -> Table:
    table = Table("Host costs in C++, ns per call", ["", "best", "median", "goal"])
    output = subprocess.run([PROGRAM], check=True, capture_output=True, text=True).stdout
    for name, cost in json.loads(output).items():
        table.add(name, cost["best"], cost["median"], GOALS.get(name, ""))
    return table


@fd.kernel(dispatch=fd.per_element("x"))
def touch(x: fd.InOut[fd.f32]) -> None:
    """
    if (gid == 0) x[0] += 1.0f;
    """


def python_costs() -> Table:
    table = Table("Host costs in Python, ns per call", ["", "best", "median", "goal"])
    rt = fd.Foundry()
    x = rt.tensor(np.ones(1024, np.float32))
    array = np.ones(1024, np.float32)

    def row(name: str, call: object, goal: object = "", calls: int = 1000) -> None:
        timing = time_call(call, repeats=10, calls=calls)
        table.add(name, timing.best * 1e9, timing.median * 1e9, goal)
        rt.synchronize()

    row("numpy.asarray(tensor)", lambda: np.asarray(x), 200)
    row("memoryview(tensor)", lambda: memoryview(x), 200)
    row("memoryview(numpy array)", lambda: memoryview(array))
    call = touch(x=x)
    rt.run(call)
    rt.synchronize()
    row("rt.run(kernel), encoding only", lambda: rt.run(call), 2000)
    row("rt.run(kernel(...)), arguments bound anew", lambda: rt.run(touch(x=x)))

    def run_and_wait() -> None:
        rt.run(call)
        rt.synchronize()

    row("rt.run() and synchronize()", run_and_wait, calls=200)
    return table


def measure() -> list[Table]:
    return [cpp_costs(), python_costs()]
