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

import difflib
from collections.abc import Callable
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
from foundry.annotations import resolved
from foundry.call_errors import shown, typed_call
from foundry.exact_numbers import converted


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

    def __repr__(self) -> str:
        text = f"Packed[{self.dtype}, {self.lanes}]" if self.lanes > 1 else str(self.dtype)
        return f"Array[{text}, {self.count}]" if self.count else text


def _member(annotation: object, where: str) -> _Member:
    if isinstance(annotation, _Member):
        return annotation
    if isinstance(annotation, DType):
        return _Member(annotation)
    is_struct = isinstance(annotation, type) and issubclass(annotation, ParameterStruct)
    raise DTypeError(
        f"{where} needs a dtype, Array[dtype, n] or Packed[dtype, n], not "
        + ("a struct within a struct" if is_struct else shown(annotation))
    )


def _pair(kind: str, item: object) -> tuple[Any, int]:
    if not (isinstance(item, tuple) and len(item) == 2):
        raise ArgumentTypeError(f"{kind}[{shown(item)}]: it takes two, {kind}[foundry.f32, 4]")
    element, count = item
    if isinstance(count, bool) or not isinstance(count, int):
        raise ArgumentTypeError(f"{kind}[...]: its length is {shown(count)}; expected an integer")
    return element, count


class Array:
    """`Array[f32, 4]`: a member that is an array, of a dtype or of packed vectors."""

    def __new__(cls, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError("Array is an annotation: Array[foundry.f32, 4]")

    def __class_getitem__(cls, item: tuple[Any, int]) -> _Member:
        element, count = _pair("Array", item)
        member = _member(element, "Array[...]")
        if member.count or not 1 <= count < 2**31:
            raise ArgumentError(
                f"Array[{member}, {count}]: a length from 1 to 2147483647, and no array in it"
            )
        return _Member(member.dtype, count, member.lanes)


class Packed:
    """`Packed[f32, 3]`: packed_float3 in MSL, elements without padding, aligned as one."""

    def __new__(cls, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError("Packed is an annotation: Packed[foundry.f32, 3]")

    def __class_getitem__(cls, item: tuple[DType, int]) -> _Member:
        dtype, lanes = _pair("Packed", item)
        if not isinstance(dtype, DType) or lanes not in (2, 3, 4):
            raise ArgumentError(f"Packed[{dtype}, {lanes}]: a dtype, and 2, 3 or 4 elements")
        return _Member(dtype, 0, lanes)


class _Field:
    """A member as an attribute of the struct."""

    def __init__(self, name: str, member: _Member) -> None:
        self.name = name
        self.member = member

    def __get__(self, struct: ParameterStruct | None, owner: type) -> Any:
        if struct is None:
            return self.member
        return struct._record[self.name].tolist()

    def __set__(self, struct: ParameterStruct, value: Any) -> None:
        struct._record[self.name] = converted(
            f"{type(struct).__name__}.{self.name}", self.member, value
        )
        struct._bytes = struct._record.tobytes()


class ParameterStruct:
    """Base of parameter structs: annotated members, values as keyword or positional arguments.

    As a dataclass it has defaults (`count: fd.u32 = 1`), members of its base classes first, values
    as attributes, `==` and no hash. Raises `ArgumentTypeError` for missing, surplus and misspelt
    members and for values of another type, `ArgumentError` for values that the type does not hold.
    """

    layout: ClassVar[StructLayout]
    _members: ClassVar[dict[str, _Member]] = {}
    _defaults: ClassVar[dict[str, Any]] = {}
    _numpy: ClassVar[np.dtype[Any]]
    _check: ClassVar[Callable[..., Any]]

    _record: np.ndarray[Any, Any]
    _bytes: bytes

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        members: dict[str, _Member] = {}
        defaults: dict[str, Any] = {}
        for base in reversed(cls.__mro__[1:]):
            if issubclass(base, ParameterStruct):
                members |= base._members
                defaults |= base._defaults
        for name, annotation in resolved(cls, cls.__name__).items():
            if name in _OWN_NAMES:
                raise ArgumentError(
                    f"{cls.__name__}: member name '{name}' is one that ParameterStruct uses itself"
                )
            members[name] = _member(annotation, f"{cls.__name__}.{name}")
            default = vars(cls).get(name, _Field)
            defaults.pop(name, None)
            if default is not _Field:
                defaults[name] = converted(f"{cls.__name__}.{name}", members[name], default)
            setattr(cls, name, _Field(name, members[name]))
        if not members:
            raise ArgumentError(f"{cls.__name__} has no members")
        cls._members = members
        cls._defaults = defaults
        cls.layout = StructLayout.packed_like_c(
            cls.__name__, [(name, m.dtype, m.count, m.lanes) for name, m in members.items()]
        )
        cls._numpy = np.dtype(
            {
                "names": list(members),
                "formats": [(numpy_dtype(m.dtype), m.shape) for m in members.values()],
                "offsets": cls.layout.offsets,
                "itemsize": cls.layout.size,
            }
        )

    @typed_call
    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        if cls is ParameterStruct:
            raise ArgumentTypeError(
                "ParameterStruct is a base: derive a class from it that has members"
            )
        given = cls._bound(values, named)
        record = np.zeros((), cls._numpy)
        for name, member in cls._members.items():
            if name in given:
                record[name] = converted(f"{cls.__name__}.{name}", member, given[name])
            else:
                record[name] = cls._defaults[name]
        self._record = record
        self._bytes = record.tobytes()

    @classmethod
    def _bound(cls, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        members = list(cls._members)
        takes = f"{cls.__name__} takes {', '.join(members)}"
        if len(values) > len(members):
            raise ArgumentTypeError(f"{takes}; {len(values)} values are given")
        given = dict(zip(members, values, strict=False))
        twice = sorted(given.keys() & named.keys())
        if twice:
            raise ArgumentTypeError(f"{takes}; given twice: {', '.join(twice)}")
        given |= named
        missing = [name for name in members if name not in given and name not in cls._defaults]
        unknown = [shown_name(name) for name in given if name not in cls._members]
        if missing or unknown:
            close = difflib.get_close_matches(unknown[0], members, 1) if unknown else []
            hint = f"; did you mean '{close[0]}'?" if close else ""
            parts = [
                f"{kind}: {', '.join(names)}"
                for kind, names in (("missing", missing), ("unknown", unknown))
                if names
            ]
            raise ArgumentTypeError(f"{takes}; {'; '.join(parts)}{hint}")
        return given

    @typed_call
    def tobytes(self) -> bytes:
        """The struct as the kernel reads it."""
        return self._bytes

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._members and name not in _OWN_NAMES:
            close = difflib.get_close_matches(name, list(self._members), 1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise AttributeError(f"{type(self).__name__} has no member '{shown_name(name)}'{hint}")
        super().__setattr__(name, value)

    def __getstate__(self) -> bytes:
        return self._bytes

    def __setstate__(self, state: bytes) -> None:
        self._record = np.frombuffer(state, self._numpy)[0:1].reshape(()).copy()
        self._bytes = state

    def __eq__(self, other: object) -> bool:
        """The same class and values; as with numbers, NaN equals nothing."""
        if type(other) is not type(self):
            return NotImplemented
        return all(
            np.array_equal(self._record[name], other._record[name]) for name in self._members
        )

    __hash__ = None  # type: ignore[assignment]  # its values change

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={self._record[name].tolist()}" for name in self._members)
        return f"{type(self).__name__}({values})"


_OWN_NAMES = frozenset(vars(ParameterStruct)) | {"layout", "_numpy", "_record", "_bytes"}


def shown_name(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
