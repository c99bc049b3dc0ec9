"""Memory to and from other libraries without a copy: DLPack, the buffer protocol, mmap."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
import weakref
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

import dlpack
import foundry as fd

NUMPY = {
    "f32": np.float32, "f16": np.float16, "i8": np.int8, "i16": np.int16, "i32": np.int32,
    "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64,
    "boolean": np.bool_,
}  # fmt: skip


class Producer:
    """A foreign array that lends `array` through DLPack, from a device of its own choice."""

    def __init__(self, lent: Any, device: tuple[int, int] = (1, 0)) -> None:
        self.lent, self.device = lent, device

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(self, **options: Any) -> Any:
        return self.lent.__dlpack__(**options)


@pytest.mark.parametrize("name", NUMPY)
def test_dlpack_both_ways_shares_memory(rt: fd.Foundry, name: str) -> None:
    dtype = fd.DType[name]
    source: NDArray[Any] = (np.arange(6).reshape(2, 3) % 2).astype(NUMPY[name])
    tensor = rt.from_dlpack(source, name="lent")
    assert (tensor.dtype, tensor.shape, tensor.mode) == (dtype, (2, 3), "borrowed")
    back = np.from_dlpack(tensor)
    assert back.dtype == source.dtype and np.shares_memory(back, source)
    back[1, 2] = 1
    assert source[1, 2] == 1
    assert np.array_equal(tensor.host(), source)


def test_the_capsule_says_what_the_tensor_is(rt: fd.Foundry) -> None:
    tensor = rt.alloc((4, 6), fd.bf16, np.ones((4, 6)), name="x")
    part = tensor[1:3, ::2]
    assert tensor.__dlpack_device__() == (1, 0)
    capsule = part.__dlpack__()
    lent = dlpack.managed(capsule).tensor
    words = part.host().view(np.uint16)
    assert lent.data + lent.byte_offset == words.ctypes.data
    assert (lent.device.type, lent.device.id) == (1, 0)
    assert (lent.code, lent.bits, lent.lanes) == (4, 16, 1), "kDLBfloat of 16 bits"
    assert [lent.shape[i] for i in range(lent.ndim)] == [2, 3]
    assert [lent.strides[i] for i in range(lent.ndim)] == [6, 2]


def test_bfloat16_comes_and_goes_through_dlpack(rt: fd.Foundry) -> None:
    source = rt.alloc((5,), fd.bf16, np.arange(5))
    tensor = rt.from_dlpack(source)
    assert tensor.dtype == fd.bf16
    assert tensor.host().dtype == ml_dtypes.bfloat16
    assert np.shares_memory(tensor.host(), source.host())
    copy = rt.from_dlpack(source, copy=True)
    source.host()[0] = 9
    assert tensor.host()[0] == 9 and copy.host()[0] == 0


def test_a_consumer_may_outlive_tensor_and_runtime() -> None:
    runtime = fd.Foundry()
    tensor = runtime.alloc((1000,), fd.f32, np.arange(1000), name="x")
    consumer = np.from_dlpack(tensor)
    with pytest.raises(
        fd.ArenaInUseError, match=r"x \(1000,\) f32 by a tensor and a DLPack capsule"
    ):
        runtime.reset()
    del tensor
    with runtime.scope():
        runtime.alloc((1000,), fd.f32, np.zeros(1000))
    with pytest.raises(fd.ArenaInUseError, match=r"x \(1000,\) f32 by a DLPack capsule"):
        runtime.reset()
    part = consumer[500:]
    reference = weakref.ref(runtime)
    del runtime, consumer
    gc.collect()
    assert reference() is None
    assert part.tolist() == list(range(500, 1000))


def test_a_capsule_that_nobody_takes_lets_go(rt: fd.Foundry) -> None:
    tensor = rt.empty((8,), fd.f32, name="x")
    capsule = tensor.__dlpack__()
    del tensor
    with pytest.raises(fd.ArenaInUseError, match="by a DLPack capsule"):
        rt.reset()
    del capsule
    rt.reset()


def test_the_producer_gets_its_memory_back_after_the_last_use(rt: fd.Foundry) -> None:
    source = np.arange(64, dtype=np.float32)
    reference = weakref.ref(source)
    tensor = rt.from_dlpack(source, name="lent")
    y = rt.empty((64,), fd.f32)
    rt.run(fd.ops.Add(a=tensor, b=tensor, y=y))
    del source, tensor
    gc.collect()
    assert reference() is not None, "the command buffer still reads it"
    assert y.host().tolist() == [2.0 * i for i in range(64)]
    rt.synchronize()
    gc.collect()
    assert reference() is None


def test_read_only_stays_read_only(rt: fd.Foundry) -> None:
    source = np.arange(8, dtype=np.float32)
    source.flags.writeable = False
    tensor = rt.from_dlpack(source)
    assert tensor.is_read_only and not tensor.host().flags.writeable
    with pytest.raises(fd.StorageError, match="read-only"):
        rt.run(fd.ops.Fill(y=tensor, value=1.0))
    assert not np.from_dlpack(tensor).flags.writeable
    assert memoryview(tensor).readonly  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not writable"):
        ctypes.c_char.from_buffer(tensor)  # type: ignore[arg-type]
    wide = rt.alloc((1, 4), fd.f32, np.ones((1, 4))).broadcast_to(3, 4)
    assert not np.from_dlpack(wide).flags.writeable
    assert not wide.host().flags.writeable


def test_copies_are_asked_for(rt: fd.Foundry) -> None:
    tensor = rt.tensor(np.arange(6, dtype=np.float32).reshape(2, 3), mode="private")
    with pytest.raises(fd.StorageError, match="DLPack view of a tensor: its storage is private"):
        np.from_dlpack(tensor)
    capsule = tensor.__dlpack__(copy=True)
    lent = dlpack.managed(capsule).tensor
    values = (ctypes.c_float * 6).from_address(lent.data)
    assert list(values) == [0, 1, 2, 3, 4, 5]
    source = np.arange(3, dtype=np.int32)
    assert not np.shares_memory(rt.from_dlpack(source, copy=True).host(), source)
    with pytest.raises(BufferError, match="dl_device"):
        tensor.__dlpack__(copy=True, dl_device=(2, 0))


def test_what_dlpack_cannot_lend_is_an_error(rt: fd.Foundry) -> None:
    array = np.zeros((4, 6), np.float32)
    with pytest.raises(fd.StorageError, match=r"from_dlpack: \(4, 3\) f32 is not contiguous"):
        rt.from_dlpack(array[:, ::2])
    with pytest.raises(fd.StorageError, match=r"is not contiguous"):
        rt.from_dlpack(array[::-1])
    with pytest.raises(
        fd.StorageError, match=r"is on DLPack device \(2, 0\); host memory, \(1, 0\)"
    ):
        rt.from_dlpack(Producer(array, (2, 0)))
    with pytest.raises(fd.ArgumentError, match=r"a list has no __dlpack__; Foundry\.tensor"):
        rt.from_dlpack([1, 2])
    with pytest.raises(
        fd.DTypeError, match="type code 5 of 64 bits and 1 lane has no element type"
    ):
        rt.from_dlpack(np.zeros(2, np.complex64))
    with pytest.raises(fd.ShapeError, match="zero extent"):
        rt.from_dlpack(np.zeros((0, 2), np.float32))
    with pytest.raises(fd.DTypeError, match="q4_1 is a block format"):
        np.from_dlpack(rt.dedicated((1, 32), fd.q4_1))
    assert np.shares_memory(rt.from_dlpack(Producer(array)).host(), array)


def test_host_gives_what_asarray_gives(rt: fd.Foundry) -> None:
    for name in [*NUMPY, "bf16"]:
        tensor = rt.empty((3, 4), fd.DType[name])[1:, ::3]
        have, want = tensor.host(), np.asarray(tensor)
        assert (have.dtype, have.shape, have.strides) == (want.dtype, want.shape, want.strides)
        assert have.ctypes.data == want.ctypes.data and have.flags.writeable
        assert have.flags.aligned and not have.flags.owndata
    scalar = rt.alloc((), fd.f32, 3.0)
    assert scalar.host().shape == () and float(scalar.host()) == 3.0


@pytest.mark.parametrize("offset", [0, 4096, 64, 4])
def test_a_mapped_file_is_borrowed_at_any_aligned_offset(
    rt: fd.Foundry, tmp_path: Path, offset: int
) -> None:
    values = np.arange(3000, dtype=np.float32)
    path = tmp_path / "weights.bin"
    path.write_bytes(bytes(offset) + values.tobytes())
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    array = np.frombuffer(mapped, np.float32, offset=offset)
    tensor = rt.borrow(array, name="weights")
    assert tensor.is_read_only and tensor.mode == "borrowed"
    assert np.shares_memory(tensor.host(), array)
    y = rt.empty((3000,), fd.f32)
    rt.run(fd.ops.Add(a=tensor, b=tensor, y=y))
    assert np.array_equal(y.host(), 2 * values)
    del array
    with pytest.raises(BufferError, match="exported pointers exist"):
        mapped.close()
    rt.synchronize()
    del tensor
    gc.collect()
    mapped.close()


def test_any_buffer_may_be_borrowed(rt: fd.Foundry) -> None:
    numbers = array.array("i", [1, 2, 3])
    tensor = rt.borrow(numbers)
    assert tensor.dtype == fd.i32
    tensor.host()[1] = 9
    assert numbers[1] == 9
    assert rt.borrow(b"abc").is_read_only
    assert rt.borrow(memoryview(bytearray(6)).cast("B", (2, 3))).shape == (2, 3)


def test_bytes_are_what_dtype_and_shape_say(rt: fd.Foundry) -> None:
    packed = np.random.default_rng(5).integers(0, 256, 4 * 40, dtype=np.uint8)
    tensor = rt.borrow(packed, fd.q4_1, (4, 64), name="w")
    assert (tensor.dtype, tensor.shape) == (fd.q4_1, (4, 64))
    assert np.array_equal(tensor.copy_to_host(), packed)
    words = np.ones(4, ml_dtypes.bfloat16)
    assert rt.borrow(words).dtype == fd.bf16
    with pytest.raises(fd.ShapeError, match=r"borrow: \(4, 32\) q4_1 has 80 bytes, the array 160"):
        rt.borrow(packed, fd.q4_1, (4, 32))
    with pytest.raises(fd.ArgumentError, match="`dtype` and `shape` say together"):
        rt.borrow(packed, fd.q4_1)


def test_misaligned_memory_is_refused_and_copied_on_request(rt: fd.Foundry) -> None:
    raw = np.zeros(4 * 8 + 1, np.uint8)
    address = raw.ctypes.data
    start = 1 if address % 4 == 0 else 0
    values = raw[start : start + 32].view(np.float32)
    values[:] = np.arange(8)
    rest = values.ctypes.data % 4
    assert rest != 0
    with pytest.raises(
        fd.StorageError,
        match=rf"x \(8,\) f32: the host address is {rest} modulo 4, f32 needs 0",
    ):
        rt.borrow(values, name="x")
    with pytest.raises(fd.StorageError, match=f"the host address is {rest} modulo 4"):
        rt.from_dlpack(Producer(values))
    copy = rt.tensor(values)
    values[0] = 5
    assert copy.host()[0] == 0, "an explicit copy"
