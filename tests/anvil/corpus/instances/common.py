"""What the rules for names share: element types by their names and in Metal's language, numbers."""

import zlib
from typing import Any

import numpy as np
from corpus import BF16, MSL
from numpy.typing import DTypeLike, NDArray

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
TYPES: dict[str, np.dtype[Any]] = {
    **{name: np.dtype(name) for name in ("float16", "float32", "complex64")},
    **{name: np.dtype(name) for name in INTEGERS},
    "bfloat16": BF16,
    "bool_": np.dtype(np.bool_),
}  # fmt: skip
KIND = {**MSL, **{np.dtype(name): f"{name}_t" for name in INTEGERS}}
TYPE = "(" + "|".join(sorted(TYPES, key=len, reverse=True)) + ")"

# As some names have them.
NAMED = {"float": np.dtype(np.float32), "float16_t": np.dtype(np.float16), "bfloat16_t": BF16}
NAME = "(float|float16_t|bfloat16_t)"

F16, F32 = np.dtype(np.float16), np.dtype(np.float32)
I32, I64 = np.dtype(np.int32), np.dtype(np.int64)
U32, U64 = np.dtype(np.uint32), np.dtype(np.uint64)


def seeded(name: str) -> np.random.Generator:
    """The same numbers whichever functions are chosen."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def flag(value: bool) -> str:
    return str(value).lower()


def numbers(dtype: DTypeLike, count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Of every size, with the special values that a type has."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(count) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, count, dtype, endpoint=True)
        values[::3] = rng.integers(0, 20, values[::3].size)
        return values
    if dtype.kind == "c":
        parts = numbers(np.float32, 2 * count, rng)
        return parts.view(np.complex64)
    values = rng.normal(size=count) * 10.0 ** rng.integers(-3, 3, count)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-40, 70000.0]
    values[: len(special)] = special
    with np.errstate(over="ignore"):
        return rng.permutation(values).astype(dtype)


def fits(values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Floats that a conversion to `dtype` is defined for."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu" or values.dtype.kind in "iub":
        return values
    real = np.nan_to_num(values.real.astype(np.float64), posinf=1, neginf=1)
    real = np.abs(real) % min(np.iinfo(dtype).max, 2**15)
    return real.astype(values.dtype)


def instance(template: str, *arguments: object) -> str:
    return f"{template}<{', '.join(map(str, arguments))}>"
