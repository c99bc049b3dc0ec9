"""Whatever the process may not have, calls end in a typed error or success, and work after it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

SCRIPT = """
import resource, sys
import numpy as np
import foundry as fd

def work():
    rt = fd.Foundry()
    x = rt.tensor(np.ones(64, np.float32))
    y = rt.alloc((64,), fd.f32)
    rt.run(fd.ops.Add(a=x, b=x, y=y))
    assert np.asarray(y).tolist() == [2.0] * 64

def outcome():
    try:
        work()
    except (fd.OutOfMemoryError, fd.DeviceError, fd.KernelCompileError, MemoryError) as error:
        return type(error).__name__
    return "works"

def limit(size):
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))

pages = int(open("/proc/self/statm").read().split()[0])
limit(pages * resource.getpagesize() + int(sys.argv[1]))
under_the_limit = outcome()
limit(resource.getrlimit(resource.RLIMIT_AS)[1])
print(under_the_limit, outcome())
"""


def test_every_limit_of_the_address_space_ends_in_a_typed_error_or_success() -> None:
    outcomes: Counter[str] = Counter()
    for step in range(24):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(step * 3 << 20)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (step, done.returncode, done.stderr)
        first, second = done.stdout.split()
        assert second == "works", (step, first)
        outcomes[first] += 1
    assert outcomes["OutOfMemoryError"] + outcomes["MemoryError"] > 0
    assert outcomes["works"] > 0
