"""Values of Python and numpy as the bytes of a type of MSL, laid out as reflection tells."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from foundry._foundry import (
    ArgumentError,
    ArgumentTypeError,
    DType,
    LibraryArgument,
    LibraryConstant,
    LibraryMember,
    numpy_dtype,
)
from foundry.call_errors import close_to, shown
from foundry.exact_numbers import converted
from foundry.parameter_struct import ParameterStruct

_SCALARS = {dtype.metal_name: dtype for dtype in DType if not dtype.is_block}


@dataclass(frozen=True)
class Numbers:
    """Numbers of one dtype: a scalar, vector or matrix, or arrays of these. A matrix has its
    columns first, as MSL's initialisers do."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # bytes

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Struct:
    members: Mapping[str, tuple[int, Layout]]
    size: int  # bytes

    def __str__(self) -> str:
        return f"a struct of {', '.join(self.members)}"


@dataclass(frozen=True)
class Structs:
    """An array of structs, or of such arrays."""

    element: Struct | Structs
    length: int
    stride: int  # bytes

    def __str__(self) -> str:
        return f"{self.length} times {self.element}"


@dataclass(frozen=True)
class Opaque:
    """What reflection does not describe: it is taken as its bytes."""

    what: str

    def __str__(self) -> str:
        return self.what


Layout = Numbers | Struct | Structs | Opaque


def layout_of(argument: LibraryArgument | LibraryConstant) -> Layout:
    """What an argument points to, or a function constant."""
    if isinstance(argument, LibraryConstant):
        return _numbers(argument.type, argument.size) or Opaque(argument.type)
    if argument.type == "struct":
        return _struct(argument.members, argument.size)
    return _numbers(argument.type, argument.size) or Opaque(argument.type or "memory")


def pack(where: str, layout: Layout, size: int, value: Any) -> bytes:
    """The bytes of one element of `size` bytes, or of several: an array's, a list's."""
    raw = _raw(value)
    if raw is not None:
        if size and len(raw) % size:
            raise ArgumentError(
                f"{where} takes {layout}, {size} bytes or a multiple of them; "
                f"got {shown(type(value))} of {len(raw)} bytes"
            )
        return raw
    if isinstance(layout, Numbers):
        return _packed_numbers(where, layout, size, value)
    if isinstance(value, np.ndarray) and value.dtype.names is not None:
        if value.dtype == _dtype_or_none(layout, size):
            return np.ascontiguousarray(value).tobytes()
        value = value if value.ndim <= 1 else value.reshape(-1)
    if isinstance(layout, Struct) and not _is_several(value):
        return _packed_struct(where, layout, value)
    if isinstance(layout, Struct):
        structs = Structs(layout, len(value), size)
        return _filled(where, structs, structs.length * size, value)
    raise ArgumentTypeError(
        f"{where} is {shown(value)}; {layout} is not described by reflection: "
        f"it takes bytes, {size} for each"
    )


