"""A call whose arguments do not fit says which function, argument and value, and what is taken."""

from __future__ import annotations

import pickle
import signal
import threading
from collections.abc import Callable

import numpy as np
import pytest

import foundry as fd


class Raising:
    def __index__(self) -> int:
        raise KeyError("inside")

    __dlpack__ = __dlpack_device__ = __index__


CASES: list[tuple[Callable[[fd.Foundry], object], type[Exception], str]] = [
    (
        lambda rt: rt.alloc(),  # type: ignore[call-arg]
        fd.ArgumentTypeError,
        "Foundry.alloc: arguments 'shape', 'dtype' are missing; "
        "it takes shape, dtype, init, name, arena",
    ),
    (
        lambda rt: rt.alloc((4,), fd.f32, naem="x"),  # type: ignore[call-arg]
        fd.ArgumentTypeError,
        "Foundry.alloc: there is no argument 'naem'; did you mean 'name'?",
    ),
    (
        lambda rt: rt.alloc((4,), fd.f32, **{"\ud800": 1}),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "Foundry.alloc: there is no argument '\\ud800'; it takes shape, dtype, init, name, arena",
    ),
    (
        lambda rt: rt.alloc((4,), fd.f32, None, "x"),  # type: ignore[call-arg]
        fd.ArgumentTypeError,
        "Foundry.alloc: 4 arguments by position, of at most 3; "
        "it takes shape, dtype, init, name, arena",
    ),
    (
        lambda rt: rt.alloc((4,), fd.f32, shape=4),  # type: ignore[misc]
        fd.ArgumentTypeError,
        "Foundry.alloc: argument 'shape' is given twice",
    ),
    (
        lambda rt: rt.alloc((4,), fd.f32, name=3),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "Foundry.alloc: argument 'name' is 3 (an int); expected a string",
    ),
    (
        lambda rt: rt.arena("\ud800"),
        fd.ArgumentError,
        "Foundry.arena: argument 'name' is '\\ud800' (a str), "
        "which is no valid Unicode text: it has lone surrogates",
    ),
    (
        lambda rt: rt.run(3),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "Foundry.run: argument 'operation' is 3 (an int); "
        "expected an operation of foundry.ops or a kernel's call",
    ),
    (
        lambda rt: fd.ThreadgroupSize(1.5),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "ThreadgroupSize: argument 'x' is 1.5 (a float); expected an integer",
    ),
    (
        lambda rt: fd.ThreadgroupSize(-1),
        fd.ArgumentError,
        "ThreadgroupSize: argument 'x' is -1 (an int), which is negative; expected 0 or more",
    ),
    (
        lambda rt: fd.ThreadgroupSize(10**5000),
        fd.ArgumentError,
        "ThreadgroupSize: argument 'x' is an int that cannot be shown, which is too large",
    ),
    (
        lambda rt: setattr(rt.empty((1,), fd.f32), "name", 3),
        fd.ArgumentTypeError,
        "Tensor.name: the value is 3 (an int); expected a string",
    ),
    (
        lambda rt: fd.Tensor.host(3),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "Tensor.host is called on 3 (an int); expected a Tensor",
    ),
    (
        lambda rt: fd.Tensor(),
        fd.ArgumentTypeError,
        "Tensor has no constructor: A handle on typed device memory",
    ),
    (
        lambda rt: type("Mine", (fd.Tensor,), {})(),
        fd.ArgumentTypeError,
        "Mine has no constructor: A handle on typed device memory",
    ),
    (
        lambda rt: fd.ops.Operation(),
        fd.ArgumentTypeError,
        "Operation has no constructor: What Foundry.run() takes.",
    ),
    (
        lambda rt: fd.DType(99),
        fd.DTypeError,
        "DType: 99 (an int) is none of its values; there are f32, f16",
    ),
    (
        lambda rt: fd.ops.LinearForm("gemm"),
        fd.ArgumentError,
        "LinearForm: 'gemm' (a str) is none of its values; there are automatic, gemv",
    ),
    (
        lambda rt: fd.ops.Softmax(x=3, y=3),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "Softmax: argument 'x' is a int; expected a Tensor",
    ),
    (
        lambda rt: fd.fuse(),  # type: ignore[call-arg]
        fd.ArgumentTypeError,
        "fuse: argument 'name' is missing; it takes name",
    ),
    (
        lambda rt: fd.per_element(nmae="y"),  # type: ignore[call-arg]
        fd.ArgumentTypeError,
        "per_element: there is no argument 'nmae'; did you mean 'name'?",
    ),
    (
        lambda rt: fd.In(fd.f32),
        fd.ArgumentTypeError,
        "In is an annotation: In[foundry.f32]",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), CASES, ids=[case[2][:40] for case in CASES])
def test_it_is_said_what_does_not_fit(
    rt: fd.Foundry, call: Callable[[fd.Foundry], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        call(rt)
    assert type(caught.value) is kind and str(caught.value).startswith(message)
    assert caught.value.__cause__ is None
    assert np.asarray(rt.tensor(np.ones(2, np.float32))).sum() == 2


def test_an_argument_that_raises_is_the_cause(rt: fd.Foundry) -> None:
    with pytest.raises(fd.Error) as caught:
        rt.from_dlpack(Raising())
    assert isinstance(caught.value.__cause__, KeyError)
    with pytest.raises(fd.ArgumentError, match="whose __index__ raises KeyError"):
        fd.ThreadgroupSize(Raising())  # type: ignore[arg-type]


def test_operators_leave_what_they_do_not_know_to_the_other_operand() -> None:
    class Other:
        def __radd__(self, left: object) -> str:
            return "other"

        def __eq__(self, left: object) -> bool:
            return True

    n = fd.Parameter("n")
    assert n + Other() == "other"
    assert n == Other()
    with pytest.raises(TypeError, match="unsupported operand"):
        n + "x"  # type: ignore[operator]


def test_what_a_signal_handler_raises_stays_as_it_is(rt: fd.Foundry) -> None:
    def handler(*_: object) -> None:
        raise TimeoutError("ten seconds are over")

    event = fd.SharedEvent(rt)
    before = signal.signal(signal.SIGUSR1, handler)
    killer = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGUSR1))
    killer.start()
    try:
        with pytest.raises(TimeoutError, match="ten seconds are over"):
            event.wait(1, rt)
    finally:
        killer.join()
        signal.signal(signal.SIGUSR1, before)


def test_errors_cross_processes() -> None:
    with pytest.raises(fd.ArgumentTypeError) as caught:
        fd.Device.find(3)  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is fd.ArgumentTypeError and str(copy) == str(caught.value)


@pytest.mark.filterwarnings("ignore:nanobind")
def test_a_handle_that_was_never_made_is_named_at_once(rt: fd.Foundry) -> None:
    """Whose own methods, which would say what it is, fail as well."""
    tensor = fd.Tensor.__new__(fd.Tensor)
    with pytest.raises(fd.ArgumentTypeError, match=r"Tensor\.shape is called on .* never made"):
        tensor.shape  # noqa: B018
    for call in (tensor.__repr__, tensor.__len__, lambda: rt.alloc(tensor, fd.f32)):  # type: ignore[arg-type]
        with pytest.raises(fd.Error):
            call()
