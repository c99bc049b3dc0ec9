"""Command buffers that fail while they run, in a process of their own.

Anvil compiles a kernel's variant for threadgroups that are no whole simdgroups when a dispatch
first needs it. `fail(...)` runs a kernel that needs it; its compiler has gone by then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import foundry as fd

SETUP = """
import os, sys
import numpy as np, foundry as fd
rt = fd.Foundry()

def kernel(width, dtype):
    def stamp(x: fd.In[fd.f32], y: fd.Out[dtype]):
        'y[gid] = NUMBER == 0u ? 0.0f : 2.0f * x[gid];'
    stamp.__doc__ = stamp.__doc__.replace("NUMBER", f"{os.getpid()}u")
    size = fd.ThreadgroupSize(width)
    return fd.kernel(
        dispatch=lambda a: fd.DispatchConfig(fd.GridSize.threads(a['y'].size), size)
    )(stamp)

ones = rt.tensor(np.ones(256, np.float32))
scratch = rt.empty((256,), fd.f32)
double = kernel(32, fd.f32)
rt.run(double(x=ones, y=scratch))
broken = {dtype: kernel(31, dtype) for dtype in (fd.f32, fd.f16)}
for dtype, k in broken.items():
    rt.prepare(k(x=ones, y=rt.empty((256,), dtype)))
rt.synchronize()

def fail(y):
    'A dispatch that is to write all of y, 256 elements at most, and does not.'
    rt.run(broken[y.dtype](x=ones[:y.size], y=y))

def raises(call):
    try:
        call()
    except fd.DeviceError as error:
        return "command buffer" in str(error) and "stamp" in str(error)
    return False
"""


def run_failing(folder: Path, body: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Runs SETUP, `before`, and without a compiler `body`; files may be in `folder`."""
    compiler = os.environ.get("ANVIL_COMPILER") or str(
        Path(fd.__file__).parent / "libexec" / "foundry" / "anvil-compiler"
    )
    lent = folder / "lent-compiler"
    lent.unlink(missing_ok=True)
    lent.symlink_to(compiler)
    return subprocess.run(
        [
            sys.executable,
            "-c",
            SETUP
            + textwrap.dedent(before)
            + "\nos.unlink(os.environ['ANVIL_COMPILER'])\n"
            + textwrap.dedent(body),
        ],
        env={**os.environ, "ANVIL_COMPILER": str(lent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
