"""scan.h, sort.h, searchsorted.h, arange.h, dot.h: order along an axis."""

import numpy as np
from cases.sequence import SCAN, SORT
from corpus import Case, Size, one

from instances.common import (
    F32,
    I32,
    I64,
    KIND,
    TYPE,
    TYPES,
    U32,
    U64,
    flag,
    instance,
    numbers,
    seeded,
)

CUMULATIVE = {"sum": "CumSum", "prod": "CumProd", "max": "CumMax", "min": "CumMin",
              "logaddexp": "CumLogaddexp"}  # fmt: skip


def scan(
    name: str, form: str, reverse: str | None, kind: str, op: str, source: str, result: str
) -> Case:
    """Rows that are no multiple of what a simdgroup takes at a time."""
    rng = seeded(name)
    t, u = TYPES[source], TYPES[result]
    reads = 4 if u.itemsize <= 4 else 2
    text = instance("contiguous_scan" if form == "contig" else "strided_scan", KIND[t], KIND[u],
                    f"{CUMULATIVE[op]}<{KIND[u]}>", reads, flag(kind == "inclusive"),
                    flag(bool(reverse)))  # fmt: skip
    rows, length = int(rng.integers(1, 4)), int(rng.integers(1, 400))
    if form == "contig":
        x = numbers(t, rows * length, rng)
        grid: Size = (64, rows, 1)
        return Case(name, SCAN, text, [x, np.zeros(x.size, u), one(length, U64)], grid,
                    (64, 1, 1), {})  # fmt: skip
    columns, length = int(rng.integers(20, 90)), int(rng.integers(1, 100))
    blocks, threads = -(-columns // 32), 32 // reads * 32
    x = numbers(t, rows * length * columns, rng)
    buffers = [x, np.zeros(x.size, u), one(length, U64), one(columns, U64), one(blocks, U64)]
    grid = (threads, rows * blocks, 1)
    return Case(name, SCAN, text, buffers, grid, (threads, 1, 1), {})


def sort(
    name: str, strided: str, arguments: str, source: str, result: str, threads: str, each: str
) -> Case:
    """Of rows, or of columns, whose elements lie apart."""
    rng = seeded(name)
    t, u = TYPES[source], TYPES[result]
    block = int(threads) * int(each)
    rows, length = 3, int(rng.integers(block // 2, block + 1))
    x, out = numbers(t, rows * length, rng), np.zeros(rows * length, u)
    text = instance(f"block_sort{strided and '_nc'}", KIND[t], KIND[u], flag(bool(arguments)),
                    threads, each)  # fmt: skip
    if strided:
        layout = [one(length, I32), one(rows, I32), one(1, I32), one(1, I32),
                  np.array([rows], I32), one(1, I64), one(length, I64)]  # fmt: skip
    else:
        layout = [one(length, I32), one(1, I32), one(1, I32), one(length, I32), one(length, I32)]
    grid, group = (int(threads), rows, 1), (int(threads), 1, 1)
    return Case(name, SORT, text, [x, out, *layout], grid, group, {})


def sort_blocks(name: str, stage: str, source: str, result: str, threads: str, each: str) -> Case:
    """A stage of a sort over several threadgroups: blocks are sorted, then merged in pairs."""
    rng = seeded(name)
    t, u = TYPES[source], TYPES[result]
    block, blocks = int(threads) * int(each), 2
    length, rows = block + int(rng.integers(1, block)), 2
    x = numbers(t, rows * length, rng).reshape(rows, length)
    order = np.tile(np.arange(length, dtype=u), (rows, 1))
    template = {"sort": "mb_block_sort", "partition": "mb_block_partition",
                "merge": "mb_block_merge"}[stage]  # fmt: skip
    text = instance(template, KIND[t], KIND[u], "true", threads, each)
    group: Size = (int(threads), 1, 1)
    grid: Size = (int(threads) * blocks, rows, 1)
    if stage == "sort":
        buffers = [x, np.zeros_like(x), np.zeros_like(order), one(length, I32), one(1, I32),
                   one(1, I32), np.array([rows], I32), one(length, I64)]  # fmt: skip
        return Case(name, SORT, text, buffers, grid, group, {})
    for part in (slice(0, block), slice(block, length)):
        order[:, part] = part.start + np.argsort(x[:, part], 1, kind="stable")
    x = np.take_along_axis(x, order.astype(np.int64), 1)
    if stage == "partition":
        buffers = [np.zeros((rows, 512), u), x, order, one(length, I32), one(2, I32),
                   one(blocks, I32)]  # fmt: skip
        return Case(name, SORT, text, buffers, (512, rows, 1), (512, 1, 1), {})
    partitions = np.array([[first_of_merged(each_row, block, i * block)
                            for i in range(blocks + 1)] for each_row in x], u)  # fmt: skip
    buffers = [partitions, x, order, np.zeros_like(x), np.zeros_like(order), one(length, I32),
               one(2, I32), one(blocks, I32)]  # fmt: skip
    return Case(name, SORT, text, buffers, grid, group, {})


def first_of_merged(row: np.ndarray, block: int, at: int) -> int:
    """How many of the first `at` elements of a merged pair of blocks are the first block's."""
    at = min(at, row.size)
    order = np.argsort(row, kind="stable")
    return int((order[:at] < block).sum())


def search(name: str, source: str, side: str) -> Case:
    rng = seeded(name)
    t = TYPES[source]
    values = np.sort(numbers(t, 90, rng))
    buffers = [values, numbers(t, 77, rng), np.zeros(77, U32), one(values.size, U32), one(1, I64)]
    text = instance("searchsorted", KIND[t], flag(side == "right"))
    return Case(name, SORT, text, buffers, (77, 1, 1), (32, 1, 1), {})


def arange(name: str, source: str) -> Case:
    t = TYPES[source]
    buffers = [one(3, t), one(2, t), np.zeros(100, t)]
    return Case(name, ("utils.h", "arange.h"), instance("arange", KIND[t]), buffers, (100, 1, 1),
                (64, 1, 1), {})  # fmt: skip


def dot(name: str, source: str, each: str, threads: str, simdgroups: str) -> Case:
    rng = seeded(name)
    t = TYPES[source]
    a, b = (rng.normal(size=20001).astype(t) for _ in range(2))
    groups = -(-a.size // (int(each) * int(threads)))
    text = instance("dot_product", KIND[t], each, threads, simdgroups)
    buffers = [a, b, np.zeros(groups, F32), one(a.size, I32)]
    return Case(name, ("dot.h",), text, buffers, (groups * int(threads), 1, 1),
                (int(threads), 1, 1), {})  # fmt: skip


RULES = [
    (rf"(contig|strided)_scan_(reverse_)?(inclusive|exclusive)_([a-z]+)_{TYPE}_{TYPE}", scan),
    (rf"(n?)c(arg)?_block_sort_{TYPE}_{TYPE}_bn(\d+)_tn(\d+)", sort),
    (rf"(sort|partition|merge)_mbsort_{TYPE}_{TYPE}_bn(\d+)_tn(\d+)", sort_blocks),
    (rf"searchsorted_{TYPE}_(left|right)", search),
    (rf"arange{TYPE}", arange),
    (rf"dot_product_{TYPE}_it(\d+)_tg(\d+)_sg(\d+)", dot),
]
