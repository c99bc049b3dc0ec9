"""What callers pass, as plain Python values: other number types are taken where they are exact."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from foundry.errors import ArgumentError, ArgumentTypeError


def checked_text(text: object, where: str) -> str:
    """`text` as a plain str, whatever class of str it was. `ArgumentError` for a lone surrogate."""
    if not isinstance(text, str):
        raise ArgumentTypeError(f"{where} is a {type(text).__name__}; expected a str")
    plain = str.__str__(text)
    try:
        plain.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(
            f"{where[:200]}: unsupported lone surrogate {plain[error.start]!r} at index "
            f"{error.start}; supported: Unicode text"
        ) from error
    return plain


def checked_integer(value: object, where: str) -> int:
    """An int of any integer type; neither bool nor float, even where it is whole."""
    if not isinstance(value, bool | np.bool_ | np.ndarray):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise ArgumentTypeError(f"{where} is {shown(value)}; expected an int")


def checked_flag(value: object, where: str) -> bool:
    """A bool; nothing else is true or false here."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"{where} is {shown(value)}; expected a bool")
    return bool(value)


def checked_number(value: object, where: str) -> float:
    """A finite number of any real type, within the range of a 32-bit float."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise ArgumentTypeError(f"{where} is {shown(value)}; expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or abs(number) > float(np.finfo(np.float32).max):
        raise ArgumentError(f"{where} is {shown(value)}, not a finite number of 32 bits")
    return number


def checked_tokens(tokens: object, vocabulary: int, where: str) -> list[int]:
    """Token ids as ints. `ArgumentError` for one that the vocabulary has not."""
    if isinstance(tokens, np.ndarray):
        if tokens.ndim != 1 or not (tokens.size == 0 or np.issubdtype(tokens.dtype, np.integer)):
            raise ArgumentTypeError(
                f"{where}: an array of shape {tokens.shape} and dtype {tokens.dtype}; expected one "
                "row of integers"
            )
        tokens = tokens.tolist()
    if isinstance(tokens, str | bytes) or not isinstance(tokens, Sequence):
        raise ArgumentTypeError(
            f"{where}: unsupported type {type(tokens).__name__}; supported: token ids as a list or "
            "an array"
        )
    ids: list[int] = []
    for index, token in enumerate(tokens):
        number = checked_integer(token, f"{where}: token {index}")
        if not 0 <= number < vocabulary:
            raise ArgumentError(
                f"{where}: token {shown(number)} at index {index}; the vocabulary has {vocabulary}"
            )
        ids.append(number)
    return ids


def shown(value: Any) -> str:
    """The value for a message: short, whatever it is."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an int of {value.bit_length()} bits"
    try:
        text = repr(value)
    except Exception:  # a class of the caller's; its own failure is not the one to report
        return f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:79]}…"
