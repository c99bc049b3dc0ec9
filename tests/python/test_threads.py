"""Threads, fork, Ctrl-C and interpreter exit."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

import foundry as fd
from processes import SPIN, run_script

# A kernel of seconds, in pieces: single command buffers of Metal may not run long either.
SLOW = (
    SPIN
    + """
begin = time.perf_counter()
rt.run(spin(y=y, n=20_000_000))
rt.synchronize()
# So many iterations take 4 s.
seconds_each = (time.perf_counter() - begin) / 20_000_000
def run_for(seconds):
    for _ in range(20):
        rt.run(spin(y=y, n=max(1, int(seconds / 20 / seconds_each))))
"""
)


def test_threads_may_share_a_runtime(rt: fd.Foundry) -> None:
    results: dict[int, float] = {}

    def work(index: int) -> None:
        x = rt.alloc((1000,), fd.f32, np.full(1000, index))
        y = rt.empty((1000,), fd.f32)
        for _ in range(20):
            rt.run(fd.ops.Add(a=x, b=x, y=y))
            rt.run(fd.ops.Multiply(a=y, b=x, y=y))
        results[index] = float(np.asarray(y)[999])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {index: 2.0 * index * index for index in range(8)}


def test_a_wait_lets_other_threads_run() -> None:
    done = run_script(
        SLOW
        + """
import threading
ticks = 0
stop = False
def tick():
    global ticks
    while not stop:
        ticks += 1
        time.sleep(0.01)
thread = threading.Thread(target=tick)
thread.start()
run_for(1.0)
before = ticks
begin = time.perf_counter()
rt.synchronize()
waited = time.perf_counter() - begin
stop = True
thread.join()
print(ticks - before, waited)
"""
    )
    assert done.returncode == 0, done.stderr
    ticks, waited = map(float, done.stdout.split())
    assert waited > 0.2, "the device was still busy"
    assert ticks >= 5, "a wait that held the GIL would let no thread tick"


@pytest.mark.parametrize("wait", ["rt.synchronize()", "np.asarray(y)", "y.copy_to_host()"])
def test_control_c_interrupts_a_wait(wait: str) -> None:
    done = run_script(
        SLOW
        + f"""
import os, signal, threading
run_for(6.0)
rt.flush()
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
begin = time.perf_counter()
try:
    {wait}
except KeyboardInterrupt:
    print("interrupted", time.perf_counter() - begin)
rt.synchronize()
print("works", float(np.asarray(y)[0]) <= 1.0)
"""
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("interrupted")
    assert float(first.split()[1]) < 3, "well before the 6 s of work were over"
    assert second == "works True"


def test_after_fork_the_child_gets_a_typed_error(rt: fd.Foundry) -> None:
    x = rt.alloc((4,), fd.f32, np.ones(4))
    rt.run(fd.ops.Add(a=x, b=x, y=x))
    assert np.asarray(x)[0] == 2
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            rt.run(fd.ops.Add(a=x, b=x, y=x))
            rt.synchronize()
            message = "no error"
        except fd.DeviceError as error:
            message = str(error)
        except BaseException as error:
            message = repr(error)
        os.write(write, message.encode())
        os._exit(0)
    os.close(write)
    deadline = time.monotonic() + 60
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the child hangs")
        time.sleep(0.05)
    with os.fdopen(read) as pipe:
        assert "this process was forked after a device was opened" in pipe.read()
    rt.run(fd.ops.Add(a=x, b=x, y=x))
    assert np.asarray(x)[0] == 4, "the parent goes on"


def test_a_forked_child_that_leaves_foundry_alone_exits_quietly() -> None:
    done = run_script(
        SLOW
        + """
import os, sys
run_for(0.5)
rt.flush()
child = os.fork()
if child == 0:
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")


def test_interpreter_exit_waits_for_work_in_flight() -> None:
    done = run_script(
        SLOW
        + """
array = np.zeros(64, np.float32)
borrowed = rt.borrow(array)
rt.run(spin(y=borrowed, n=int(1.0 / seconds_each)))
rt.flush()
print("leaving")
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "leaving\n" and done.stderr == ""


def test_borrowed_arrays_are_let_go_where_python_allows_it() -> None:
    done = run_script(
        """
        import gc, time, weakref
        import numpy as np, foundry as fd
        rt = fd.Foundry()
        y = rt.empty((100_000,), fd.f32)
        references = []
        for _ in range(200):
            array = np.ones(100_000, np.float32)
            references.append(weakref.ref(array))
            rt.run(fd.ops.Copy(x=rt.borrow(array), y=y))
            del array
        rt.synchronize()
        gc.collect()
        print(sum(reference() is not None for reference in references))
        """
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
