"""unary.h, binary.h, binary_two.h, ternary.h and copy.h: in rows, as scalars, by strides."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from corpus import Case, Size, one
from numpy.typing import DTypeLike, NDArray

from instances.common import (
    I32,
    I64,
    KIND,
    TYPE,
    TYPES,
    U32,
    fits,
    instance,
    numbers,
    seeded,
)

UNARY = ("utils.h", "unary_ops.h", "unary.h")
BINARY = ("utils.h", "binary_ops.h", "binary.h")
BINARY_TWO = ("utils.h", "binary_ops.h", "binary_two.h")
TERNARY = ("utils.h", "ternary_ops.h", "ternary.h")
COPY = ("utils.h", "copy.h")

PREDICATES = {"Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual", "NaNEqual",
              "LogicalAnd", "LogicalOr"}  # fmt: skip
DIVISIONS = {"Divide", "Remainder", "FloorDivide", "DivMod"}
SIZE = 83  # of what lies in a row: no multiple of a thread's share
SHAPE = (3, 4, 13)  # of what has strides: the last dimension is none of one's either


def inputs(op: str, dtype: DTypeLike, count: int, rng: np.random.Generator) -> NDArray[Any]:
    """What C++ defines the operation for."""
    dtype = np.dtype(dtype)
    values = numbers(dtype, count, rng)
    if dtype.kind in "iub" and op in DIVISIONS:
        values = np.where(values == 0, dtype.type(1), np.abs(values)).astype(dtype)
    if dtype.kind in "iu" and op in ("LeftShift", "RightShift", "Power"):
        values = (np.abs(values.astype(np.int64)) % 7).astype(dtype)
    return values


def strides(shape: Sequence[int]) -> NDArray[np.int64]:
    """Of rows that are read backwards through the dimensions: the first lies closest."""
    return np.array([int(np.prod(shape[:i])) for i in range(len(shape))], I64)


class Form:
    """What a name's prefix says of a kernel: the template, and how its elements lie."""

    def __init__(self, prefix: str, itemsize: int):
        share = max(8 // itemsize, 1)
        self.strided = prefix.startswith("g")
        self.both = prefix.startswith("gg")
        self.dynamic = prefix.endswith("_dynamic")
        large = "large" in prefix
        plain = re.sub("large|_dynamic", "", prefix)
        index = [] if large else ["int"]
        self.work = 1  # elements a thread
        if self.strided:
            self.rank = int(plain[-1]) if "n" not in plain else 3
            self.suffix = f"_nd{self.rank}" if "n" not in plain else ""
            if "n" in plain:
                self.work = int(plain[-1])
                self.arguments = [str(self.work), *index]
            else:
                self.arguments = index
            self.shape: tuple[int, ...] = SHAPE[3 - self.rank :]
            x, y, z = [-(-self.shape[-1] // self.work), *self.shape[-2::-1], 1, 1][:3]
            self.grid: Size = (x, y, z)
            self.group: Size = (min(x, 4), min(y, 4), min(z, 4))
        else:
            self.suffix = re.sub("n$", "", plain)
            two = plain.endswith("2")
            # One element a thread without an n, but for the forms in two dimensions.
            self.arguments = [] if two or plain.endswith("n") or plain == "ss" else ["1"]
            self.work = share if two or plain.endswith("n") else 1
            threads = -(-SIZE // self.work)
            self.shape = (SIZE,)
            self.grid = (-(-threads // 3), 3, 1) if two else (threads, 1, 1)
            self.group = (min(self.grid[0], 32), 1, 1)
            self.size = [] if plain == "ss" else [one(SIZE, I64 if two else U32)]
        self.count = int(np.prod(self.shape))
        self.room = self.count + 64  # lanes past the end read and write

    def layout(self, operands: int) -> list[np.ndarray]:
        """What a kernel of many dimensions is told of its operands."""
        if not self.strided:
            return self.size
        each = [strides(self.shape)] * operands
        return each if self.suffix else [np.array(self.shape, I32), *each, one(self.rank, I32)]

    def scalar(self, operand: int) -> bool:
        """Whether all elements of the operand are one."""
        return not self.strided and len(self.suffix) > operand and self.suffix[operand] == "s"


def case(name: str, headers: tuple[str, ...], text: str, form: Form, buffers: list[Any]) -> Case:
    return Case(name, headers, text, buffers, form.grid, form.group, {})


def unary(name: str, prefix: str, op: str, source: str, result: str) -> Case:
    rng = seeded(name)
    t, u = TYPES[source], TYPES[result]
    form = Form(prefix, t.itemsize)
    template = "unary_g" if form.strided else f"unary_{form.suffix}"
    x = fits(inputs(op, t, form.room, rng), u)
    out = np.zeros(form.room, u)
    layout = form.layout(1)
    if form.strided and form.suffix:  # unary_g has every rank
        layout = [np.array(form.shape, I32), *layout, one(form.rank, I32)]
        form.arguments = ["1", *form.arguments]
    return case(name, UNARY, instance(template, KIND[t], KIND[u], op, *form.arguments), form,
                [x, out, *layout])  # fmt: skip


def binary(name: str, prefix: str, op: str, source: str) -> Case:
    rng = seeded(name)
    t = TYPES[source]
    u = np.dtype(np.bool_) if op in PREDICATES else t
    form = Form(prefix, t.itemsize)
    template = f"binary_g{form.suffix}" if form.strided else f"binary_{form.suffix}"
    a, b = (inputs(op, t, form.room, rng) for _ in range(2))
    outs = [np.zeros(form.room, u) for _ in range(1 + (op == "DivMod"))]
    return case(name, BINARY_TWO if op == "DivMod" else BINARY,
                instance(template, KIND[t], KIND[u], op, *form.arguments), form,
                [a, b, *outs, *form.layout(2)])  # fmt: skip


def ternary(name: str, prefix: str, op: str, source: str) -> Case:
    rng = seeded(name)
    t = TYPES[source]
    form = Form(prefix, t.itemsize)
    a = numbers(np.bool_, form.room, rng)
    b, c = (numbers(t, form.room, rng) for _ in range(2))
    scalars = []
    template = f"ternary_g{form.suffix}"
    if not form.strided:
        two = form.suffix.endswith("2")
        letters = form.suffix.rstrip("2")
        template = "ternary_v2" if two else "ternary_v"
        # v: both lie in rows; vs: the first does, ...
        scalars = [str(letters.endswith("v") and letters != "v" and letters[0] == "s").lower(),
                   str(letters.endswith("s")).lower()]  # fmt: skip
    return case(name, TERNARY, instance(template, KIND[t], op, *scalars, *form.arguments), form,
                [a, b, c, np.zeros(form.room, t), *form.layout(3)])  # fmt: skip


def copy(name: str, prefix: str, source: str, result: str) -> Case:
    rng = seeded(name)
    t, u = TYPES[source], TYPES[result]
    form = Form(prefix, u.itemsize)
    x = fits(numbers(t, form.room, rng), u)
    out = np.zeros(form.room, u)
    if not form.strided:
        return case(name, COPY, instance(f"copy_{form.suffix}", KIND[t], KIND[u], *form.arguments),
                    form, [x, out, *form.layout(1)])  # fmt: skip
    template = f"copy_g{'g' * form.both}{'_dynamic' * form.dynamic}{form.suffix}"
    ours = strides(form.shape)
    rows = np.array([int(np.prod(form.shape[i + 1 :])) for i in range(form.rank)], I64)
    buffers = [x, out, np.array(form.shape, I32), ours, rows, one(form.rank, I32)]
    if form.dynamic:
        buffers += [one(5, I64), one(3, I64)]
    return case(name, COPY, instance(template, KIND[t], KIND[u], *form.arguments), form, buffers)


PREFIX = r"(gg?n?\d(?:large)?(?:_dynamic)?|[sv]{1,2}[n2]?)"
RULES = [
    (rf"{PREFIX}_copy{TYPE}{TYPE}", copy),
    (rf"{PREFIX}_(Select){TYPE}", ternary),
    (rf"{PREFIX}_([A-Z][A-Za-z0-9]*?){TYPE}{TYPE}", unary),
    (rf"{PREFIX}_([A-Z][A-Za-z0-9]*?){TYPE}", binary),
]
