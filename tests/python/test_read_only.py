"""What is read-only is never written: not by kernels, not by numpy, not by who ignores flags."""

from __future__ import annotations

import ctypes
import gc
import mmap
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dlpack
import foundry as fd
from tiny_llama import TinyLlama

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def read_only_tensors(rt: fd.Foundry) -> dict[str, fd.Tensor]:
    """One of every kind, each of VALUES' shape."""
    flagged = VALUES.copy()
    flagged.flags.writeable = False
    mapped = mmap.mmap(-1, 4096)
    mapped[: VALUES.nbytes] = VALUES.tobytes()
    return {
        "array": rt.borrow(flagged, name="w"),
        "bytes": rt.borrow(VALUES.tobytes(), fd.f32, (2, 3), name="w"),
        "mapped": rt.borrow(memoryview(mapped)[: VALUES.nbytes].toreadonly(), fd.f32, (2, 3)),
        "lent": rt.from_dlpack(dlpack.Producer(VALUES.copy(), version=(1, 0), flags=1)),
        "unversioned": rt.from_dlpack(dlpack.Producer(VALUES.copy())),
        "broadcast": rt.tensor(VALUES[:, :1]).broadcast_to(2, 3),
        "part": rt.tensor(VALUES[None]).broadcast_to(4, 2, 3)[1],
    }


