"""numpy and Foundry share memory, both ways, and whoever looks at it keeps it alive."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import foundry as fd

PLAIN = ["f32", "f16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "boolean"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_view_shares_memory_both_ways(rt: fd.Foundry, name: str) -> None:
    dtype = fd.DType[name]
    tensor = rt.empty((2, 3), dtype, name="t")
    view = np.asarray(tensor)
    assert view.shape == (2, 3) and view.flags.writeable and view.flags.c_contiguous
    view[...] = np.arange(6).reshape(2, 3) % 2
    other = np.asarray(tensor)
    assert np.shares_memory(view, other)
    other[1, 2] = 0
    assert view[1, 2] == 0
    assert memoryview(tensor).shape == (2, 3)  # type: ignore[arg-type]
    assert memoryview(tensor).contiguous  # type: ignore[arg-type]


def test_bfloat16_is_ml_dtypes(rt: fd.Foundry) -> None:
    tensor = rt.alloc((4,), fd.bf16, [1.0, 2.5, -3.0, 0.1])
    view = np.asarray(tensor)
    assert view.dtype == ml_dtypes.bfloat16
    view[0] = 7
    assert np.asarray(tensor)[0] == 7
    assert tensor.copy_to_host().dtype == ml_dtypes.bfloat16
    with pytest.raises(BufferError, match="bfloat16 has no buffer format"):
        memoryview(tensor)  # type: ignore[arg-type]


def test_array_protocol_converts_and_copies(rt: fd.Foundry) -> None:
    tensor = rt.alloc((3,), fd.f32, [1, 2, 3])
    assert np.asarray(tensor, dtype=np.float64).dtype == np.float64
    copy = np.array(tensor, copy=True)
    assert not np.shares_memory(copy, np.asarray(tensor))
    half = rt.alloc((3,), fd.bf16, [1, 2, 3])
    assert np.asarray(half, dtype=np.float32).tolist() == [1, 2, 3]


def test_dlpack(rt: fd.Foundry) -> None:
    tensor = rt.alloc((2, 3), fd.f32, np.arange(6).reshape(2, 3))
    assert tensor.__dlpack_device__() == (1, 0)
    array = np.from_dlpack(tensor)
    assert np.shares_memory(array, np.asarray(tensor))
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_strided_views_reach_numpy_with_their_strides(rt: fd.Foundry) -> None:
    values = np.arange(24, dtype=np.float32).reshape(4, 6)
    tensor = rt.alloc((4, 6), fd.f32, values)
    np.testing.assert_array_equal(np.asarray(tensor.transpose()), values.T)
    np.testing.assert_array_equal(np.asarray(tensor[1:3]), values[1:3])
    np.testing.assert_array_equal(np.asarray(tensor[:, 1:6:2]), values[:, 1:6:2])
    np.testing.assert_array_equal(np.asarray(tensor[2]), values[2])
    np.testing.assert_array_equal(np.asarray(tensor[2, -1]), values[2, -1])
    np.testing.assert_array_equal(np.asarray(tensor.reshape(3, 8)), values.reshape(3, 8))
    np.testing.assert_array_equal(np.asarray(tensor[np.int64(2), -1:]), values[2, -1:])
    wide = tensor[0:1].broadcast_to(5, 6)
    np.testing.assert_array_equal(np.asarray(wide), np.broadcast_to(values[:1], (5, 6)))
    assert not np.asarray(wide).flags.writeable
    np.asarray(tensor.transpose())[5, 3] = 99
    assert np.asarray(tensor)[3, 5] == 99


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_views_of_views_are_numpys(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    tensor = RUNTIME.tensor(array)
    for _ in range(data.draw(st.integers(1, 4))):
        step = data.draw(st.sampled_from(["slice", "select", "transpose", "unsqueeze"]))
        axis = data.draw(st.integers(0, max(array.ndim - 1, 0)))
        if step == "slice" and array.ndim:
            start = data.draw(st.integers(0, array.shape[axis] - 1))
            stop = data.draw(st.integers(start + 1, array.shape[axis]))
            stride = data.draw(st.integers(1, 3))
            key = (slice(None),) * axis + (slice(start, stop, stride),)
            array, tensor = array[key], tensor[key]
        elif step == "select" and array.ndim:
            index = data.draw(st.integers(-array.shape[axis], array.shape[axis] - 1))
            key = (slice(None),) * axis + (index,)  # type: ignore[operator]
            array, tensor = np.asarray(array[key]), tensor[key]
        elif step == "transpose":
            order = data.draw(st.permutations(range(array.ndim)))
            array, tensor = array.transpose(order), tensor.transpose(*order)
        elif array.ndim < 6:
            array, tensor = np.expand_dims(array, axis), tensor.unsqueeze(axis)
        assert tensor.shape == array.shape
        np.testing.assert_array_equal(np.asarray(tensor), array)


RUNTIME = fd.Foundry()


def test_reset_under_a_live_view_is_refused(rt: fd.Foundry) -> None:
    tensor = rt.alloc((14336,), fd.f16, np.ones(14336), name="y")
    view = np.asarray(tensor)
    del tensor
    with pytest.raises(fd.ArenaInUseError, match=r"y \(14336,\) f16 by a numpy array"):
        rt.reset()
    assert view.sum() == 14336, "the memory is still there"
    del view
    gc.collect()
    rt.reset()
    assert rt.arena().statistics.leases == 0


def test_a_slice_of_a_view_keeps_the_lease(rt: fd.Foundry) -> None:
    tensor = rt.alloc((100,), fd.f32, np.arange(100), name="x")
    part = np.asarray(tensor)[10:20]
    del tensor
    gc.collect()
    with pytest.raises(fd.ArenaInUseError, match="x"):
        rt.reset()
    assert part.tolist() == list(range(10, 20))


def test_every_kind_of_view_holds_and_drops_its_lease(rt: fd.Foundry) -> None:
    makers: list[Any] = [
        np.asarray,
        memoryview,
        np.from_dlpack,
        lambda t: t[1:],
        lambda t: t.reshape(2, 2),
    ]
    for make in makers:
        view = make(rt.empty((4,), fd.f32, name="held"))
        with pytest.raises(fd.ArenaInUseError, match="held"):
            rt.reset()
        del view
        rt.reset()
    bf16 = np.asarray(rt.empty((4,), fd.bf16, name="held"))
    with pytest.raises(fd.ArenaInUseError, match="held"):
        rt.reset()
    del bf16
    rt.reset()


def test_a_scope_retires_what_is_still_held(rt: fd.Foundry) -> None:
    with rt.scope():
        kept = np.asarray(rt.alloc((64,), fd.f32, np.arange(64)))
        rt.empty((64,), fd.f32)
    assert rt.arena().statistics.retired == 1
    fresh = rt.alloc((64,), fd.f32, np.zeros(64))
    assert kept.tolist() == list(range(64)), "its memory was not given away"
    del kept, fresh
    gc.collect()
    rt.reset()


def test_tensors_go_when_python_lets_go(rt: fd.Foundry) -> None:
    tensor = rt.tensor(np.ones(1000, np.float32))
    before = rt.device.allocated_bytes
    reference = weakref.ref(tensor)
    del tensor
    gc.collect()
    assert reference() is None
    assert rt.device.allocated_bytes < before


def test_a_view_outlives_the_runtime() -> None:
    runtime = fd.Foundry()
    view = np.asarray(runtime.alloc((8,), fd.i32, np.arange(8)))
    reference = weakref.ref(runtime)
    del runtime
    gc.collect()
    assert view.tolist() == list(range(8))
    del view
    gc.collect()
    assert reference() is None


def test_a_borrowed_array_is_the_tensor(rt: fd.Foundry) -> None:
    array = np.arange(5000, dtype=np.float32)
    tensor = rt.borrow(array, name="mine")
    assert tensor.mode == "borrowed"
    assert np.shares_memory(np.asarray(tensor), array)
    rt.run(fd.ops.Fill(y=tensor, value=3.0))
    rt.synchronize()
    assert (array == 3).all()
    reference = weakref.ref(array)
    del array
    gc.collect()
    assert reference() is not None, "the tensor holds it"
    del tensor
    rt.synchronize()
    gc.collect()
    assert reference() is None


def test_a_read_only_array_is_a_read_only_tensor(rt: fd.Foundry) -> None:
    array = np.arange(8, dtype=np.float32)
    array.flags.writeable = False
    tensor = rt.borrow(array, name="constant")
    assert tensor.is_read_only and not np.asarray(tensor).flags.writeable
    with pytest.raises(fd.StorageError, match="read-only"):
        rt.run(fd.ops.Fill(y=tensor, value=1.0))
    with pytest.raises(fd.StorageError, match="read-only"):
        tensor.copy_from(np.zeros(8))
    target = rt.empty((8,), fd.f32)
    rt.run(fd.ops.Copy(x=tensor, y=target))
    assert np.asarray(target).tolist() == list(range(8))


def test_what_cannot_be_borrowed(rt: fd.Foundry) -> None:
    array = np.zeros((4, 6), np.float32)
    with pytest.raises(fd.StorageError, match=r"shape \(4, 3\) and strides \(24, 8\) is not cont"):
        rt.borrow(array[:, ::2])
    with pytest.raises(fd.ArgumentError, match="a list has no memory to share"):
        rt.borrow([1, 2])
    with pytest.raises(fd.DTypeError, match="numpy dtype complex64 has no element type"):
        rt.borrow(np.zeros(4, np.complex64))
    with pytest.raises(fd.ShapeError, match="0"):
        rt.borrow(np.zeros((0, 3), np.float32))


def test_private_tensors_have_no_view(rt: fd.Foundry) -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensor = rt.tensor(values, name="kv_cache", mode="private")
    expected = "of 'kv_cache': its storage is private to the GPU; use .copy_to_host()"
    with pytest.raises(fd.StorageError, match="numpy view " + expected.replace("()", r"\(\)")):
        np.asarray(tensor)
    with pytest.raises(fd.StorageError, match="buffer view of 'kv_cache'"):
        memoryview(tensor)  # type: ignore[arg-type]
    with pytest.raises(fd.StorageError, match="DLPack view of 'kv_cache'"):
        np.from_dlpack(tensor)
    np.testing.assert_array_equal(tensor.copy_to_host(), values)
    tensor.copy_from(values * 2)
    np.testing.assert_array_equal(tensor.copy_to_host(), values * 2)


def test_a_view_waits_for_the_kernels_that_write_it(rt: fd.Foundry) -> None:
    tensor = rt.alloc((1 << 18,), fd.f32, np.zeros(1 << 18))
    one = rt.alloc((1 << 18,), fd.f32, np.ones(1 << 18))
    for _ in range(50):
        rt.run(fd.ops.Add(a=tensor, b=one, y=tensor))
    assert (np.asarray(tensor) == 50).all()


def test_block_formats_have_no_numpy_view(rt: fd.Foundry) -> None:
    tensor = rt.dedicated((4, 64), fd.q4_1, name="w")
    with pytest.raises(fd.DTypeError, match="numpy view of 'w': q4_1 is a block format"):
        np.asarray(tensor)
    packed = np.arange(4 * 40, dtype=np.uint8)
    tensor.copy_from(packed)
    np.testing.assert_array_equal(tensor.copy_to_host(), packed)