def numpy_dtype_of(layout: Layout, size: int) -> np.dtype[Any]:
    """numpy's dtype with the same places; ArgumentTypeError for what has none."""
    if isinstance(layout, Numbers):
        item = np.dtype(numpy_dtype(layout.dtype)).itemsize
        shape = layout.shape
        if shape and layout.strides != _packed_strides(shape, item):
            # Columns and elements with padding: numpy has the room of what they lie in.
            outer = layout.strides[len(shape) - 2] // item if len(shape) > 1 else shape[-1]
            shape = (*shape[:-1], outer)
            if _packed_strides(shape, item) != layout.strides:
                raise ArgumentTypeError(f"{layout} has no numpy dtype: elements lie apart")
        plain = np.dtype((numpy_dtype(layout.dtype), shape))
        if plain.itemsize != size and len(layout.shape) == 1:  # a vector of three
            plain = np.dtype((numpy_dtype(layout.dtype), (size // item,)))
        return plain
    if isinstance(layout, Struct):
        fields = {}
        for name, (offset, member) in layout.members.items():
            if isinstance(member, Opaque):
                raise ArgumentTypeError(f"member '{name}', {member}, has no numpy dtype")
            fields[name] = (numpy_dtype_of(member, _natural_size(member)), offset)
        return np.dtype(
            {
                "names": list(fields),
                "formats": [kind for kind, _ in fields.values()],
                "offsets": [offset for _, offset in fields.values()],
                "itemsize": size,
            }
        )
    if isinstance(layout, Structs):
        return np.dtype((numpy_dtype_of(layout.element, layout.stride), (layout.length,)))
    raise ArgumentTypeError(f"{layout} has no numpy dtype")


def _dtype_or_none(layout: Layout, size: int) -> np.dtype[Any] | None:
    try:
        return numpy_dtype_of(layout, size)
    except ArgumentTypeError:
        return None


def _natural_size(layout: Layout) -> int:
    """Bytes of it; of a vector of three without the padding that it may have."""
    if isinstance(layout, Numbers):
        item: int = np.dtype(numpy_dtype(layout.dtype)).itemsize
        return layout.shape[0] * layout.strides[0] if layout.shape else item
    if isinstance(layout, Struct):
        return layout.size
    return layout.length * layout.stride if isinstance(layout, Structs) else 0


def _packed_strides(shape: tuple[int, ...], item: int) -> tuple[int, ...]:
    return tuple(item * math.prod(shape[i + 1 :]) for i in range(len(shape)))


def _numbers(name: str, size: int) -> Numbers | None:
    """Of "float", "half4", "float4x3"."""
    found = re.fullmatch(r"([a-z]+)(?:([2-4])(?:x([2-4]))?)?", name)
    dtype = _SCALARS.get(found[1]) if found else None
    if found is None or dtype is None:
        return None
    item = np.dtype(numpy_dtype(dtype)).itemsize
    if found[2] is None:
        return Numbers(name, dtype, (), ())
    first = int(found[2])
    if found[3] is None:
        return Numbers(name, dtype, (first,), (item,))
    rows = int(found[3])
    return Numbers(name, dtype, (first, rows), ((4 if rows == 3 else rows) * item, item))


def _layout(member: LibraryMember) -> Layout:
    if member.type == "struct":
        if not member.members:
            return Opaque("a type that it does not tell")
        return _struct(member.members, 0)
    if member.type == "array":
        (inner,) = member.members
        element = _layout(inner)
        if isinstance(element, Numbers):
            return Numbers(
                f"{element.name}[{member.length}]",
                element.dtype,
                (member.length, *element.shape),
                (member.stride, *element.strides),
            )
        if isinstance(element, Struct):
            element = Struct(element.members, member.stride)
        if isinstance(element, Struct | Structs):
            return Structs(element, member.length, member.stride)
        return Opaque(f"an array of {element}")
    return _numbers(member.type, 0) or Opaque(f"a {member.type}")


def _struct(members: Sequence[LibraryMember], size: int) -> Layout:
    """Opaque where members lie on each other (a union) or are not told."""
    if [member.name for member in members] == ["__s"]:  # Apple's atomics
        return _layout(members[0])
    places = {member.name: (member.offset, _layout(member)) for member in members}
    offsets = [offset for offset, _ in places.values()]
    if not members or len(places) != len(members) or len(set(offsets)) != len(offsets):
        return Opaque("a union, bit-field or unnamed member")
    end = max(offset + _natural_size(layout) for offset, layout in places.values())
    return Struct(places, size or end)


def _raw(value: Any) -> bytes | None:
    """What is bytes already."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, ParameterStruct):
        return value.tobytes()
    if isinstance(value, np.ndarray | np.generic):
        return None
    try:
        view = memoryview(value)
    except TypeError:
        return None
    return view.tobytes()  # a ctypes struct, an array


def _is_several(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str)


def _packed_numbers(where: str, layout: Numbers, size: int, value: Any) -> bytes:
    try:
        shape = np.shape(value)
    except Exception as error:
        raise ArgumentTypeError(f"{where} is {shown(value)}; expected {layout}") from error
    own = len(layout.shape)
    if len(shape) <= own or shape[len(shape) - own :] != layout.shape:
        return _filled(where, layout, size, value)
    count = math.prod(shape[: len(shape) - own])
    several = Numbers(
        f"any number of {layout}",
        layout.dtype,
        (count, *layout.shape),
        (size, *layout.strides),
    )
    return _filled(where, several, count * size, np.reshape(value, several.shape))


def _packed_struct(where: str, layout: Struct, value: Any) -> bytes:
    return _filled(where, layout, layout.size, value)


def _filled(where: str, layout: Layout, size: int, value: Any) -> bytes:
    memory = np.zeros(size, np.uint8)
    _fill(where, layout, memory, 0, value)
    return memory.tobytes()


def _fill(
    where: str, layout: Layout, memory: np.ndarray[Any, Any], offset: int, value: Any
) -> None:
    if isinstance(layout, Numbers):
        kind = numpy_dtype(layout.dtype)
        numbers = converted(where, layout, value)
        room = memory[offset:]
        if not layout.shape:
            raw = numbers.tobytes()
            room[: len(raw)] = np.frombuffer(raw, np.uint8)
            return
        place = np.ndarray(layout.shape, kind, room.data, 0, layout.strides)
        place[...] = numbers
    elif isinstance(layout, Struct):
        fields = _fields(where, layout, value)
        for name, (at, member) in layout.members.items():
            _fill(f"{where}, member '{name}'", member, memory, offset + at, fields[name])
    elif isinstance(layout, Structs):
        if not _is_several(value) or len(value) != layout.length:
            raise ArgumentError(f"{where} is {shown(value)}; expected {layout.length} structs")
        for i, item in enumerate(value):
            _fill(f"{where}[{i}]", layout.element, memory, offset + i * layout.stride, item)
    else:
        raise ArgumentTypeError(
            f"{where} is {layout}: unsupported in a struct that is packed by its members; "
            f"supported: numbers, vectors, matrices, structs and arrays of these. "
            f"The whole struct may be given as bytes"
        )


def _fields(where: str, layout: Struct, value: Any) -> Mapping[str, Any]:
    """The members of a mapping or of numpy's structured scalar, all of them by name."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.void) and value.dtype.names is not None:
        value = {name: value[name] for name in value.dtype.names}
    if not isinstance(value, Mapping):
        raise ArgumentTypeError(
            f"{where} is {shown(value)}; expected {layout}: a dict, a numpy structured value, "
            f"a ParameterStruct or its {layout.size} bytes"
        )
    for name in value:
        if name not in layout.members:
            raise ArgumentTypeError(
                f"{where}: there is no member {name!r}{close_to(str(name), layout.members)}"
            )
    missing = [name for name in layout.members if name not in value]
    if missing:
        raise ArgumentTypeError(f"{where}: missing: {', '.join(missing)}; it is {layout}")
    return value
