"""A failed dispatch is seen by every read of what it was to write, until that is written again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import foundry as fd
from failing_kernel import run_failing


def lines(folder: Path, body: str, before: str = "") -> list[str]:
    done = run_failing(folder, body, before)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_read_raises_on_every_path_every_time_and_on_every_thread(tmp_path: Path) -> None:
    printed = lines(
        tmp_path,
        """
        import io, threading
        y = rt.tensor(np.zeros((2, 32), np.float32), name="y")
        z = rt.tensor(np.zeros((2, 32), np.float32))
        private = rt.tensor(np.zeros(64, np.float32), mode="private")
        fail(y.reshape(64))
        fail(private)
        paths = {
            "host": y.host,
            "asarray": lambda: np.asarray(y),
            "asarray of another dtype": lambda: np.asarray(y, np.float64),
            "array": lambda: np.array(y),
            "sum": lambda: np.sum(y),
            "list": lambda: np.asarray([z, y]),
            "protocol": y.__array__,
            "memoryview": lambda: memoryview(y),
            "frombuffer": lambda: np.frombuffer(y, np.float32),
            "bytes": lambda: bytes(y),
            "write": lambda: io.BytesIO().write(y),
            "dlpack": lambda: np.from_dlpack(y),
            "dlpack copy": lambda: np.from_dlpack(y, copy=True),
            "copy_to_host": y.copy_to_host,
            "private": private.copy_to_host,
            "slice": lambda: np.asarray(y[1, 5:9]),
            "element": lambda: y[0, 0].host(),
            "transposed": lambda: np.asarray(y.transpose()),
            "broadcast": lambda: np.asarray(y[:1].broadcast_to(4, 32)),
            "copy_from": lambda: z.copy_from(y),
            "tensor": lambda: rt.tensor(y),
            "alloc": lambda: rt.alloc((2, 32), fd.f32, y),
        }
        def missed():
            return [name for name, call in paths.items() if not raises(call)]
        print(missed(), missed())
        found = []
        threads = [threading.Thread(target=lambda: found.extend(missed())) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(found)
        print([raises(rt.synchronize) for _ in range(3)], missed())
        print(z.host().sum())
        """,
    )
    assert printed == ["[] []", "[]", "[True, False, False] []", "0.0"]


def test_a_failure_is_mended_by_writing_and_only_where_it_is_written(tmp_path: Path) -> None:
    printed = lines(
        tmp_path,
        """
        y = rt.tensor(np.zeros(256, np.float32), name="y")
        fail(y)
        rt.flush()
        y[0:32].copy_from(np.ones(32))
        rt.run(double(x=ones[:32], y=y[32:64]))
        rt.run(fd.ops.Fill(y=y[64:96], value=5))
        rt.run(fd.ops.Copy(x=ones[:32], y=y[96:160:2]))    # leaves every second one out
        rt.run(fd.ops.Softmax(x=ones[:32], y=y[160:192]))
        print([raises(y[i:i + 32].host) for i in range(0, 256, 32)])
        print(y[0:96].host().reshape(3, 32).sum(axis=1).tolist(), raises(y.host))
        rt.run(fd.ops.Fill(y=y, value=1))
        print(y.host().sum())
        print(raises(rt.synchronize), raises(rt.synchronize))
        """,
        """
        rt.prepare(fd.ops.Fill(y=scratch, value=5))
        rt.prepare(fd.ops.Copy(x=ones[:32], y=scratch[:64:2]))
        rt.prepare(fd.ops.Softmax(x=ones, y=scratch))
        """,
    )
    assert printed == [
        "[False, False, False, True, True, False, True, True]",
        "[32.0, 64.0, 160.0] True",
        "256.0",
        "True False",
    ]


def test_a_dispatch_that_reads_what_failed_launders_nothing(tmp_path: Path) -> None:
    printed = lines(
        tmp_path,
        """
        y, z, apart = (rt.tensor(np.zeros(64, np.float32)) for _ in range(3))
        private = rt.dedicated((64,), fd.f32, mode="private")
        w = other.tensor(np.zeros(64, np.float32))
        with rt.record() as program:
            rt.run(fd.ops.Multiply(a=y, b=y, y=z))
        fail(y)
        rt.run(fd.ops.Add(a=y, b=y, y=z))
        rt.run(fd.ops.Copy(x=z, y=private))
        rt.run(double(x=ones[:64], y=apart))                  # the same command buffer fails it too
        other.run(fd.ops.Add(a=y, b=y, y=w))           # another stream
        print(*[raises(t) for t in (z.host, private.copy_to_host, w.host, apart.host)])
        rt.run(double(x=ones[:64], y=apart))
        rt.run(fd.ops.Add(a=apart, b=y, y=z))
        print(raises(apart.host), raises(z.host))      # in one command buffer, not in one fate
        program.replay()
        print(raises(z.host))
        rt.run(double(x=ones[:64], y=y))
        program.replay()
        rt.run(fd.ops.Copy(x=z, y=private))
        print(z.host().sum(), private.copy_to_host().sum())
        print(raises(other.synchronize), raises(w.host))
        """,
        """
        other = fd.Foundry()
        for runtime in (rt, other):
            runtime.prepare(fd.ops.Add(a=ones, b=ones, y=scratch))
        rt.prepare(fd.ops.Copy(x=ones, y=scratch))
        rt.prepare(fd.ops.Multiply(a=ones, b=ones, y=scratch))
        """,
    )
    assert printed == ["True True True True", "False True", "True", "256.0 256.0", "False True"]


def test_memory_that_is_allocated_anew_has_not_failed(tmp_path: Path) -> None:
    printed = lines(
        tmp_path,
        """
        for flushes in (True, False):
            for _ in range(3):
                with rt.scope():
                    y = rt.empty((64,), fd.f32)
                    fail(y)
                    if flushes: rt.flush(); raises(y.host)
                    del y
                    z = rt.empty((64,), fd.f32)
                    z.host()[:] = 1
                    print(z.host().sum(), end=" ")
                    del z
        print(raises(rt.synchronize))
        """,
    )
    assert printed == ["64.0 " * 6 + "True"]


def test_the_interpreter_says_on_leaving_what_nobody_asked_for(tmp_path: Path) -> None:
    done = run_failing(tmp_path, "fail(scratch)")
    assert done.returncode == 0
    assert "foundry: DeviceError: command buffer" in done.stderr


def test_a_model_whose_cache_failed_raises_and_works_again(
    tmp_path: Path, model_path: Path
) -> None:
    printed = lines(
        tmp_path,
        """
        def outcome(call):
            try:
                return call()
            except fd.DeviceError as error:
                return "stamp" in str(error)

        def fail_cache(tensors):
            fail(tensors[3].reshape(tensors[3].size)[:256])

        cache = model.engine.cache
        for part in ("keys", "values"):
            fail_cache(getattr(cache, part))
            print([outcome(lambda: model.logits(tokens).tolist()) == right for _ in range(2)])
            fail_cache(getattr(cache, part))
            print([outcome(generated) for _ in range(2)] == [True, answer])
        begun = iter(model.generate(tokens, max_tokens=40))
        next(begun)
        fail_cache(cache.keys)
        try:
            list(begun)
        except fd.DeviceError:
            print("raised")
        print(outcome(generated) == answer)
        """,
        f"""
        model = fd.models.load({str(model_path)!r}, runtime=rt)
        tokens = [1, 4093, 198, 11]
        right = model.logits(tokens).tolist()
        generated = lambda: list(model.generate(tokens, max_tokens=9))
        answer = generated()
        model.logits(tokens)
        """,
    )
    assert printed == ["[False, True]", "True"] * 2 + ["raised", "True"]


class Raised(Exception):
    pass


@pytest.fixture
def alarm() -> Iterator[Callable[[float], None]]:
    """Raises `Raised` out of a signal's handler after so many seconds."""

    def handler(*_: object) -> None:
        raise Raised("the alarm's")

    before = signal.signal(signal.SIGALRM, handler)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


WAITS: dict[str, Callable[[fd.Tensor], object]] = {
    "asarray": np.asarray,
    "sum": np.sum,
    "array": lambda y: np.array(y, dtype=np.float64),
    "list": lambda y: np.asarray([y, y]),
    "memoryview": memoryview,  # type: ignore[dict-item]
    "host": lambda y: y.host(),
    "dlpack": lambda y: np.from_dlpack(y),
    "copy_to_host": lambda y: y.copy_to_host(),
}


@fd.kernel(dispatch=fd.per_element("y"))
def spin(y: fd.InOut[fd.f32], n: fd.u32) -> None:
    """
    float v = y[gid];
    for (uint i = 0; i < n; ++i) v = fma(v, 0.999f, 0.001f);
    if (gid < y_size) y[gid] = v;
    """


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_what_a_signal_handler_raises_in_a_wait_arrives(
    rt: fd.Foundry, alarm: Callable[[float], None], wait: Callable[[fd.Tensor], object]
) -> None:
    y = rt.tensor(np.zeros(64, np.float32))
    rt.run(spin(y=y, n=100_000_000))  # seconds
    rt.flush()
    alarm(0.1)
    with pytest.raises(Raised, match="the alarm's"):
        wait(y)
    rt.synchronize()
    assert np.asarray(y).shape == (64,)


def test_an_exception_that_was_caught_is_not_raised_again(
    rt: fd.Foundry, alarm: Callable[[float], None]
) -> None:
    y = rt.tensor(np.zeros(64, np.float32))
    rt.run(spin(y=y, n=100_000_000))
    rt.flush()
    alarm(0.1)
    with pytest.raises(Raised):
        memoryview(y)  # type: ignore[arg-type]
    others = []
    thread = threading.Thread(target=lambda: others.append(np.asarray(y)))
    thread.start()
    thread.join()
    assert y.__array__().shape == others[0].shape == (64,)
