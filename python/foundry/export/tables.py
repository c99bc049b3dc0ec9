"""Named tables as a file: GGUF metadata without tensors, which C++ reads with bounds checked."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundry.atomic_file import replaced

Table = bool | int | str | Sequence[str] | NDArray[np.generic]

# Of the GGUF specification: the types of values.
_BOOL, _STRING, _ARRAY, _U32 = 7, 8, 9, 4
_ELEMENTS = {"uint8": 0, "int32": 5, "uint32": 4, "float32": 6}


def write(tables: Mapping[str, Table], path: Path) -> None:
    """Writes the file whole or not at all."""
    parts = [b"GGUF", struct.pack("<IQQ", 3, 0, len(tables))]
    for key, value in tables.items():
        parts += [_text(key), _value(value)]
    with replaced(path) as part:
        part.write_bytes(b"".join(parts))


def joined(texts: Sequence[bytes], name: str) -> dict[str, Table]:
    """Byte strings as two tables: all of them, and where each ends."""
    ends = np.cumsum([len(text) for text in texts], dtype=np.uint32)
    return {f"{name}.bytes": np.frombuffer(b"".join(texts), np.uint8), f"{name}.ends": ends}


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Table) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<IB", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, np.ndarray):
        kind = _ELEMENTS[value.dtype.name]
        data = value.astype(value.dtype.newbyteorder("<")).tobytes()
        return struct.pack("<IIQ", _ARRAY, kind, value.size) + data
    return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(map(_text, value))
