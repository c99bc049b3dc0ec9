"""Python programs in processes of their own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

# `spin` runs for as long as it is told; `y` is what it writes.
SPIN = """
import time
import numpy as np, foundry as fd
rt = fd.Foundry()

def spin(y: fd.InOut[fd.f32], n: fd.u32):
    '''
    float v = y[gid];
    for (uint i = 0; i < n; ++i) v = fma(v, 0.999f, 0.001f);
    if (gid < y_size) y[gid] = v;
    '''
spin = fd.kernel(dispatch=fd.per_element("y"))(spin)
y = rt.alloc((64,), fd.f32, np.zeros(64))
rt.run(spin(y=y, n=1))
rt.synchronize()
"""


def run_script(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python text."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(body), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
