"""Kernels that go wrong on Anvil: what Python is told, and how the process goes on, or ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import foundry as fd

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="Anvil's own promises")

ENDLESS = """
import foundry as fd
import numpy as np

@fd.kernel(dispatch=fd.per_element("y"))
def endless(y: fd.InOut[fd.u32]):
    '''
    while (y[0] != 1) y[gid] += 2;
    '''

rt = fd.Foundry()
y = rt.tensor(np.zeros(32, dtype=np.uint32))
rt.run(endless(y=y))
"""


TRIPLE = "an LLVM triple of x86_64 or aarch64, such as aarch64-linux-gnu"

MAKES_DEVICE = """
import foundry as fd
try:
    fd.Foundry()
except fd.DeviceError as error:
    print(error)
"""


def python(code: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@fd.kernel(dispatch=fd.per_element("y"))
def shifted(x: fd.In[fd.f32], y: fd.Out[fd.f32], ahead: fd.u32) -> None:
    """
    y[gid] = x[gid + ahead];
    """


def nothing_at(address: int) -> int:
    """The first address from `address` on with 64 KiB of which nothing is mapped: it is chance
    where a process maps its own memory, and a kernel that reads some of that meets no fault."""
    for mapping in Path("/proc/self/maps").read_text(encoding="ascii").splitlines():
        start, end = (int(bound, 16) for bound in mapping.split()[0].split("-"))
        if address + (64 << 10) <= start:
            break
        address = max(address, end)
    return address


def test_an_access_past_a_buffer_is_an_error_with_the_python_line_and_the_argument() -> None:
    rt = fd.Foundry()
    x = rt.tensor(np.arange(1000, dtype=np.float32))
    y = rt.tensor(np.zeros(1000, dtype=np.float32))
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    line = 1 + next(i for i, text in enumerate(source) if text == "    y[gid] = x[gid + ahead];")
    start = np.asarray(x).ctypes.data
    for distance in (1 << 28, 1 << 31, 1 << 30):
        ahead = (nothing_at(start + 4 * distance) - start) // 4
        rt.run(shifted(x=x, y=y, ahead=ahead))
        with pytest.raises(fd.DeviceError) as failure:
            rt.synchronize()
        text = str(failure.value)
        assert f"kernel 'shifted' ({__file__}:{line}), threadgroup (" in text
        assert "read of memory at 0x" in text
        assert " bytes past the end of buffer " in text
    rt.run(shifted(x=x, y=y, ahead=0))
    np.testing.assert_array_equal(np.asarray(y), np.arange(1000, dtype=np.float32))


def test_a_kernel_without_end_is_an_error_once_its_time_is_over() -> None:
    code = (
        ENDLESS
        + """
try:
    rt.synchronize()
except fd.DeviceError as error:
    print(error)
z = rt.tensor(np.arange(4, dtype=np.float32))
print(np.asarray(z).sum())
"""
    )
    process = python(code, ANVIL_COMMAND_TIMEOUT="0.5")
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "kernel 'endless' (" in output
    assert "the time limit of a command buffer, 0.5 s (ANVIL_COMMAND_TIMEOUT), is over" in output
    assert "0 of 1 threadgroups were done" in output
    assert output.endswith("6.0\n")


@pytest.mark.parametrize("waits", ["rt.synchronize()", "np.asarray(y)", "pass"])
def test_ctrl_c_ends_a_process_whose_kernel_never_does(waits: str) -> None:
    process = python(
        ENDLESS + f"rt.flush()\nprint('waits', flush=True)\n{waits}\n", ANVIL_COMMAND_TIMEOUT="0"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (0, -signal.SIGINT), errors
    assert "KeyboardInterrupt" in errors
    assert "exit does not wait for the device's work" in errors


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("ANVIL_THREADS", "0", "a number from 1 to 1024"),
        ("ANVIL_THREADS", "two", "a number from 1 to 1024"),
        ("ANVIL_COMMAND_TIMEOUT", "-1", "a number of seconds up to 1000000, or 0 for no limit"),
        ("ANVIL_COMMAND_TIMEOUT", "nan", "a number of seconds up to 1000000, or 0 for no limit"),
        ("ANVIL_COMPILER", "/nowhere/anvil-compiler", "the path of the program anvil-compiler"),
        ("ANVIL_COMPILER", "/", "the path of the program anvil-compiler"),
        ("ANVIL_COMPILER_TIMEOUT", "0", "a number of seconds above 0, up to 1000000"),
        (
            "ANVIL_CPU",
            "the fast one",
            "'host' or a processor's name as LLVM has it, such as x86-64-v3",
        ),
        ("ANVIL_TARGET", "aarch64;", TRIPLE),
        ("ANVIL_TARGET", "riscv64-linux-gnu", TRIPLE),
        ("ANVIL_CAPTURE", "/dev/null", "a folder, or a path where one can be made"),
        ("FOUNDRY_CACHE_DIR", "/dev/null", "a folder, or a path where one can be made"),
        ("FOUNDRY_CACHE_SIZE_MB", "1e3", "a number of megabytes"),
    ],
)
def test_environment_variables_are_checked_when_the_device_is_made(
    name: str, value: str, accepted: str
) -> None:
    process = python(MAKES_DEVICE, **{name: value})
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output == f"Anvil: the environment variable {name} is '{value}'; accepted: {accepted}\n"


def test_a_processor_that_llvm_does_not_know_is_an_error_that_names_those_it_does() -> None:
    """Only the compiler knows them, and it is not started to make a device."""
    code = """
import numpy as np
import foundry as fd
rt = fd.Foundry()
x = rt.tensor(np.ones(4, np.float32))
try:
    rt.run(fd.ops.Add(a=x, b=x, y=x))
except fd.KernelCompileError as error:
    print(error)
"""
    for name, message in [
        ("pdp11", "unsupported processor 'pdp11' (ANVIL_CPU names it); supported: host, "),
        ("nehalem", "processor 'nehalem' lacks avx2; kernels need x86-64-v3"),
    ]:
        output, errors = python(code, ANVIL_CPU=name, ANVIL_TARGET="x86_64").communicate(timeout=60)
        assert message in output, errors
        listed = output[output.index("supported: ") :]
        assert "x86-64-v3" in listed and "znver4" in listed
        assert "nehalem" not in listed and "x86-64-v2" not in listed
