"""The values of a kernel's call, checked, in the form that its definition takes.

Each function makes a converter for one argument; `where` names it in errors. Converters are made
once for a kernel and run at every call.
"""

from __future__ import annotations

import numbers
import operator
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from foundry._foundry import (
    ArgumentError,
    ArgumentTypeError,
    DType,
    DTypeError,
    Parameter,
    ShapeError,
    Tensor,
    encode_scalar,
)
from foundry.call_errors import shown
from foundry.parameter_struct import ParameterStruct

Value = Tensor | bytes | int | tuple[Parameter, DType] | None
Converter = Callable[[Any], Value]


def _unfit(where: str, value: object, expected: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{where} is a {type(value).__name__}; expected {expected}")


def tensor(where: str, dtype: DType, *, optional: bool) -> Converter:
    def convert(value: Any) -> Tensor | None:
        if value is None and optional:
            return None
        if not isinstance(value, Tensor):
            raise _unfit(where, value, "a Tensor or None" if optional else "a Tensor")
        if value.dtype is not dtype:
            raise DTypeError(f"{where} is {value.dtype}; expected {dtype}")
        return value

    return convert


def parameter_struct(where: str, kind: type[ParameterStruct]) -> Converter:
    def convert(value: Any) -> bytes:
        if not isinstance(value, kind):
            raise _unfit(where, value, kind.__name__)
        if type(value) is not kind and value.layout.size != kind.layout.size:
            # A derived struct has more members; the kernel reads those of its own.
            return value._bytes[: kind.layout.size]
        return value._bytes

    return convert


def threadgroup_memory(where: str) -> Converter:
    def convert(value: Any) -> int:
        if isinstance(value, bool) or not hasattr(type(value), "__index__"):
            raise _unfit(where, value, "a number of elements")
        elements = _index(where, value)
        if not 1 <= elements < 2**32:
            raise ArgumentError(f"{where} is {elements}; expected a positive number of elements")
        return elements

    return convert


def _index(where: str, value: Any) -> int:
    try:
        return operator.index(value)
    except Exception as error:
        raise ArgumentTypeError(f"{where} is {shown(value)}, whose __index__ raises") from error


def constant(where: str, dtype: DType) -> Callable[[Any], bytes]:
    """A scalar as its bytes."""
    # Of bool, the struct module takes anything for one.
    code = dtype.format if dtype is not DType.boolean else None
    pack = struct.Struct(f"={code}").pack if code else None
    plain = (float, int) if dtype.is_float else (int,)

    def convert(value: Any) -> bytes:
        if pack is not None and type(value) in plain:
            try:
                return pack(value)
            except (struct.error, OverflowError):
                pass  # numpy's numbers and the like, and what does not fit
        return _any_scalar(where, dtype, value)

    return convert


def scalar(where: str, dtype: DType) -> Converter:
    """Likewise, or a `Parameter` with the type of what it stands for."""
    convert = constant(where, dtype)

    def convert_or_keep(value: Any) -> bytes | tuple[Parameter, DType]:
        return (value, dtype) if isinstance(value, Parameter) else convert(value)

    return convert_or_keep


def _any_scalar(where: str, dtype: DType, value: Any) -> bytes:
    try:
        shape = np.shape(value)
    except ValueError as error:  # nested lists of several lengths
        raise ShapeError(f"{where} is a {type(value).__name__}; expected one {dtype}") from error
    except Exception as error:  # of a value's own methods
        raise ArgumentTypeError(f"{where} is {_said(value)}, which is no {dtype}") from error
    if shape:
        raise ShapeError(f"{where} has shape {shape}; expected one {dtype}")
    encoded = encode_scalar(value, dtype)
    if encoded is None:
        is_number = isinstance(value, numbers.Number | np.bool_)
        kind = ArgumentError if is_number else ArgumentTypeError
        raise kind(f"{where} is {_said(value)}, which is no {dtype}")
    return encoded


def _said(value: object) -> str:
    return shown(value).rpartition(" (")[0] or shown(value)
