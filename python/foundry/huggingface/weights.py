"""The tensors of a folder's safetensors files: where each lies in which file.

The format is that of the `safetensors` package, which checks the headers.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType, Foundry, Tensor, numpy_dtype
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import shown

_DTYPES = {
    "F64": DType.f64,
    "F32": DType.f32,
    "F16": DType.f16,
    "BF16": DType.bf16,
    "I64": DType.i64,
    "I32": DType.i32,
    "I16": DType.i16,
    "I8": DType.i8,
    "U8": DType.u8,
    "U32": DType.u32,
    "F8_E4M3": DType.u8,
    "BOOL": DType.boolean,
}
_INDEX, _SINGLE = "model.safetensors.index.json", "model.safetensors"


class WeightsFile:
    """One file: read for the host, where a page that is gone would end the process, and mapped for
    a device, whose tensors keep the mapping."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not path.is_file():
                raise ModelError(f"{path}: is no file")
            self._file = path.open("rb")
            self.nbytes = self._file.seek(0, os.SEEK_END)
            self._memory = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ModelError(f"{path}: {error}") from error

    def mapped(self, offset: int, length: int) -> memoryview:
        return memoryview(self._memory)[offset : offset + length]

    def read(self, offset: int, length: int) -> bytearray:
        """`ModelError` for a file that ends before."""
        found = bytearray(length)
        self._file.seek(offset)
        if self._file.readinto(found) != length:
            raise ModelError(f"{self.path}: ends before byte {offset + length}")
        return found

    def require_whole(self) -> None:
        """`ModelError` with both sizes if the file is shorter than when it was opened."""
        size = os.fstat(self._file.fileno()).st_size
        if size < self.nbytes:
            raise ModelError(f"{self.path}: has {size} bytes now, it had {self.nbytes}")


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as its file has it."""

    name: str
    file: WeightsFile
    offset: int
    shape: tuple[int, ...]
    dtype: DType
    """Of its bytes, where ours has none of its kind."""
    kind: str
    """As the file says it."""

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * numpy_dtype(self.dtype).itemsize

    def values(self) -> NDArray[Any]:
        """The elements, read."""
        memory = self.file.read(self.offset, self.nbytes)
        return np.frombuffer(memory, numpy_dtype(self.dtype)).reshape(self.shape)

    @property
    def is_aligned(self) -> bool:
        return self.offset % numpy_dtype(self.dtype).itemsize == 0

    def on_device(self, runtime: Foundry) -> Tensor:
        """Without a copy, where the file has it aligned."""
        if not self.is_aligned:
            return runtime.tensor(self.values(), self.dtype, name=self.name)
        memory = self.file.mapped(self.offset, self.nbytes)
        return runtime.borrow(memory, self.dtype, self.shape, name=self.name)


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """By name, those of all the folder's files. `ModelError` for a folder without any, a damaged
    file, and an index that does not fit the files."""
    if not (folder / _INDEX).exists():
        if not (folder / _SINGLE).exists():
            raise ModelError(f"{folder}: there is no {_SINGLE} and no {_INDEX}")
        return tensors_of(folder / _SINGLE)
    places = json_object(folder / _INDEX).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(v, str) for v in places.values()):
        raise ModelError(f"{folder / _INDEX}: weight_map is no table of file names")
    tensors: dict[str, StoredTensor] = {}
    for name in sorted(set(places.values())):
        if Path(name).name != name:
            raise ModelError(f"{folder / _INDEX}: {shown(name)} is no name of a file beside it")
        tensors |= tensors_of(folder / name)
    for name, place in places.items():
        if name not in tensors or tensors[name].file.path.name != place:
            raise ModelError(f"{folder / place}: has no tensor {shown(name)}, as {_INDEX} says")
    return tensors


def tensors_of(path: Path) -> dict[str, StoredTensor]:
    """By name, those of one file."""
    from safetensors import SafetensorError, safe_open

    file = WeightsFile(path)
    tensors = {}
    try:
        with safe_open(path, framework="numpy") as opened:
            offset = 8 + struct.unpack("<Q", file.read(0, 8))[0]
            for name in opened.offset_keys():
                view = opened.get_slice(name)
                kind = view.get_dtype()
                if kind not in _DTYPES:
                    known = ", ".join(_DTYPES)
                    raise UnsupportedModelError(
                        f"{path}: unsupported dtype {shown(kind)} of {shown(name)}; supported: "
                        f"{known}"
                    )
                shape = tuple(view.get_shape())
                tensor = StoredTensor(name, file, offset, shape, _DTYPES[kind], kind)
                tensors[name] = tensor
                offset += tensor.nbytes
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: {error}") from error
    return tensors


def json_value(path: Path) -> object:
    """What a JSON file holds. `ModelError` where it is none."""
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: {error}") from error
    return found


def json_object(path: Path) -> Mapping[str, Any]:
    """The object that a JSON file holds. `ModelError` where it holds none."""
    found = json_value(path)
    if not isinstance(found, dict):
        raise ModelError(f"{path}: holds a {type(found).__name__}; expected an object")
    return found
