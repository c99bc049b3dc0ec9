"""Parameter structs from Python: one class gives the MSL struct, its layout and its values.

class BlendParams(fd.ParameterStruct):
    count: fd.u32
    factors: fd.Array[fd.f32, 4]      # float factors[4]
    colour: fd.Packed[fd.f32, 3]      # packed_float3 colour

@fd.kernel(dispatch=fd.per_element("y"))
def blend(y: fd.InOut[fd.f32], params: BlendParams): ...

rt.run(blend(y=y, params=BlendParams(count=8, factors=[...], colour=(1, 0, 0))))
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np

from foundry._foundry import (
    ArgumentError,
    ArgumentTypeError,
    DType,
    DTypeError,
    StructLayout,
    numpy_dtype,
)
from foundry.call_errors import typed_call


@dataclass(frozen=True)
class _Member:
    """What a member's annotation evaluates to; `count` is 0 for what is no array."""

    dtype: DType
    count: int = 0
    lanes: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        array = (self.count,) if self.count else ()
        return (*array, self.lanes) if self.lanes > 1 else array


def _member(annotation: object, where: str) -> _Member:
    if isinstance(annotation, _Member):
        return annotation
    if isinstance(annotation, DType):
        return _Member(annotation)
    raise DTypeError(
        f"{where} needs a dtype, Array[dtype, n] or Packed[dtype, n], not {annotation!r}"
    )


class Array:
    """`Array[f32, 4]`: a member that is an array, of a dtype or of packed vectors."""

    def __new__(cls, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError("Array is an annotation: Array[foundry.f32, 4]")

    def __class_getitem__(cls, item: tuple[Any, int]) -> _Member:
        element, count = item
        member = _member(element, "Array[...]")
        if member.count or not isinstance(count, int) or count < 1:
            raise ArgumentError(f"Array[{element}, {count}]: a positive length, and no array in it")
        return _Member(member.dtype, count, member.lanes)


class Packed:
    """`Packed[f32, 3]`: packed_float3 in MSL, elements without padding, aligned as one."""

    def __new__(cls, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError("Packed is an annotation: Packed[foundry.f32, 3]")

    def __class_getitem__(cls, item: tuple[DType, int]) -> _Member:
        dtype, lanes = item
        if not isinstance(dtype, DType) or lanes not in (2, 3, 4):
            raise ArgumentError(f"Packed[{dtype}, {lanes}]: a dtype, and 2, 3 or 4 elements")
        return _Member(dtype, 0, lanes)


class ParameterStruct:
    """Base of parameter structs: annotated members, values as keyword arguments, all needed."""

    layout: ClassVar[StructLayout]
    _members: ClassVar[dict[str, _Member]]
    _numpy: ClassVar[np.dtype[Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        annotations = inspect.get_annotations(cls, eval_str=True)
        cls._members = {
            name: _member(annotation, f"{cls.__name__}.{name}")
            for name, annotation in annotations.items()
        }
        if not cls._members:
            raise ArgumentError(f"{cls.__name__} has no members")
        cls.layout = StructLayout.packed_like_c(
            cls.__name__,
            [(name, m.dtype, m.count, m.lanes) for name, m in cls._members.items()],
        )
        cls._numpy = np.dtype(
            {
                "names": list(cls._members),
                "formats": [(numpy_dtype(m.dtype), m.shape) for m in cls._members.values()],
                "offsets": cls.layout.offsets,
                "itemsize": cls.layout.size,
            }
        )

    @typed_call
    def __init__(self, **values: Any) -> None:
        wrong = set(values) ^ set(self._members)
        if wrong:
            raise ArgumentError(
                f"{type(self).__name__} takes {', '.join(self._members)}; "
                f"missing or unknown: {', '.join(sorted(wrong))}"
            )
        record = np.zeros((), self._numpy)
        for name, value in values.items():
            member = self._members[name]
            if np.shape(value) != member.shape:
                raise ArgumentError(
                    f"{type(self).__name__}.{name} has shape {np.shape(value)}; "
                    f"expected {member.shape}"
                )
            record[name] = self._converted(name, member, value)
        self._bytes = record.tobytes()

    def _converted(self, name: str, member: _Member, value: Any) -> Any:
        """The value in the member's type, which it must be able to hold."""
        given = np.asarray(value)
        converted = given.astype(numpy_dtype(member.dtype))
        if not member.dtype.is_float and not np.array_equal(converted, given):
            raise ArgumentError(
                f"{type(self).__name__}.{name} is {value!r}, which is no {member.dtype}"
            )
        return converted

    def tobytes(self) -> bytes:
        """The struct as the kernel reads it."""
        return self._bytes

    def __repr__(self) -> str:
        record = np.frombuffer(self._bytes, self._numpy)[0]
        values = ", ".join(f"{name}={record[name].tolist()}" for name in self._members)
        return f"{type(self).__name__}({values})"
