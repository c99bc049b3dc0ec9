"""The interpreter leaves cleanly whatever daemon threads are doing inside Foundry."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from processes import SPIN, run_script

SETUP = (
    SPIN
    + """
import os, sys, threading
x = rt.alloc((64,), fd.f32, np.zeros(64))
rt.run(spin(y=y, n=1))
rt.run(fd.ops.Add(a=x, b=x, y=x))
rt.synchronize()
numbers = np.arange(200_000, dtype=np.float64)
large = rt.empty((200_000,), fd.f32)

def busy(call):
    rt.run(spin(y=y, n=8_000_000))
    call()

def compile_one():
    def body(y: fd.Out[fd.f32]): "..."
    body.__doc__ = f"y[gid] = {time.perf_counter_ns()}ul;"
    rt.prepare(fd.kernel(dispatch=fd.per_element("y"))(body)(y=x))
"""
)

CALLS = {
    "synchronize": "lambda: busy(rt.synchronize)",
    "asarray": "lambda: busy(lambda: np.asarray(y))",
    "memoryview": "lambda: busy(lambda: memoryview(y))",
    "host": "lambda: busy(y.host)",
    "dlpack": "lambda: busy(lambda: np.from_dlpack(y))",
    "copy_from": "lambda: large.copy_from(numbers)",
    "tensor": "lambda: rt.tensor(numbers, fd.f32)",
    "borrow": "lambda: rt.run(fd.ops.Copy(x=rt.borrow(np.ones(64, np.float32)), y=x))",
    "run": "lambda: rt.run(fd.ops.Add(a=x, b=x, y=x))",
    "view": "x.host",
    "compile": "compile_one",
    "runtime": "lambda: fd.Foundry().empty((64,), fd.f32).host()",
    "error": "lambda: rt.arena('default').alloc((1 << 50,), fd.f32)",
}


def leave(call: str, times: int) -> None:
    """Starts three daemon threads that call it over and over, and leaves in the midst of it."""
    script = SETUP + textwrap.dedent(
        """
            call = CALL
            def work():
                while True:
                    try:
                        call()
                    except fd.Error:
                        pass
            for _ in range(3):
                threading.Thread(target=work, daemon=True).start()
            time.sleep(0.02 + 0.01 * int(sys.argv[1]))
            """
    ).replace("CALL", call)
    for i in range(times):
        done = run_script(script, str(i))
        assert done.returncode == 0, (i, done.returncode, done.stderr)
        assert done.stderr == ""


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_daemon_thread_inside_foundry_does_not_end_the_process(call: str) -> None:
    leave(call, times=4)


def test_a_daemon_thread_that_generates_does_not_end_the_process(model_path: Path) -> None:
    call = "lambda: list(model.generate('Once upon a time', raw=True, max_tokens=50))"
    leave(f"(model := fd.models.load({str(model_path)!r})) and ({call})", times=2)


def test_the_extension_holds_nothing_of_python() -> None:
    """It is never freed, and all that it held and that leads to would outlive the interpreter."""
    done = run_script(
        """
        import gc, sys, weakref
        import foundry
        errors = sys.modules["foundry.call_errors"]
        held = [weakref.ref(errors.typed_error), weakref.ref(errors._no_member)]
        for name in [name for name in sys.modules if name.split(".")[0] == "foundry"]:
            del sys.modules[name]
        del foundry, errors
        gc.collect()
        print([reference() for reference in held])
        """
    )
    assert done.stdout == "[None, None]\n", done.stderr
