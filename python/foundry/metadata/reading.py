"""Typed reads of metadata: what is missing or makes no sense is an error with key and value."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ModelError, ModelWarning, UnsupportedModelError

_SHOWN = 60  # characters of a value in a message
_LARGEST = 3e38  # of what f32 holds; what does not fit would be infinite in a kernel
_LEAST = 1e-38


class Metadata:
    """The keys under a prefix: "block_count" is "llama.block_count"."""

    def __init__(
        self,
        values: Mapping[str, object],
        prefix: str,
        error: type[ModelError] = ModelError,
    ) -> None:
        self._values = values
        self._prefix = prefix
        self._error = error

    def __contains__(self, name: str) -> bool:
        return self.key(name) in self._values

    def under(self, prefix: str) -> Metadata:
        """The keys of the same file under another prefix."""
        return Metadata(self._values, prefix, self._error)

    def key(self, name: str) -> str:
        return f"{self._prefix}.{name}"

    def integer(self, name: str, default: int | None = None, *, least: int = 1) -> int:
        """An integer from `least` to 2^31 - 1; an array of one value for every layer will do."""
        value = self._find(name, default)
        numbers = distinct(value)
        if numbers is not None and len(numbers) > 1:
            raise UnsupportedModelError(
                f"unsupported {self.key(name)} {shown(value)}; supported: one value for all layers"
            )
        if numbers:
            value = numbers[0]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**31:
            self._refuse(name, value, f"an integer from {least} to {2**31 - 1}")
        return value

    def pattern(self, name: str, default: int, count: int, first: bool = False) -> list[bool]:
        """A flag for each of `count` layers: an array of them, or a number n, of whose every n
        layers the last has none, or the `first`; 0 for all."""
        value = self._find(name, default)
        items = value.tolist() if isinstance(value, np.ndarray) else value
        if isinstance(items, Sequence) and not isinstance(items, str):
            if len(items) < count or not all(item in (0, 1) for item in items):
                self._refuse(name, value, f"true or false for each of {count} layers")
            return [bool(item) for item in items[:count]]
        every = self.integer(name, default, least=0)
        without = 0 if first else every - 1
        return [every == 0 or index % every != without for index in range(count)]

    def number(self, name: str, default: float | None = None, *, zero: bool = False) -> float:
        """A number above 0, or 0 too, that f32 holds."""
        value = self._find(name, default)
        wanted = f"a number {'of 0 or more' if zero else 'above 0'} that f32 holds"
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._refuse(name, value, wanted)
        if not (value == 0 and zero) and not _LEAST <= value <= _LARGEST:
            self._refuse(name, value, wanted)
        return float(value)

    def of_layers(self, name: str, count: int) -> list[float]:
        """A number that f32 holds for each of `count` layers: an array of them, or one for all."""
        value = self._find(name, None)
        items = value.tolist() if isinstance(value, np.ndarray) else value
        if not isinstance(items, Sequence) or isinstance(items, str):
            return [self.signed(name, 0.0)] * count
        if len(items) < count or not all(
            isinstance(item, int | float) and abs(item) <= _LARGEST for item in items
        ):
            self._refuse(name, value, f"a number for each of {count} layers")
        return [float(item) for item in items[:count]]

    def integers_of_layers(
        self, name: str, count: int, default: int | None = None, *, least: int = 1
    ) -> list[int]:
        """An integer from `least` to 2^31 - 1 for each of `count` layers: an array of them, or one
        for all."""
        value = self._find(name, default)
        numbers = distinct(value)
        if numbers is None or len(numbers) < 2:
            return [self.integer(name, default, least=least)] * count
        items = value.tolist() if isinstance(value, np.ndarray) else value
        assert isinstance(items, Sequence)
        if len(items) < count or not all(
            type(item) is int and least <= item < 2**31 for item in items
        ):
            wanted = f"an integer from {least} to {2**31 - 1} for each of {count} layers"
            self._refuse(name, value, wanted)
        return list(items[:count])

    def signed(self, name: str, default: float) -> float:
        """A number that f32 holds."""
        value = self._find(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._refuse(name, value, "a number")
        if not abs(value) <= _LARGEST:
            self._refuse(name, value, "a number that f32 holds")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self._find(name, default)
        if not isinstance(value, bool):
            self._refuse(name, value, "true or false")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._find(name, default)
        if not isinstance(value, str):
            self._refuse(name, value, "a string")
        self._require_utf8(name, [value])
        return value

    def texts(self, name: str) -> list[str]:
        """An array of strings, all of them UTF-8."""
        value = self._find(name, None)
        if isinstance(value, str) or not isinstance(value, Sequence):
            self._refuse(name, value, "an array of strings")
        texts = list(value)
        if not set(map(type, texts)) <= {str}:
            self._refuse(name, value, "an array of strings")
        self._require_utf8(name, texts)
        return texts

    def integers(self, name: str) -> NDArray[np.int64]:
        """An array of integers, each of 32 bits at most."""
        value = self._find(name, None)
        array = np.asarray(value) if isinstance(value, Sequence | np.ndarray) else np.empty(0)
        if isinstance(value, str) or array.ndim != 1 or array.dtype.kind not in "iu":
            self._refuse(name, value, "an array of integers")
        if array.size and not -(2**31) <= array.min() <= array.max() < 2**32:
            self._refuse(name, value, "an array of integers of 32 bits")
        return array.astype(np.int64)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """An array of numbers."""
        value = self._find(name, None)
        array = np.asarray(value) if isinstance(value, Sequence | np.ndarray) else np.empty(0)
        if isinstance(value, str) or array.ndim != 1 or array.dtype.kind not in "iuf":
            self._refuse(name, value, "an array of numbers")
        return array.astype(np.float64)

    def _find(self, name: str, default: object) -> object:
        value = self._values.get(self.key(name), default)
        if value is None:
            raise self._error(f"{self.key(name)} is missing")
        return value

    def _refuse(self, name: str, value: object, wanted: str) -> NoReturn:
        raise self._error(f"{self.key(name)} is {shown(value)}; expected {wanted}")

    def _require_utf8(self, name: str, texts: list[str]) -> None:
        """Bytes that are not UTF-8 reach Python as lone surrogates."""
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            index, text = next((i, t) for i, t in enumerate(texts) if not _is_utf8(t))
            where = f" at index {index}" if len(texts) > 1 else ""
            raise self._error(f"{self.key(name)}{where} is {shown(text)}; expected UTF-8") from None


def warn(text: str) -> None:
    """A `ModelWarning`, told of the line outside of Foundry that led to it."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and frame.f_globals.get("__name__", "").startswith("foundry."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, ModelWarning, stacklevel=level)


def shown(value: object) -> str:
    """A value as it is put into messages: short, and without control characters."""
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        if isinstance(value, str):
            value = value[: _SHOWN + 1]
        text = repr(value)
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    if len(value) > 4:
        return f"an array of {len(value)} values"
    items = value.tolist() if isinstance(value, np.ndarray) else value
    return f"[{', '.join(shown(item) for item in items)}]"


def distinct(value: object) -> list[object] | None:
    """The first value of an array and, if there is one, another that it has; None for a scalar."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        return None
    if isinstance(value, np.ndarray):
        others = np.flatnonzero(value != value[:1])[:1]
        return [*value[:1].tolist(), *value[others].tolist()]
    first = list(value[:1])
    return first + [item for item in value if item != first[0]][:1]


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
