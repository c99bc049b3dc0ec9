"""DLPack by hand: what capsules hold, and producers that lend as they like."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

READ_ONLY, IS_COPIED = 1, 2

_get = ctypes.pythonapi.PyCapsule_GetPointer
_get.restype, _get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
_new = ctypes.pythonapi.PyCapsule_New
_new.restype = ctypes.py_object
_new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_name = ctypes.pythonapi.PyCapsule_GetName
_name.restype, _name.argtypes = ctypes.c_char_p, [ctypes.py_object]


class Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class DlpackTensor(ctypes.Structure):
    """DLTensor of dlpack.h."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Unversioned(ctypes.Structure):
    """DLManagedTensor."""

    _fields_ = [
        ("tensor", DlpackTensor),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
    ]


class Versioned(ctypes.Structure):
    """DLManagedTensorVersioned."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("flags", ctypes.c_uint64),
        ("tensor", DlpackTensor),
    ]


def name_of(capsule: Any) -> str:
    return str(_name(capsule).decode())


def managed(capsule: Any) -> Any:
    """The Unversioned or Versioned that an unused capsule holds."""
    kind = Versioned if name_of(capsule) == "dltensor_versioned" else Unversioned
    return kind.from_address(_get(capsule, _name(capsule)))


def values_of(capsule: Any) -> np.ndarray[Any, Any]:
    """The f32 values of a contiguous capsule, writable whatever its flags say: a consumer like
    torch, which ignores them."""
    lent = managed(capsule).tensor
    shape = [lent.shape[i] for i in range(lent.ndim)]
    count = int(np.prod(shape))
    array = (ctypes.c_float * count).from_address(lent.data + lent.byte_offset)
    return np.frombuffer(array, np.float32).reshape(shape)  # type: ignore[call-overload]


_lent: list[Any] = []  # what capsules point to, for ever: a callback cannot free itself


class Producer:
    """Lends an f32 array by a capsule made here, and counts how often it got it back."""

    def __init__(self, array: np.ndarray[Any, Any], **options: Any) -> None:
        self.array, self.returned = array, 0
        self.version: tuple[int, int] | None = options.pop("version", None)
        self.flags: int = options.pop("flags", 0)
        self.changes = options
        self.asked: list[dict[str, Any]] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __dlpack__(self, **options: Any) -> Any:
        self.asked.append(options)
        if self.version is None and options:
            raise TypeError("__dlpack__() got an unexpected keyword argument")
        kept = Versioned() if self.version else Unversioned()
        tensor = kept.tensor
        rank = self.array.ndim
        shape = (ctypes.c_int64 * max(rank, 1))(*self.array.shape)
        tensor.data, tensor.device = self.array.ctypes.data, Device(1, 0)
        tensor.ndim, tensor.shape = rank, shape
        tensor.code, tensor.bits, tensor.lanes = 2, 32, 1
        for name, value in self.changes.items():
            setattr(tensor, name, value)

        def deleter(_: int) -> None:
            self.returned += 1

        kept.deleter = type(kept.deleter)(deleter)
        _lent.append((self, kept, shape, kept.deleter))
        if isinstance(kept, Versioned):
            kept.major, kept.minor = self.version or (1, 0)
            kept.flags = self.flags
        name = b"dltensor_versioned" if self.version else b"dltensor"  # type: ignore[assignment]
        return _new(ctypes.addressof(kept), name, None)
