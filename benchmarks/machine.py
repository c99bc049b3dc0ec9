"""The machine and its floor: what it can read per second, so that other figures have a measure."""

from __future__ import annotations

import functools
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import foundry as fd
from benchmarks.competitors import Missing, run_json
from benchmarks.table import Table, time_call
from foundry.processors import usable

GIB = 1 << 30


@functools.cache
def read_bandwidth(threads: int) -> float:
    """GB/s of reading a buffer larger than the caches, split over the threads."""
    try:
        command = ["build/dev/bin/reference_gemv", "bandwidth", "2048", str(threads)]
        return float(run_json(command)["best"]) / 1e9
    except Missing:
        # No hand-written code for this processor: numpy's largest element.
        data = np.ones(GIB // 4, np.float32)
        parts = np.array_split(data, threads)
        with ThreadPoolExecutor(threads) as pool:
            timing = time_call(lambda: list(pool.map(np.max, parts)), repeats=4)
        return data.nbytes / timing.best / 1e9


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def measure() -> list[Table]:
    table = Table("Machine", ["", "value"])
    cores = usable()
    table.add("CPU", cpu_name())
    table.add("cores", cores)
    table.add("system", platform.platform())
    table.add("device", fd.Foundry().device.name)
    for threads in sorted({1, cores}):
        table.add(f"read bandwidth, {threads} threads, GB/s", read_bandwidth(threads))
    return [table]