KINDS = ["array", "bytes", "mapped", "lent", "unversioned", "broadcast", "part"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_way_writes_a_read_only_tensor(rt: fd.Foundry, kind: str) -> None:
    tensor = read_only_tensors(rt)[kind]
    before = tensor.copy_to_host()
    assert tensor.is_read_only
    with pytest.raises(fd.StorageError, match=r"read-only|not contiguous"):
        tensor.copy_from(np.zeros((2, 3), np.float32))
    with pytest.raises((fd.StorageError, fd.ShapeError), match=r"read-only|contiguous"):
        rt.run(fd.ops.Fill(y=tensor, value=1.0))
    with pytest.raises(fd.StorageError, match="read-only"):
        tensor[0] = 1
    assert tensor[1:].is_read_only and tensor.T.is_read_only and tensor[0, 0].is_read_only
    assert memoryview(tensor).readonly  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not writable"):
        ctypes.c_char.from_buffer(tensor)  # type: ignore[arg-type]
    for view in (tensor.host(), np.asarray(tensor), np.asarray(memoryview(tensor))):  # type: ignore[arg-type]
        assert np.shares_memory(view, tensor.host()) and not view.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            view.flags.writeable = True
    rt.synchronize()
    np.testing.assert_array_equal(tensor.host(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_consumer_that_ignores_the_flag_writes_to_a_copy(rt: fd.Foundry, kind: str) -> None:
    tensor = read_only_tensors(rt)[kind]
    before = tensor.copy_to_host()
    for options in ({}, {"copy": True}):
        capsule = tensor.__dlpack__(max_version=(1, 0), **options)  # type: ignore[arg-type]
        assert dlpack.name_of(capsule) == "dltensor_versioned"
        lent = dlpack.managed(capsule)
        assert (lent.major, lent.flags) == (1, dlpack.READ_ONLY | dlpack.IS_COPIED)
        values = dlpack.values_of(capsule)
        np.testing.assert_array_equal(values, before)
        values[...] = -1
        np.testing.assert_array_equal(tensor.host(), before)
    array = np.from_dlpack(tensor)
    assert not array.flags.writeable and np.array_equal(array, before)


class Buffer(ctypes.Structure):
    """Py_buffer."""

    _fields_ = [
        ("data", ctypes.c_void_p), ("object", ctypes.c_void_p), ("length", ctypes.c_ssize_t),
        ("item", ctypes.c_ssize_t), ("read_only", ctypes.c_int), ("rank", ctypes.c_int),
        ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["array", "bytes", "mapped", "lent", "unversioned"])
def test_who_asks_for_bytes_alone_and_writes_them_writes_to_a_copy(
    rt: fd.Foundry, kind: str
) -> None:
    """As torch.asarray does, which asks for writable bytes first, and then for bytes."""
    tensor = read_only_tensors(rt)[kind]
    before = tensor.copy_to_host()
    get, release = ctypes.pythonapi.PyObject_GetBuffer, ctypes.pythonapi.PyBuffer_Release
    get.argtypes = [ctypes.py_object, ctypes.POINTER(Buffer), ctypes.c_int]
    release.argtypes = [ctypes.POINTER(Buffer)]
    view = Buffer()
    writable = 1  # PyBUF_WRITABLE
    with pytest.raises(BufferError, match="read-only"):
        get(tensor, view, writable)
    assert get(tensor, view, 0) == 0 and view.length == VALUES.nbytes
    assert ctypes.string_at(view.data, view.length) == before.tobytes()
    ctypes.memset(view.data, 0xFF, view.length)
    assert np.array_equal(tensor.host(), before)
    release(view)
    assert bytes(tensor) == before.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_capsule_that_cannot_say_read_only_is_not_given(rt: fd.Foundry, kind: str) -> None:
    tensor = read_only_tensors(rt)[kind]
    expected = r"\(2, 3\) f32: it is read-only, which a capsule without a version cannot say; use"
    for options in ({}, {"max_version": None}, {"max_version": (0, 8)}, {"copy": False}):
        with pytest.raises(fd.StorageError, match=expected):
            tensor.__dlpack__(**options)
    with pytest.raises(BufferError, match=r"is lent as a copy only.*use copy=True, or nump"):
        tensor.__dlpack__(max_version=(1, 0), copy=False)
    copied = tensor.__dlpack__(copy=True)
    assert dlpack.name_of(copied) == "dltensor"
    assert np.array_equal(dlpack.values_of(copied), tensor.host())


def test_a_mapped_file_survives_a_consumer_that_writes(tmp_path: Path) -> None:
    """Writing to its pages would kill the process; a second process, as that is how it failed."""
    path = tmp_path / "weights"
    path.write_bytes(VALUES.tobytes())
    script = f"""
import mmap, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import dlpack, numpy as np, foundry as fd
rt = fd.Foundry()
with open({str(path)!r}, "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
w = rt.borrow(np.frombuffer(mapped, np.float32), name="w")
dlpack.values_of(capsule := w.__dlpack__(max_version=(1, 1)))[...] = 9
assert w.host().tolist() == [0, 1, 2, 3, 4, 5]
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert path.read_bytes() == VALUES.tobytes()


@pytest.mark.parametrize(
    ("version", "flags", "is_read_only"),
    [(None, 0, True), ((1, 0), 0, False), ((1, 0), 1, True), ((1, 1), 2, False), ((1, 9), 3, True)],
)
def test_an_import_is_as_writable_as_its_producer_says(
    rt: fd.Foundry, version: tuple[int, int] | None, flags: int, is_read_only: bool
) -> None:
    producer = dlpack.Producer(VALUES.copy(), version=version, flags=flags)
    tensor = rt.from_dlpack(producer, name="x")
    assert producer.asked[0] == {"max_version": (1, 1)}, "the producer may have versions"
    assert tensor.is_read_only is is_read_only
    assert np.shares_memory(tensor.host(), producer.array)
    if is_read_only:
        with pytest.raises(fd.StorageError, match="read-only"):
            rt.run(fd.ops.Fill(y=tensor, value=7.0))
    else:
        rt.run(fd.ops.Fill(y=tensor, value=7.0))
    rt.synchronize()
    assert np.array_equal(producer.array, VALUES if is_read_only else np.full((2, 3), 7))
    copy = rt.from_dlpack(producer, copy=True)
    assert not copy.is_read_only and not np.shares_memory(copy.host(), producer.array)
    assert producer.returned == 1, "the copy needs it no longer"
    del tensor
    gc.collect()
    rt.synchronize()
    assert producer.returned == 2


def test_numpy_lends_unversioned_only_what_may_be_written(rt: fd.Foundry) -> None:
    class Old(np.ndarray):
        """numpy before 2.1."""

        def __dlpack__(self, *, stream: None = None) -> Any:  # type: ignore[override]
            return super().__dlpack__(stream=stream)

    array = VALUES.copy().view(Old)
    tensor = rt.from_dlpack(array)
    assert not tensor.is_read_only and np.shares_memory(tensor.host(), array)
    array.flags.writeable = False
    with pytest.raises(fd.StorageError, match="the Old lends nothing") as caught:
        rt.from_dlpack(array)
    assert isinstance(caught.value.__cause__, BufferError), "numpy's own reason"


def test_the_arguments_of_dlpack_are_the_standards(rt: fd.Foundry) -> None:
    tensor = rt.alloc((2, 3), fd.f32, VALUES, name="x")
    plain = tensor.__dlpack__(stream=None, max_version=(1, 0), dl_device=(1, 0), copy=False)
    assert dlpack.managed(plain).flags == 0
    dlpack.values_of(plain)[0, 0] = 5
    assert tensor.host()[0, 0] == 5, "shared"
    copied = tensor.__dlpack__(max_version=(2, 0), copy=True)
    assert dlpack.managed(copied).flags == dlpack.IS_COPIED
    assert not np.shares_memory(dlpack.values_of(copied), tensor.host())
    assert np.array_equal(np.from_dlpack(tensor, device="cpu", copy=True), tensor.host())
    assert np.shares_memory(np.from_dlpack(tensor, copy=False), tensor.host())
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"stream": 1}, fd.ArgumentError, "stream is 1; expected None"),
        ({"dl_device": (2, 0)}, fd.StorageError, r"dl_device is \(2, 0\); unsupported, supported"),
        ({"dl_device": "cpu"}, fd.StorageError, "dl_device is cpu"),
        ({"max_version": 1}, fd.ArgumentTypeError, "max_version is 1; expected None or a tuple"),
        ({"max_version": ("a", 0)}, fd.ArgumentTypeError, r"max_version is \('a', 0\)"),
        ({"copy": "yes"}, fd.ArgumentTypeError, "copy is yes; expected True, False or None"),
    ]
    for options, error, message in bad:
        with pytest.raises(error, match=message):
            tensor.__dlpack__(**options)


def test_a_capsule_may_be_freed_on_any_thread(rt: fd.Foundry) -> None:
    arena = rt.make_arena("threads")
    for _ in range(20):
        capsules = [arena.alloc((3,), fd.f32).__dlpack__(max_version=(1, 0)) for _ in range(4)]
        held = [np.from_dlpack(_Capsule(capsule)) for capsule in capsules]
        del capsules
        thread = threading.Thread(target=held.clear)
        thread.start()
        thread.join()
    arena.reset()


class _Capsule:
    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule


def _raise(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(
    ("lend", "error", "message"),
    [
        (
            lambda: _raise(RuntimeError("grad")),
            fd.StorageError,
            "the _Lends lends nothing",
        ),
        (lambda: None, fd.StorageError, "gave a NoneType, which is no unused DLPack capsule"),
        (lambda: b"dltensor", fd.StorageError, "gave a bytes, which is no unused DLPack capsule"),
        (lambda: _raise(KeyboardInterrupt("stop")), KeyboardInterrupt, "stop"),
        (lambda: _raise(MemoryError("full")), MemoryError, "full"),
        (lambda: _raise(fd.ShapeError("mine")), fd.ShapeError, "mine"),
    ],
)
def test_what_a_producer_does_wrong_is_a_storage_error(
    rt: fd.Foundry, lend: Callable[[], Any], error: type[BaseException], message: str
) -> None:
    class _Lends:
        def __dlpack__(self, **_: Any) -> Any:
            return lend()

    with pytest.raises(error, match=message) as caught:
        rt.from_dlpack(_Lends())
    if message.endswith("lends nothing"):
        assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"version": (2, 0)}, fd.StorageError, r"DLPack version 2\.0; unsupported, supported"),
        ({"ndim": -1}, fd.ShapeError, "-1 dimensions, the most is 8"),
        ({"ndim": 9}, fd.ShapeError, "9 dimensions, the most is 8"),
        ({"data": None}, fd.StorageError, "lends no memory"),
        ({"device": dlpack.Device(2, 0)}, fd.StorageError, "lends memory of another device"),
        ({"lanes": 4}, fd.DTypeError, "type code 2 of 32 bits and 4 lanes has no element type"),
        ({"bits": 24}, fd.DTypeError, "type code 2 of 24 bits"),
        ({"code": 200}, fd.DTypeError, "type code 200"),
    ],
)
def test_a_malformed_capsule_is_refused_and_returned(
    rt: fd.Foundry, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    producer = dlpack.Producer(VALUES.copy(), **changes)
    with pytest.raises(error, match=message):
        rt.from_dlpack(producer)
    taken = 0 if "version" in changes else 1  # of another version not even the layout is known
    rt.synchronize()
    assert producer.returned == taken
    with pytest.raises(fd.StorageError, match="which is no unused DLPack capsule"):
        capsule = _Capsule(np.ones(3, np.float32).__dlpack__())
        for _ in range(2):
            rt.from_dlpack(capsule)


def test_a_mapped_model_file_survives_a_consumer_that_ignores_numpys_flag(tmp_path: Path) -> None:
    """As torch.from_numpy does, which warns: it writes to pages of the host's own."""
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    script = f"""
import ctypes, os
import numpy as np, foundry as fd
rt = fd.Foundry()
path = {str(path)!r}
w = fd.Gguf(path).tensor(rt, "output_norm.weight")
before = w.copy_to_host()
view = np.asarray(w)
(ctypes.c_float * view.size).from_address(view.ctypes.data)[:] = [7] * view.size
y = rt.empty(w.shape, fd.f32)
rt.run(fd.ops.Copy(x=w, y=y))
assert np.array_equal(y.host(), before), "kernels read the file"
assert np.array_equal(fd.Gguf(path).tensor(rt, "output_norm.weight").host(), before)
os.truncate(path, 0)
(ctypes.c_float * view.size).from_address(view.ctypes.data)[:] = [8] * view.size
"""
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert path.read_bytes() == b"" != before
