"""What a dispatch costs, in C++ and in Python: empty kernels, dependent ones, waking up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import foundry as fd
from benchmarks.competitors import Missing, run_json
from benchmarks.table import Table, time_call
from foundry.processors import usable

CALLS = 1000


def in_cpp(threads: int) -> Table:
    table = Table(f"Dispatch in C++, {threads} threads, us", ["", "best", "median"])
    try:
        costs = run_json(["build/dev/bin/foundry_dispatch_costs"], {"ANVIL_THREADS": str(threads)})
    except Missing as reason:
        table.add(str(reason), None, None)
        return table
    for name, cost in costs.items():
        table.add(name, cost["best"] / 1000, cost["median"] / 1000)
    return table


@fd.kernel(dispatch=fd.per_element("x"))
def nothing(x: fd.InOut[fd.f32], last: fd.u32) -> None:
    """
    if (gid == last) x[0] += 1.0f;
    """


def in_python() -> Table:
    table = Table(f"Dispatch in Python, {usable()} threads, us", ["", "best", "median"])
    rt = fd.Foundry()
    small = rt.tensor(np.ones(32, np.float32))
    large = rt.tensor(np.ones(256 * 1000, np.float32))  # 1000 threadgroups, or as many as chosen

    def row(name: str, call: Callable[[], object], calls: int, dispatches: int) -> None:
        timing = time_call(call, repeats=10, calls=calls)
        table.add(name, timing.best * 1e6 / dispatches, timing.median * 1e6 / dispatches)

    def chain(x: fd.Tensor) -> None:
        kernel = nothing(x=x, last=0)
        for _ in range(CALLS):
            rt.run(kernel)
        rt.synchronize()

    def once(x: fd.Tensor) -> None:
        rt.run(nothing(x=x, last=0))
        rt.synchronize()

    row("a small kernel, each dependent on the one before", lambda: chain(small), 1, CALLS)
    row("256,000 threads, each dispatch dependent", lambda: chain(large), 1, CALLS)
    row("a small kernel and synchronize()", lambda: once(small), 200, 1)
    return table


def measure() -> list[Table]:
    return [*(in_cpp(threads) for threads in sorted({1, usable()})), in_python()]
