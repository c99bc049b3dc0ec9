"""Operations that make, move, convert and combine elements, against numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import foundry as fd
from values import rng

INTEGERS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
FLOATS = ["f32", "f16", "bf16"]
PLAIN = [*FLOATS, *INTEGERS, "bool"]
# One lane, part of a run, a whole run of a simdgroup, several threadgroups and a ragged end.
SIZES = [1, 31, 256, 257, 2048, 5000]


def dtype_of(name: str) -> fd.DType:
    return fd.bool_ if name == "bool" else fd.DType[name]


def values_of(name: str, size: int, random: np.random.Generator) -> NDArray[Any]:
    """Small enough that every type can hold them, and sums and products of two of them."""
    if name == "bool":
        return random.integers(0, 2, size).astype(bool)
    low = 0 if name.startswith("u") else -11
    whole = random.integers(low, 12, size)
    return whole.astype(
        {"f32": "f4", "f16": "f2", "bf16": "f4"}.get(
            name, name.replace("i", "int").replace("u", "uint")
        )
    )


def put(rt: fd.Foundry, name: str, values: NDArray[Any]) -> fd.Tensor:
    return rt.tensor(values, dtype_of(name))


# --- add and multiply ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PLAIN)
def test_add_and_multiply_in_every_type(rt: fd.Foundry, name: str, size: int) -> None:
    random = rng("binary", name, size)
    a, b = values_of(name, size, random), values_of(name, size, random)
    y = rt.empty((size,), dtype_of(name))
    rt.run(fd.ops.Add(a=put(rt, name, a), b=put(rt, name, b), y=y))
    # Whole numbers up to 23 and 121 are exact in every type.
    np.testing.assert_array_equal(y.copy_to_host().astype(a.dtype), a + b)
    rt.run(fd.ops.Multiply(a=put(rt, name, a), b=put(rt, name, b), y=y))
    np.testing.assert_array_equal(y.copy_to_host().astype(a.dtype), a * b)


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_wrap(rt: fd.Foundry, name: str) -> None:
    info = np.iinfo(values_of(name, 1, rng(0)).dtype)
    ends = np.array([info.max, info.min, info.max, info.max // 3], info.dtype)
    other = np.array([1, info.max, info.max, 7], info.dtype)
    y = rt.empty((4,), dtype_of(name))
    with np.errstate(over="ignore"):
        rt.run(fd.ops.Add(a=rt.tensor(ends), b=rt.tensor(other), y=y))
        np.testing.assert_array_equal(np.asarray(y), ends + other)
        rt.run(fd.ops.Multiply(a=rt.tensor(ends), b=rt.tensor(other), y=y))
        np.testing.assert_array_equal(np.asarray(y), ends * other)


def test_large_integers_keep_every_bit(rt: fd.Foundry) -> None:
    a = np.array([2**40 + 1, -(2**40) - 3], np.int64)
    b = np.array([5, 1], np.int32)
    y = rt.empty((2,), fd.i64)
    rt.run(fd.ops.Add(a=rt.tensor(a), b=rt.tensor(b), y=y))
    np.testing.assert_array_equal(np.asarray(y), a + b)
    narrow = rt.empty((2,), fd.i32)
    c = np.array([2**24 + 1, -(2**30) - 1], np.int32)
    rt.run(fd.ops.Add(a=rt.tensor(c), b=rt.tensor(b), y=narrow))
    np.testing.assert_array_equal(np.asarray(narrow), c + b)


def test_mixed_types_are_combined_in_float(rt: fd.Foundry) -> None:
    a = np.array([1, -2, 3], np.int8)
    b = np.array([0.25, 0.5, -7], np.float16)
    y = rt.empty((3,), fd.f32)
    rt.run(fd.ops.Multiply(a=rt.tensor(a), b=rt.tensor(b), y=y))
    np.testing.assert_array_equal(np.asarray(y), [0.25, -1, -21])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_geglu(rt: fd.Foundry, size: int, scale: float) -> None:
    random = rng("geglu", size, scale)
    gate = (random.standard_normal(size) * scale).astype(np.float32)
    up = random.standard_normal(size).astype(np.float32)
    y = rt.empty((size,), fd.f32)
    rt.run(fd.ops.GeGlu(gate=rt.tensor(gate), up=rt.tensor(up), y=y))
    g = gate.astype(np.float64)
    expected = 0.5 * g * (1 + np.tanh(np.sqrt(2 / np.pi) * (g + 0.044715 * g**3))) * up
    # 1 + tanh cancels for negative gates, here too: test_activation_accuracy.py has the tails.
    np.testing.assert_allclose(np.asarray(y), expected, rtol=1e-6, atol=1e-12)


# --- copy ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", PLAIN)
@pytest.mark.parametrize("target", PLAIN)
def test_copy_between_all_types(rt: fd.Foundry, source: str, target: str) -> None:
    random = rng("cast", source, target)
    values = values_of(source, 300, random)
    if source in FLOATS:
        values = values + np.float32(0.25)
    if target.startswith("u"):
        values = np.abs(values)
    y = rt.empty((300,), dtype_of(target))
    rt.run(fd.ops.Copy(x=put(rt, source, values), y=y))
    expected: NDArray[Any] = values.astype(np.float64)
    if target == "bool":
        expected = expected != 0
    elif target not in FLOATS:
        expected = np.trunc(expected)
    np.testing.assert_array_equal(y.copy_to_host().astype(np.float64), expected)


def test_copy_rounds_to_nearest_even(rt: fd.Foundry) -> None:
    values = (rng("round").standard_normal(5000) * 10.0 ** np.arange(-5, 5).repeat(500)).astype(
        "f4"
    )
    half = rt.empty((5000,), fd.f16)
    rt.run(fd.ops.Copy(x=rt.tensor(values), y=half))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(np.asarray(half), values.astype(np.float16))
    brain = rt.empty((5000,), fd.bf16)
    rt.run(fd.ops.Copy(x=rt.tensor(values), y=brain))
    bits = values.view(np.uint32).astype(np.uint64)
    expected = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    np.testing.assert_array_equal(brain.copy_to_host().view(np.uint16), expected)


@st.composite
def views(draw: st.DrawFn) -> tuple[tuple[int, ...], list[Any]]:
    """A shape, and steps of slicing, transposing and broadcasting."""
    shape = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 5, 17, 33, 70]), min_size=1, max_size=4)))
    while math.prod(shape) > 20_000:
        shape = shape[1:]
    steps: list[Any] = []
    for axis, extent in enumerate(shape):
        if draw(st.booleans()) and extent > 1:
            start = draw(st.integers(0, extent - 1))
            stop = draw(st.integers(start + 1, extent))
            steps.append(("slice", axis, start, stop, draw(st.integers(1, 3))))
    if draw(st.booleans()):
        steps.append(("transpose", tuple(draw(st.permutations(range(len(shape)))))))
    if draw(st.booleans()):
        steps.append(("broadcast", draw(st.integers(1, 4))))
    return shape, steps


def apply(tensor: Any, steps: list[Any]) -> Any:
    for step in steps:
        if step[0] == "slice":
            index = [slice(None)] * len(tensor.shape)
            index[step[1]] = slice(*step[2:])
            tensor = tensor[tuple(index)]
        elif step[0] == "transpose":
            tensor = tensor.transpose(*step[1])
        else:
            shape = (step[1], *tensor.shape)
            numpy = isinstance(tensor, np.ndarray)
            tensor = np.broadcast_to(tensor, shape) if numpy else tensor.broadcast_to(*shape)
    return tensor


RUNTIME = fd.Foundry()


@given(views(), st.sampled_from(["f32", "f16", "i8", "i64"]))
def test_copy_of_any_view(view: tuple[tuple[int, ...], list[Any]], name: str) -> None:
    shape, steps = view
    values = values_of(name, math.prod(shape), rng(shape)).reshape(shape)
    expected = apply(values, steps)
    x = apply(RUNTIME.tensor(values), steps)
    y = RUNTIME.empty(expected.shape, fd.f32)
    RUNTIME.run(fd.ops.Copy(x=x, y=y))
    np.testing.assert_array_equal(np.asarray(y), expected)


def test_copy_into_a_view_touches_nothing_else(rt: fd.Foundry) -> None:
    for shape, cut in [((6, 40), np.s_[1:5, 3:37]), ((9, 4, 5), np.s_[::2, 1:3, 1:4])]:
        target = rt.tensor(np.full(shape, 7, np.float32))
        expected = np.full(shape, 7, np.float32)
        values = rng("into", shape).standard_normal(expected[cut].shape).astype(np.float32)
        expected[cut] = values
        rt.run(fd.ops.Copy(x=rt.tensor(values), y=target[cut]))
        np.testing.assert_array_equal(np.asarray(target), expected)


def test_copy_names_what_does_not_fit(rt: fd.Foundry) -> None:
    x, y = rt.empty((4, 6), fd.f32), rt.empty((4, 6), fd.f32)
    with pytest.raises(fd.ShapeError, match=r"x is \(6, 4\), y is \(4, 6\): with gaps in one they"):
        rt.run(fd.ops.Copy(x=x.transpose(), y=y))
    with pytest.raises(fd.ShapeError, match=r"x is \(4, 6\): 24 elements where 5 are needed"):
        rt.run(fd.ops.Copy(x=x, y=rt.empty((5,), fd.f32)))
    with pytest.raises(fd.DTypeError, match=r"x takes a plain type, got .*q8_0"):
        rt.run(fd.ops.Copy(x=rt.empty((4, 32), fd.q8_0), y=rt.empty((4, 32), fd.f32)))


# --- keys and values -----------------------------------------------------------------------------


@pytest.mark.parametrize(("positions", "heads", "dim"), [(1, 1, 2), (7, 3, 64), (100, 8, 80)])
def test_kv_rearrange_there_and_back(rt: fd.Foundry, positions: int, heads: int, dim: int) -> None:
    values = rng(positions, heads, dim).standard_normal((positions, heads, dim)).astype("f2")
    x = rt.tensor(values)
    turned, back = rt.empty((heads, positions, dim), fd.f16), rt.empty(values.shape, fd.f16)
    rt.run(fd.ops.KvRearrange(x=x, y=turned))
    np.testing.assert_array_equal(np.asarray(turned), values.transpose(1, 0, 2))
    rt.run(fd.ops.KvRearrange(x=turned, y=back))
    np.testing.assert_array_equal(np.asarray(back), values)


@pytest.mark.parametrize(("kv_heads", "heads"), [(1, 1), (1, 5), (3, 9), (4, 4)])
def test_repeat_kv(rt: fd.Foundry, kv_heads: int, heads: int) -> None:
    values = rng(kv_heads, heads).standard_normal((13, kv_heads, 64)).astype("f2")
    y = rt.empty((11, heads, 64), fd.f32)
    rt.run(fd.ops.RepeatKv(x=rt.tensor(values)[2:], y=y))
    np.testing.assert_array_equal(np.asarray(y), np.repeat(values[2:], heads // kv_heads, axis=1))


def test_keys_and_values_that_do_not_fit_are_named(rt: fd.Foundry) -> None:
    x = rt.empty((5, 2, 8), fd.f16)
    with pytest.raises(
        fd.ShapeError, match=r"x is \(5, 2, 8\), y is \(5, 2, 8\); \(a, b, head_dim"
    ):
        rt.run(fd.ops.KvRearrange(x=x, y=rt.empty((5, 2, 8), fd.f16)))
    with pytest.raises(
        fd.ShapeError, match=r"x is \(5, 2, 8\), y is \(5, 3, 8\); .* a multiple of"
    ):
        rt.run(fd.ops.RepeatKv(x=x, y=rt.empty((5, 3, 8), fd.f16)))


# --- fill and arange -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PLAIN)
def test_fill_and_arange(rt: fd.Foundry, name: str, size: int) -> None:
    y = rt.empty((size,), dtype_of(name))
    rt.run(fd.ops.Fill(y=y, value=1))
    assert (y.copy_to_host().astype(np.float64) == 1).all()
    if name == "bool":
        return
    count = min(size, 50)  # so that the largest fits every type
    y = rt.empty((count,), dtype_of(name))
    rt.run(fd.ops.Arange(y=y, start=2, step=2))
    expected = 2 + 2 * np.arange(count, dtype=np.float64)
    np.testing.assert_array_equal(y.copy_to_host().astype(np.float64), expected)


def test_arange_counts_down_and_far(rt: fd.Foundry) -> None:
    y = rt.empty((5000,), fd.i64)
    rt.run(fd.ops.Arange(y=y, start=2.0**50, step=-(2.0**40)))
    np.testing.assert_array_equal(np.asarray(y), 2**50 - 2**40 * np.arange(5000, dtype=np.int64))
    z = rt.empty((5000,), fd.f32)
    rt.run(fd.ops.Arange(y=z, start=-1.0, step=0.1))
    expected = -1.0 + np.float64(np.float32(0.1)) * np.arange(5000)
    np.testing.assert_allclose(np.asarray(z), expected, rtol=2.0**-23, atol=2.0**-24)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda rt: fd.ops.RandomUniform(rt.empty((3,), fd.f32), 2, 1),
            "from 2 to 1 is no interval",
        ),
        (
            lambda rt: fd.ops.RandomNormal(rt.empty((3,), fd.f32), 0, -1),
            "mean 0 and deviation -1",
        ),
    ],
)
def test_numbers_that_do_not_fit_are_named(rt: fd.Foundry, make: Any, text: str) -> None:
    with pytest.raises(fd.ArgumentError) as caught:
        rt.run(make(rt))
    assert text in str(caught.value)


# --- random --------------------------------------------------------------------------------------


def philox(counters: NDArray[np.uint64], stream: int, seed: int) -> NDArray[np.uint64]:
    """Philox4x32-10 of counters (c, 0, stream), from the paper's description."""
    mask = np.uint64(0xFFFFFFFF)
    zero = np.zeros_like(counters)
    c = [counters, zero, zero + np.uint64(stream & 0xFFFFFFFF), zero + np.uint64(stream >> 32)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a = c[0] * np.uint64(0xD2511F53)
        b = c[2] * np.uint64(0xCD9E8D57)
        c = [
            (b >> np.uint64(32)) ^ c[1] ^ np.uint64(k0),
            b & mask,
            (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k1),
            a & mask,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1)


def words(count: int, stream: int, seed: int) -> NDArray[np.uint64]:
    """The four words behind every number, and the number's place among them in the last column."""
    i = np.arange(count, dtype=np.uint64)
    counter = i // np.uint64(128) * np.uint64(32) + i % np.uint64(32)
    place = i // np.uint64(32) % np.uint64(4)
    return np.concatenate([philox(counter, stream, seed), place[:, None]], axis=1)


def test_philox_of_the_test_gives_the_papers_numbers() -> None:
    """Known answer of Random123, kat_vectors: philox4x32 10, all zeros."""
    found = philox(np.zeros(1, np.uint64), 0, 0)[0]
    assert [hex(int(word)) for word in found] == [
        "0x6627e8d5",
        "0xe169c58d",
        "0xbc57ac4c",
        "0x9b00dbd8",
    ]


@pytest.mark.parametrize("size", [1, 33, 127, 128, 129, 2048, 5000])
@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (7, 1), (2**63 + 5, 2**40 + 3)])
def test_random_numbers_are_philoxs(rt: fd.Foundry, size: int, seed: int, stream: int) -> None:
    made = words(size, stream, seed)
    rows, place = np.arange(size), made[:, 4].astype(int)
    y = rt.empty((size,), fd.f32)
    rt.run(fd.ops.RandomUniform(y=y, low=-2, high=3, seed=seed, stream=stream))
    uniform = (made[rows, place] >> np.uint64(8)) * 2.0**-24
    np.testing.assert_allclose(np.asarray(y), -2 + 5 * uniform, atol=2.0**-21)
    rt.run(fd.ops.RandomNormal(y=y, mean=1, deviation=2, seed=seed, stream=stream))
    pair = place // 2 * 2
    radius = np.sqrt(-2 * np.log((made[rows, pair].astype(np.float64) + 1) * 2.0**-32))
    angle = 2 * np.pi * (made[rows, pair + 1] >> np.uint64(8)) * 2.0**-24
    normal = radius * np.where(place % 2 == 0, np.cos(angle), np.sin(angle))
    # A radius up to 6.7, its logarithm and the angle in f32, times 2. Where the first word is near
    # 2^32 the logarithm is near 0 and has no more than 2^-24 of absolute precision: sqrt makes
    # 2^-12 of that.
    near = (made[rows, pair] > np.uint64(0xFFFF0000)) * 2.0**-11
    assert (np.abs(np.asarray(y) - (1 + 2 * normal)) <= 2e-5 + near).all()


