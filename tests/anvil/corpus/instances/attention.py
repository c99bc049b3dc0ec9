"""sdpa_vector.h in one and two passes, sdpa_blocked.h, steel/attn."""

from typing import Any

import numpy as np
from cases.attention import STEEL, VECTOR
from corpus import Case, one
from numpy.typing import NDArray

from instances.common import F32, I32, I64, KIND, NAME, NAMED, TYPE, TYPES, U64, instance, seeded

BLOCKED = ("utils.h", "sdpa_blocked.h")
HEADS, GROUPS, KEYS, BLOCKS = 2, 2, 77, 32


def inputs(name: str, t: np.dtype[Any], queries: int, d: int, v: int,
           heads: int = HEADS) -> list[NDArray[Any]]:  # fmt: skip
    rng = seeded(name)
    shapes = [(heads, queries, d), (1, KEYS, d), (1, KEYS, v), (heads, queries, v)]
    return [rng.normal(size=shape).astype(t) for shape in shapes]


def layout(d: int, v: int) -> list[NDArray[Any]]:
    return [one(KEYS * d, U64), one(d, U64), one(KEYS * v, U64), one(v, U64), one(d**-0.5, F32)]


CONSTANTS = {20: True, 21: False, 22: True, 23: False, 24: True, 25: True}


def vector(name: str, kind: str, d: str, v: str) -> Case:
    """A causal product with a mask that is added, and sinks."""
    t, queries = NAMED[kind], 3
    q, k, values, out = inputs(name, t, queries, int(d), int(v))
    rng = seeded(name + "mask")
    mask = rng.normal(size=(HEADS, queries, KEYS)).astype(t)
    buffers = [q, k, values, np.zeros_like(out), one(GROUPS, I32), one(KEYS, I32),
               *layout(int(d), int(v)), None, mask, one(1, I32), one(KEYS, I32),
               one(queries * KEYS, I32), rng.normal(size=HEADS).astype(t),
               one(HEADS, I32)]  # fmt: skip
    return Case(name, VECTOR, instance("sdpa_vector", KIND[t], d, v), buffers,
                (HEADS * 1024, queries, 1), (1024, 1, 1), {}, {}, {**CONSTANTS, 26: 0})  # fmt: skip


def first_pass(name: str, kind: str, d: str, v: str, tokens: str | None) -> Case:
    t, queries = NAMED[kind], 3
    q, k, values, _ = inputs(name, t, queries, int(d), int(v))
    rng = seeded(name + "mask")
    mask = rng.normal(size=(HEADS, queries, KEYS)).astype(t)
    buffers = [q, k, values, np.zeros((HEADS, queries, BLOCKS, int(v)), t),
               *(np.zeros((HEADS, queries, BLOCKS), F32) for _ in range(2)), None, one(KEYS, I32),
               *layout(int(d), int(v)), None, mask, one(1, I32), one(KEYS, I32),
               one(queries * KEYS, I32), rng.normal(size=HEADS).astype(t)]  # fmt: skip
    text = instance("sdpa_vector_2pass_1", KIND[t], d, v, *([tokens] if tokens else []))
    group = (32, GROUPS, queries)
    return Case(name, VECTOR, text, buffers, (32, GROUPS, queries * BLOCKS), group, {}, {},
                {**CONSTANTS, 26: BLOCKS})  # fmt: skip


def first_pass_of_groups(name: str, heads: str, kind: str, d: str, v: str) -> Case:
    t, g = NAMED[kind], int(heads)
    q, k, values, _ = inputs(name, t, 1, int(d), int(v), g)
    buffers = [q, k, values, np.zeros((g, BLOCKS, int(v)), t),
               *(np.zeros((g, BLOCKS), F32) for _ in range(2)), None, one(KEYS, I32),
               *layout(int(d), int(v))]  # fmt: skip
    text = instance("sdpa_vector_2pass_1_gqa", KIND[t], d, v, g, 2)
    return Case(name, VECTOR, text, buffers, (32, g, BLOCKS), (32, g, 1), {})


def second_pass(name: str, kind: str, d: str) -> Case:
    t, queries = NAMED[kind], 3
    rng = seeded(name)
    parts = rng.normal(size=(HEADS, queries, BLOCKS, int(d))).astype(t)
    sums = rng.uniform(1, 5, (HEADS, queries, BLOCKS)).astype(F32)
    most = rng.normal(size=sums.shape).astype(F32)
    buffers = [parts, sums, most, np.zeros((HEADS, queries, int(d)), t), one(BLOCKS, I32)]
    text = instance("sdpa_vector_2pass_2", KIND[t], d)
    return Case(name, VECTOR, text, buffers, (HEADS * 1024, queries, 1), (1024, 1, 1), {})


