"""Apple's container of compiled functions, as far as tests need it: bitcode by name."""

import mmap
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

KERNEL = 2


class Metallib(Mapping[str, bytes]):
    """Its kernels. The file is mapped, and read where it is asked for."""

    def __init__(self, path: Path):
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._data[:4] != b"MTLB":
            raise ValueError(f"{path} is no metallib")
        # Behind the versions: the file's size, then offset and size of the list of functions, of
        # two kinds of metadata, and of the bitcode.
        functions, _, _, _, _, _, code, _ = struct.unpack_from("<8Q", self._data, 24)
        self._places = dict(self._entries(functions, code))

    def _entries(self, at: int, code: int) -> Iterator[tuple[str, slice]]:
        (count,) = struct.unpack_from("<I", self._data, at)
        at += 4
        for _ in range(count):
            (size,) = struct.unpack_from("<I", self._data, at)
            tags = self._tags(at + 4, at + size)
            if tags["TYPE"][0] == KERNEL:
                begin = code + struct.unpack("<3Q", tags["OFFT"])[2]
                length = struct.unpack("<Q", tags["MDSZ"])[0]
                yield tags["NAME"].rstrip(b"\0").decode(), slice(begin, begin + length)
            at += size

    def _tags(self, at: int, end: int) -> dict[str, bytes]:
        tags: dict[str, bytes] = {}
        while at < end and (name := self._data[at : at + 4]) != b"ENDT":
            (length,) = struct.unpack_from("<H", self._data, at + 4)
            tags[name.decode()] = self._data[at + 6 : at + 6 + length]
            at += 6 + length
        return tags

    def __getitem__(self, name: str) -> bytes:
        return self._data[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