def test_random_numbers_have_the_moments_of_their_distribution(rt: fd.Foundry) -> None:
    count = 1 << 20
    y = rt.empty((count,), fd.f32)
    rt.run(fd.ops.RandomNormal(y=y, seed=3))
    z = np.asarray(y).astype(np.float64)
    # Five standard deviations of each estimate: mean, variance, skewness, kurtosis.
    error = 5 / np.sqrt(count)
    assert abs(z.mean()) < error
    assert abs(z.var() - 1) < error * np.sqrt(2)
    assert abs((z**3).mean()) < error * np.sqrt(15)
    assert abs((z**4).mean() - 3) < error * np.sqrt(96)
    rt.run(fd.ops.RandomUniform(y=y, seed=4))
    u = np.asarray(y)
    assert u.min() >= 0 and u.max() < 1
    bins = np.bincount((u * 256).astype(int), minlength=256)
    chi_square = ((bins - count / 256) ** 2 / (count / 256)).sum()
    assert abs(chi_square - 255) < 5 * np.sqrt(2 * 255)


def test_streams_differ_and_runs_repeat(rt: fd.Foundry) -> None:
    first, again, other = (rt.empty((1000,), fd.f32) for _ in range(3))
    rt.run(fd.ops.RandomUniform(y=first, seed=1))
    rt.run(fd.ops.RandomUniform(y=again, seed=1))
    rt.run(fd.ops.RandomUniform(y=other, seed=1, stream=1))
    np.testing.assert_array_equal(np.asarray(first), np.asarray(again))
    assert (np.asarray(first) == np.asarray(other)).mean() < 0.01
    short = rt.empty((100,), fd.f32)
    rt.run(fd.ops.RandomUniform(y=short, seed=1))
    np.testing.assert_array_equal(np.asarray(short), np.asarray(first)[:100])
