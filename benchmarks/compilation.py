"""What a kernel costs to compile: cold (no cache at all, a new cache), and cached on disk."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.table import Table

ONE_KERNEL = """
import time
import numpy as np, foundry as fd

@fd.kernel(dispatch=fd.per_element("y"))
def axpy(x: fd.In[fd.f32], y: fd.InOut[fd.f32], a: fd.f32):
    \"\"\"
    if (gid < y_size) y[gid] += a * x[gid];
    \"\"\"

rt = fd.Foundry()
x = rt.tensor(np.ones(64, np.float32))
y = rt.tensor(np.ones(64, np.float32))
start = time.perf_counter()
rt.run(axpy(x=x, y=y, a=2.0))
rt.synchronize()
print(time.perf_counter() - start, rt.statistics["kernels"])
"""
MODEL = """
import time
import foundry as fd
from foundry.cli.demo import find_model

start = time.perf_counter()
model = fd.models.load(find_model())  # compiles most of them
for _ in model.generate("The capital of France is", raw=True, max_tokens=2):
    pass
print(time.perf_counter() - start, model.runtime.statistics["kernels"])
"""


def run(script: str, cache: str) -> tuple[float, int]:
    """Milliseconds, and how many kernels there were."""
    environment = {**os.environ, "FOUNDRY_CACHE_DIR": cache}
    command = [sys.executable, "-c", script]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    seconds, kernels = finished.stdout.split()
    return float(seconds) * 1000, int(kernels)


def measure() -> list[Table]:
    table = Table("Compilation, to the end of the first run, ms", ["", "kernels", "best", "median"])
    for name, script, repeats in (
        ("one kernel (axpy)", ONE_KERNEL, 5),
        ("SmolLM2: load, prefill and decode", MODEL, 2),
    ):
        cold, cached = [], []
        kernels = 0
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as cache:
                milliseconds, kernels = run(script, cache)
                cold.append(milliseconds)
                cached.append(run(script, cache)[0])
        table.add(f"{name}, cold", kernels, min(cold), statistics.median(cold))
        table.add(f"{name}, cached", kernels, min(cached), statistics.median(cached))
        saved = (min(cold) - min(cached)) / kernels
        table.add(
            f"{name}, compiling one kernel, the front end's own cache included", 1, saved, None
        )
    return [table]
