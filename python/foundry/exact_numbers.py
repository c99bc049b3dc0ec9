"""Numbers as a type of MSL holds them: each is one of the type, or an error."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from foundry._foundry import ArgumentError, ArgumentTypeError, DType, numpy_dtype
from foundry.call_errors import shown


class Numbers(Protocol):
    """A dtype and a shape; str() is what it is called in errors."""

    @property
    def dtype(self) -> DType: ...

    @property
    def shape(self) -> tuple[int, ...]: ...


def converted(where: str, kind: Numbers, value: Any) -> np.ndarray[Any, Any]:
    """The value as an array of the kind. ArgumentTypeError for what holds no numbers,
    ArgumentError for another shape and for a number that the dtype does not hold."""
    try:
        given = np.asarray(value)
    except Exception as error:
        raise ArgumentTypeError(f"{where} is {shown(value)}; expected numbers") from error
    if given.dtype.kind not in "biufV" and not _are_numbers(given):
        raise ArgumentTypeError(f"{where} is {shown(value)}; expected {kind}")
    if given.shape != kind.shape:
        raise ArgumentError(f"{where} has shape {given.shape}; expected {kind.shape}")
    with np.errstate(all="ignore"):
        try:
            result: np.ndarray[Any, Any] = given.astype(numpy_dtype(kind.dtype))
        except (OverflowError, ValueError, TypeError):  # a Python integer, NaN or struct
            pass
        else:
            if kind.dtype.is_float:
                fits = np.isfinite(result.astype(np.float64)) | ~np.isfinite(
                    given.astype(np.float64)
                )
                is_held = bool(np.all(fits))
            else:
                is_held = np.array_equal(result, given)
            if is_held:
                return result
    raise ArgumentError(f"{where} is {in_short(value)}, which is no {kind.dtype}")


def in_short(value: object) -> str:
    return shown(value).rpartition(" (")[0] or shown(value)


def _are_numbers(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array of objects holds numbers: integers of more than 64 bits."""
    return array.dtype == object and all(isinstance(item, int | float) for item in array.flat)