def tiled(name: str, source: str, *words: str) -> Case:
    """Ragged blocks of queries and keys, causal, with a mask."""
    *numbers, mask_name = words
    bq, bk, bd, bv, wm, wn = map(int, numbers)
    t, mask_type = TYPES[source], TYPES[mask_name]
    queries, keys = bq + 13, 2 * bk + 13
    rng = seeded(name)
    q = rng.normal(size=(HEADS, queries, bd)).astype(t)
    k, v = (rng.normal(size=(1, keys, size)).astype(t) for size in (bd, bv))
    mask = rng.normal(size=(HEADS, queries, keys)).astype(mask_type)
    if mask_type.kind == "b":
        mask = rng.random((HEADS, queries, keys)) < 0.8
    ints = np.array([1, HEADS, bd, queries, keys, GROUPS], I32)
    tail = np.array([-(-queries // bq), -(-keys // bk), queries // bq, keys // bk, queries % bq,
                     keys % bk, keys - queries], I32)  # fmt: skip
    strides = np.array([(HEADS * queries * bd, queries * bd, bd), (keys * bd, keys * bd, bd),
                        (keys * bv, keys * bv, bv), (HEADS * queries * bv, queries * bv, bv)],
                       I64)  # fmt: skip
    parameters = ints.tobytes() + one(bd**-0.5, F32).tobytes() + tail.tobytes() + strides.tobytes()
    buffers = [q, k, v, np.zeros((HEADS, queries, bv), t), np.frombuffer(parameters, np.uint8),
               np.array([HEADS * queries * keys, queries * keys, keys], I64), mask,
               rng.normal(size=HEADS).astype(t), np.zeros((HEADS, queries), F32)]  # fmt: skip
    text = instance("attention", KIND[t], bq, bk, bd, bv, wm, wn, KIND[mask_type], "float")
    grid = (-(-queries // bq) * 32, HEADS * wm, wn)
    return Case(name, STEEL, text, buffers, grid, (32, wm, wn), {}, {},
                {200: False, 201: False, 300: True, 301: True, 302: True, 303: False})  # fmt: skip


def scaled_blocks(name: str, source: str) -> Case:
    t, heads, rows, d = TYPES[source], 3, 5, 64
    rng = seeded(name)
    q = rng.normal(size=(2, heads, rows + 2, d)).astype(t)
    strides = np.array([heads * (rows + 2) * d, (rows + 2) * d, d, 1], I64)
    buffers = [q, np.zeros((2, heads, rows, d), t), one(0.3, F32), strides, one(heads, I32),
               one(rows, I32), one(d, I32), one(1, I32)]  # fmt: skip
    return Case(name, BLOCKED, instance("sdpa_blocked_scale_copy", KIND[t]), buffers,
                (d, rows, 2 * heads), (d, 1, 1), {})  # fmt: skip


def causal_blocks(name: str, source: str) -> Case:
    t = TYPES[source]
    scores = seeded(name).normal(size=(3 * 7, 41)).astype(t)
    buffers = [scores, one(7, I32), one(41, I32)]
    return Case(name, BLOCKED, instance("sdpa_blocked_causal_mask", KIND[t]), buffers, (7, 21, 1),
                (7, 1, 1), {})  # fmt: skip


RULES = [
    (rf"sdpa_vector_{NAME}_(\d+)_(\d+)", vector),
    (rf"sdpa_vector_2pass_1_{NAME}_(\d+)_(\d+)(?:_tk(\d+))?", first_pass),
    (rf"sdpa_vector_2pass_1_gqa_(\d+)_{NAME}_(\d+)_(\d+)", first_pass_of_groups),
    (rf"sdpa_vector_2pass_2_{NAME}_(\d+)", second_pass),
    (rf"steel_attention_{TYPE}_bq(\d+)_bk(\d+)_bd(\d+)_bv(\d+)_wm(\d+)_wn(\d+)_mask{TYPE}", tiled),
    (rf"sdpa_blocked_scale_copy_{TYPE}", scaled_blocks),
    (rf"sdpa_blocked_causal_mask_{TYPE}", causal_blocks),
]
