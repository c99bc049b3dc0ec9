"""Kernels of one's own, from a Python signature and an MSL body."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd


@fd.kernel(dispatch=fd.per_element("y"))
def axpy(x: fd.In[fd.f16], y: fd.InOut[fd.f16], a: fd.f32) -> None:
    """
    if (gid < y_size) y[gid] = half(a * float(x[gid]) + float(y[gid]));
    """


@fd.kernel(
    dispatch=lambda call: fd.DispatchConfig(
        fd.GridSize.threadgroups(call["y"].size), fd.ThreadgroupSize(64)
    )
)
def row_sums(x: fd.In[fd.f32], y: fd.Out[fd.f32], scratch: fd.ThreadgroupMemory[fd.f32]) -> None:
    """
    uint lane = thread_position_in_threadgroup.x;
    uint columns = x_size / y_size;
    float sum = 0.0f;
    for (uint i = lane; i < columns; i += 64) {
      sum += x[threadgroup_position_in_grid.x * columns + i];
    }
    scratch[lane] = sum;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (lane == 0) {
      float total = 0.0f;
      for (uint i = 0; i < 64; ++i) total += scratch[i];
      y[threadgroup_position_in_grid.x] = total;
    }
    """


@fd.kernel(dispatch=fd.per_element("y"))
def scalars(y: fd.Out[fd.i32], a: fd.i32, b: fd.u8, c: fd.i16) -> None:
    """
    if (gid < y_size) y[gid] = a + int(b) + int(c);
    """


@pytest.mark.parametrize("size", [1, 31, 32, 33, 255, 256, 257, 4096, 10_001])
def test_axpy(rt: fd.Foundry, size: int) -> None:
    random = np.random.default_rng(size)
    x = random.standard_normal(size).astype(np.float16)
    y = random.standard_normal(size).astype(np.float16)
    tensor = rt.alloc((size,), fd.f16, y)
    rt.run(axpy(x=rt.alloc((size,), fd.f16, x), y=tensor, a=2.0))
    # One rounding to half of a float32 result.
    expected = (np.float32(2) * x.astype(np.float32) + y.astype(np.float32)).astype(np.float16)
    np.testing.assert_array_equal(np.asarray(tensor), expected)


def test_threadgroup_memory(rt: fd.Foundry) -> None:
    values = np.random.default_rng(0).standard_normal((5, 1000)).astype(np.float32)
    y = rt.empty((5,), fd.f32)
    rt.run(row_sums(x=rt.tensor(values), y=y, scratch=64))
    # 1000 additions of values near 1: float32 keeps 1e-4 of the sum of magnitudes.
    np.testing.assert_allclose(np.asarray(y), values.astype(np.float64).sum(axis=1), atol=1e-3)


def test_scalars_of_every_kind(rt: fd.Foundry) -> None:
    y = rt.empty((3,), fd.i32)
    rt.run(scalars(y=y, a=-70_000, b=255, c=np.int16(-5)))
    assert np.asarray(y).tolist() == [-69_750] * 3


def test_the_source_is_the_whole_kernel() -> None:
    source = axpy.source
    assert "kernel void axpy(" in source
    assert "device const half* x [[buffer(0)]]" in source
    assert "device half* y [[buffer(1)]]" in source
    assert "constant float& a [[buffer(2)]]" in source
    assert "if (gid < y_size)" in source
    assert repr(axpy) == "Kernel axpy(x: In[f16], y: InOut[f16], a: f32)"


def test_arguments_are_checked(rt: fd.Foundry) -> None:
    x = rt.empty((4,), fd.f16)
    wrong = rt.empty((4,), fd.f32)
    for call, error, message in [
        (lambda: axpy(x=x, y=x), fd.ArgumentTypeError, "kernel axpy: argument 'a' is missing"),
        (lambda: axpy(x=x, y=x, a=1, b=2), fd.ArgumentTypeError, "there is no argument 'b'"),
        (lambda: axpy(x=x, y=wrong, a=1), fd.DTypeError, "argument 'y' is f32; expected f16"),
        (lambda: axpy(x=[1], y=x, a=1), fd.ArgumentTypeError, "'x' is a list; expected a Tensor"),
        (
            lambda: axpy(x=x, y=x, a="1x"),
            fd.ArgumentTypeError,
            "argument 'a' is '1x', which is no f32",
        ),
        (
            lambda: axpy(x=x, y=x, a=[1, 2]),
            fd.ShapeError,
            r"'a' has shape \(2,\); expected one f32",
        ),
        (lambda: scalars(y=x, a=1, b=1, c=1), fd.DTypeError, "argument 'y' is f16; expected i32"),
    ]:
        with pytest.raises(error, match=message):
            call()  # type: ignore[no-untyped-call]
    y = rt.empty((4,), fd.i32)
    for value in (256, -1, 1.5):
        with pytest.raises(fd.ArgumentError, match=f"argument 'b' is {value}, which is no u8"):
            scalars(y=y, a=1, b=value, c=1)


def test_what_is_no_kernel() -> None:
    with pytest.raises(fd.ArgumentError, match="argument 'x' needs an annotation"):

        @fd.kernel(dispatch=fd.per_element("x"))
        def unannotated(x):  # type: ignore[no-untyped-def]
            """x[gid] = 0;"""

    with pytest.raises(fd.ArgumentError, match="its docstring, the MSL body, is missing"):

        @fd.kernel(dispatch=fd.per_element("x"))
        def empty(x: fd.Out[fd.f32]) -> None:
            pass

    with pytest.raises(fd.DTypeError, match=r"In\[...\] takes a dtype such as foundry.f16"):
        fd.In[float]  # type: ignore[misc]

    with pytest.raises(fd.ArgumentError, match="the kernel has no tensor argument 'z'"):

        @fd.kernel(dispatch=fd.per_element("z"))
        def lost(x: fd.Out[fd.f32]) -> None:
            """x[gid] = 0;"""


def test_two_kernels_of_one_name_do_not_collide(rt: fd.Foundry) -> None:
    def make(value: str) -> fd.Kernel:
        def fill(y: fd.Out[fd.f32]) -> None:
            pass

        fill.__doc__ = f"if (gid < y_size) y[gid] = {value};"
        return fd.kernel(dispatch=fd.per_element("y"))(fill)

    y = rt.empty((8,), fd.f32)
    for value in ("1.0f", "2.0f", "3.0f"):
        rt.run(make(value)(y=y))
        assert np.asarray(y)[7] == float(value[:-1])


def test_a_kernel_is_compiled_once(rt: fd.Foundry) -> None:
    x = rt.empty((64,), fd.f16)
    rt.run(axpy(x=x, y=x, a=1.0))
    before = rt.statistics["compilations"]
    for size in (1, 64, 1000):
        y = rt.empty((size,), fd.f16)
        rt.run(axpy(x=y, y=y, a=1.0))
    assert rt.statistics["compilations"] == before


def test_the_arguments_live_until_the_kernel_is_done(rt: fd.Foundry) -> None:
    big = 1 << 20
    y = rt.alloc((big,), fd.f16, np.zeros(big))
    for _ in range(20):
        # The temporary x is held by nothing but the command buffer.
        rt.run(axpy(x=rt.tensor(np.ones(big, np.float16)), y=y, a=1.0))
    assert (np.asarray(y) == 20).all()
