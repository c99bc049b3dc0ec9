"""reduction/: whole arrays, rows and columns, along one axis or several."""

from typing import Any

import numpy as np
from cases.reduce import HEADERS, shape_arguments
from corpus import Case, one
from numpy.typing import NDArray

from instances.common import I64, KIND, TYPE, TYPES, U64, instance, numbers, seeded

OPERATION = r"(and|or|sum|prod|min|max)"


def types(op: str, source: str) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Of the input and the output: small integers are summed as wider ones."""
    t = TYPES[source]
    if op in ("and", "or"):
        return t, np.dtype(np.bool_)
    if op in ("sum", "prod") and t.kind in "iub" and t.itemsize < 4:
        return t, np.dtype(np.uint32 if t == np.uint16 else np.int32)
    return t, t


def arguments(op: str, source: str) -> list[str]:
    t, u = types(op, source)
    return [KIND[t], KIND[u], f"{op.capitalize()}<{KIND[u]}>"]


def initial(name: str, op: str, source: str) -> Case:
    t = TYPES[source]
    text = instance("init_reduce", KIND[t], f"{op.capitalize()}<{KIND[t]}>")
    return Case(name, HEADERS, text, [np.ones(21, t)], (7, 3, 1), (7, 1, 1), {})


def whole(name: str, op: str, source: str) -> Case:
    rng = seeded(name)
    t, u = types(op, source)
    x = numbers(t, int(rng.integers(10, 3000)), rng)
    buffers = [x, np.zeros(2, u), one(x.size, U64), one(-(-x.size // 2), U64)]
    text = instance("all_reduce", *arguments(op, source))
    return Case(name, HEADERS, text, buffers, (96, 2, 1), (96, 1, 1), {})


def simple_rows(name: str, op: str, source: str) -> Case:
    rng = seeded(name)
    t, u = types(op, source)
    rows, length = int(rng.integers(4, 12)), int(rng.integers(1, 500))
    buffers = [numbers(t, rows * length, rng), np.zeros(rows, u), one(length, U64), one(rows, I64)]
    text = instance("row_reduce_simple", *arguments(op, source))
    return Case(name, HEADERS, text, buffers, (64, -(-rows // 4), 1), (64, 1, 1), {})


def array(
    name: str, dims: str, t: np.dtype[Any], most: int
) -> tuple[NDArray[Any], list[int], tuple[int, ...]]:
    """Values, axes that go away and their lengths: behind one that stays, before the last."""
    rng = seeded(name)
    axes = 3 if dims == "5" else int(dims)
    reduced = tuple(int(n) for n in rng.integers(1, most, axes))
    x = numbers(t, 3 * int(np.prod(reduced)) * 37, rng).reshape(3, *reduced, 37)
    return x, list(range(1, axes + 1)), reduced


def rows(name: str, form: str, large: str | None, dims: str, op: str, source: str) -> Case:
    t, u = types(op, source)
    x, axes, reduced = array(name, dims, t, 5)
    outer = int(np.prod(reduced))
    buffers = [x, np.zeros(3, u), one(37, I64), one(outer, I64), *shape_arguments(x, [0], axes)]
    by_thread = form == "small" and outer <= 8
    text = instance(f"row_reduce_{form}", *arguments(op, source), "size_t" if large else "int",
                    dims)  # fmt: skip
    group = (3, 1, 1) if by_thread else (32, 1, 1) if form == "small" else (64, 1, 1)
    return Case(name, HEADERS, text, buffers, (group[0], 1 if by_thread else 3, 1), group, {})


def columns(
    name: str, form: str, large: str | None, dims: str, tile: str | None, op: str, source: str
) -> Case:
    t, u = types(op, source)
    x, axes, reduced = array(name, dims, t, {"1": 90, "2": 11, "5": 5}[dims])
    passes = {"2pass": 32, "longcolumn": 2}.get(form, 1)
    buffers = [x, np.zeros((passes, 3, 37), u), one(reduced[-1], U64), one(37, I64),
               *shape_arguments(x, [0], axes), one(int(np.prod(reduced[:-1])), U64)]  # fmt: skip
    if form == "longcolumn":
        grid, group = (37 * 3, 8, passes), (37, 8, 1)
        buffers += [one(3 * 37, U64)]
    elif form == "small":
        grid, group = (10, 4 * 3, 1), (10, 4, 1)
    else:
        grid, group = (2 * 256, 3 * passes, 1), (256, 1, 1)
        buffers += [one(0, I64), *([one(3, U64)] if form == "2pass" else [])]
    more = tile.strip("_").split("_") if tile else []
    text = instance(f"col_reduce_{form}", *arguments(op, source), "size_t" if large else "int",
                    dims, *more)  # fmt: skip
    return Case(name, HEADERS, text, buffers, grid, group, {})


RULES = [
    (rf"init_reduce_{OPERATION}{TYPE}", initial),
    (rf"all_reduce_{OPERATION}{TYPE}", whole),
    (rf"row_reduce_simple_{OPERATION}{TYPE}", simple_rows),
    (rf"row_reduce_(small|looped)_(large_)?(\d)_reduce_{OPERATION}{TYPE}", rows),
    (rf"col_reduce_(\w+?)_(large_)?(\d)(_\d+_\d+)?_reduce_{OPERATION}{TYPE}", columns),
]
