"""NaN and infinity in every operation: what is seen shows, what is hidden does not leak.

The rules are those of docs/ops.md. `special` is one of NaN, +inf and -inf throughout.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
import quantised
from quantised import FORMATS

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
SPECIAL = [np.nan, np.inf, -np.inf]
FLOATS = ["f32", "f16", "bf16"]


def rng(*seed: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(seed).encode()))


def normal(*shape: int, seed: object = 0) -> F32:
    return rng(shape, seed).standard_normal(shape).astype(np.float32)


def weights(rt: fd.Foundry, shape: tuple[int, int], name: str) -> tuple[fd.Tensor, F64]:
    """Random weights of a format, and the values that they stand for."""
    values = normal(*shape, seed=name)
    if name in quantised.PLAIN:
        tensor = rt.tensor(values, fd.DType[name])
        return tensor, tensor.copy_to_host().astype(np.float64)
    packed = quantised.pack(values, name)
    tensor = rt.dedicated(shape, fd.DType[name])
    tensor.copy_from(packed.reshape(-1))
    return tensor, quantised.unpack(packed, name).astype(np.float64)


def host(tensor: fd.Tensor) -> F64:
    return tensor.copy_to_host().astype(np.float64)


# --- products ------------------------------------------------------------------------------------

# Whole steps of 256, and for blocks of 32 a rest after them.
COLUMNS = {name: 512 if quantised.block_of(name)[0] == 256 else 544 for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_gemv_shows_what_is_not_finite_as_ieee_has_it(rt: fd.Foundry, name: str) -> None:
    columns = COLUMNS[name]
    w, w64 = weights(rt, (37, columns), name)
    y = rt.empty((37,), fd.f32)
    clean = normal(columns)
    for at in (0, 77, 300, columns - 1):
        for special in SPECIAL:
            x = clean.copy()
            x[at] = special
            rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
            with np.errstate(invalid="ignore"):
                expected = w64[:, at] * special  # 0 times infinity is NaN
            np.testing.assert_array_equal(np.asarray(y), expected)
    x = clean.copy()
    x[[3, 400]] = np.inf, -np.inf
    rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
    assert not np.isfinite(np.asarray(y)).any()
    # And what comes next is as before.
    rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(clean), y=y))
    bound = 2.0**-14 * (np.abs(w64) @ np.abs(clean))  # 16-bit inputs
    assert (np.abs(np.asarray(y) - w64 @ clean) <= bound).all()


@pytest.mark.parametrize("name", FORMATS)
def test_gemv_takes_inputs_of_every_size(rt: fd.Foundry, name: str) -> None:
    columns = COLUMNS[name]
    w, w64 = weights(rt, (37, columns), name)
    y = rt.empty((37,), fd.f32)
    for scale in (1e-40, 1e-36, 1e-33, 1e-20, 1e20, 1e34):
        x = (normal(columns) * scale).astype(np.float32)
        x[32:64] = 0
        rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
        x64 = x.astype(np.float64)
        # 16-bit inputs; below 2^-126 a product is off by half of the last place, 2^-150.
        bound = 2.0**-14 * (np.abs(w64) @ np.abs(x64)) + columns * 2.0**-149
        assert (np.abs(np.asarray(y) - w64 @ x64) <= bound).all(), scale


@pytest.mark.parametrize("name", FORMATS)
def test_one_row_of_weights_that_is_not_finite_is_one_result(rt: fd.Foundry, name: str) -> None:
    columns = COLUMNS[name]
    values = normal(37, columns, seed=name)
    if name in quantised.PLAIN:
        values[5, 300] = np.nan
        w = rt.tensor(values, fd.DType[name])
    else:
        packed = quantised.pack(values, name).reshape(37, -1)
        scale = quantised.SCALES[name][0]
        packed[5, scale : scale + 2] = np.array([np.nan], np.float16).view(np.uint8)
        w = rt.dedicated((37, columns), fd.DType[name])
        w.copy_from(packed.reshape(-1))
    only = np.arange(37) == 5
    y = rt.empty((37,), fd.f32)
    rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(normal(columns)), y=y))
    np.testing.assert_array_equal(np.isnan(np.asarray(y)), only)
    many = rt.empty((3, 37), fd.f32)
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(normal(3, columns)), y=many))
    np.testing.assert_array_equal(np.isnan(np.asarray(many)), np.broadcast_to(only, (3, 37)))


@pytest.mark.parametrize("name", ["q4_1", "q6_k", "f16"])
@pytest.mark.parametrize("form", ["gemm_lanes", "gemm_matrices"])
def test_gemm_keeps_tokens_apart(rt: fd.Foundry, name: str, form: str) -> None:
    columns = COLUMNS[name]
    w, _ = weights(rt, (37, columns), name)
    clean = normal(35, columns)
    y, again = rt.empty((35, 37), fd.f32), rt.empty((35, 37), fd.f32)
    kind = fd.ops.LinearForm[form]
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(clean), y=y, form=kind))
    for special in SPECIAL:
        x = clean.copy()
        x[3, 77] = special
        rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(x), y=again, form=kind))
        assert not np.isfinite(np.asarray(again)[3]).any()
        others = np.arange(35) != 3
        np.testing.assert_array_equal(np.asarray(again)[others], np.asarray(y)[others])


@pytest.mark.parametrize("special", SPECIAL)
def test_other_products(rt: fd.Foundry, special: float) -> None:
    w, w64 = weights(rt, (70, 96), "q8_0")
    x = normal(70)
    x[33] = special
    y = rt.empty((96,), fd.f32)
    rt.run(fd.ops.GemvColumns(weights=w, x=rt.tensor(x), y=y))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.asarray(y), w64[33] * special)
    tiles = rt.empty((3, 96, 32), fd.f32)
    rt.run(fd.ops.TileWeights(weights=w, y=tiles))
    x = normal(96)
    x[5] = special
    rows = rt.empty((70,), fd.f32)
    rt.run(fd.ops.GemvTiled(weights=tiles, x=rt.tensor(x), y=rows))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.asarray(rows), w64[:, 5] * special)


@pytest.mark.parametrize("tokens", [1, 3])
def test_fused_products_show_it(rt: fd.Foundry, tokens: int) -> None:
    gate, _ = weights(rt, (50, 256), "q4_0")
    up, _ = weights(rt, (50, 256), "q8_0")
    norm = fd.ops.RmsNorm(weight=rt.tensor(normal(256)))
    y = rt.empty((tokens, 50), fd.f32)
    for special in SPECIAL:
        x = normal(tokens, 256)
        x[-1, 200] = special
        rt.run(fd.ops.GatedLinear(gate=gate, up=up, x=rt.tensor(x), y=y, prologue=norm))
        found = np.isfinite(np.asarray(y))
        assert not found[-1].any() and found[:-1].all()


# --- attention -----------------------------------------------------------------------------------


class Cache:
    """A cache of 70 positions beside queries at the last of `tokens`; the rest is NaN."""

    def __init__(self, rt: fd.Foundry, tokens: int, filled: int = 60) -> None:
        self.rt = rt
        self.tokens, self.filled = tokens, filled
        self.q = normal(tokens, 4, 64)
        self.k, self.v = normal(70, 2, 64, seed="k"), normal(70, 2, 64, seed="v")
        self.k[filled:] = np.nan
        self.v[filled:] = np.inf

    def run(self, form: str, **settings: Any) -> F32:
        y = self.rt.empty(self.q.shape, fd.f32)
        self.rt.run(
            fd.ops.Attention(
                q=self.rt.tensor(self.q),
                k_cache=self.rt.tensor(self.k, fd.f16),
                v_cache=self.rt.tensor(self.v, fd.f16),
                y=y,
                start=self.filled - self.tokens,
                form=fd.ops.AttentionForm[form],
                **settings,
            )
        )
        return np.asarray(y).copy()


def check_same(found: F32, expected: F32) -> None:
    """The prefill form adds in another order where a tile holds what is not finite: 60 values of
    about 1, rounded to 2^-24."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=60 * 2.0**-24)


FORMS = [("decode", 1), ("decode", 3), ("prefill", 3), ("prefill", 20)]


@pytest.mark.parametrize(("form", "tokens"), FORMS)
def test_attention_hides_what_no_query_may_see(rt: fd.Foundry, form: str, tokens: int) -> None:
    case = Cache(rt, tokens)
    clean = case.run(form)
    assert np.isfinite(clean).all(), "beyond the filled part nothing is read"
    windowed = case.run(form, window=5)
    for special in SPECIAL:
        before = case.filled - tokens - 4  # what the first token's window starts with
        case.k[:before], case.v[:before] = special, special
        check_same(case.run(form, window=5), windowed)


@pytest.mark.parametrize(("form", "tokens"), FORMS)
@pytest.mark.parametrize("per_head", [False, True])
def test_attention_hides_what_the_mask_hides(
    rt: fd.Foundry, form: str, tokens: int, per_head: bool
) -> None:
    case = Cache(rt, tokens)
    shape = (4, tokens, 60) if per_head else (tokens, 60)
    hidden = rng("hidden", shape).random(60) < 0.4
    hidden[-tokens:] = False
    values = np.zeros(shape, np.float32)
    values[..., hidden] = -np.inf
    mask = rt.tensor(values)
    clean = case.run(form, mask=mask)
    for special in SPECIAL:
        case.k[:60][hidden], case.v[:60][hidden] = special, special
        check_same(case.run(form, mask=mask), clean)


@pytest.mark.parametrize(("form", "tokens"), FORMS[1:])
def test_later_tokens_do_not_leak_into_earlier_ones(rt: fd.Foundry, form: str, tokens: int) -> None:
    case = Cache(rt, tokens)
    clean = case.run(form)
    for special in SPECIAL:
        case.v[case.filled - 1, 0, 3] = special
        found = case.run(form)
        check_same(found[:-1], clean[:-1])
        # Two of the four heads share the first key-value head.
        np.testing.assert_array_equal(np.isfinite(found[-1, :2]), np.arange(64)[None] != [[3]] * 2)
        check_same(found[-1, 2:], clean[-1, 2:])
        case.v[case.filled - 1, 0, 3] = 0.5
        case.k[case.filled - 1, 1, 3] = special
        found = case.run(form)
        check_same(found[:-1, 2:], clean[:-1, 2:])
        if np.isnan(special):
            assert np.isnan(found[-1, 2:]).all()
        case = Cache(rt, tokens)


@pytest.mark.parametrize(("form", "tokens"), FORMS)
@pytest.mark.parametrize("cap", [0.0, 30.0])
def test_attention_shows_what_is_seen(rt: fd.Foundry, form: str, tokens: int, cap: float) -> None:
    for at in (0, 31, 59):
        case = Cache(rt, tokens)
        case.k[at, 0] = np.nan
        found = case.run(form, soft_cap=cap)[-1]
        assert np.isnan(found[:2]).all() and np.isfinite(found[2:]).all()
        case = Cache(rt, tokens)
        case.q[-1, 1, 7] = np.nan
        found = case.run(form, soft_cap=cap)[-1]
        np.testing.assert_array_equal(np.isnan(found).all(axis=1), np.arange(4) == 1)
    if cap == 0:
        # Scores of infinity: softmax of +inf is NaN, and of nothing but -inf.
        for sign in (1, -1):
            case = Cache(rt, tokens)
            case.k[:60, 0] = 0
            case.k[:60, 0, 0] = 1
            case.q[-1, 0, 0] = sign * np.inf
            assert np.isnan(case.run(form)[-1, 0]).all()
    values = np.zeros((tokens, 60), np.float32)
    values[-1, 11] = np.nan
    assert np.isnan(Cache(rt, tokens).run(form, mask=rt.tensor(values))[-1]).all()


def test_a_split_context_keeps_to_the_same_rules(rt: fd.Foundry) -> None:
    scratch = rt.empty((fd.ops.attention_scratch(1, 4, 64),), fd.f32)
    case = Cache(rt, 1)
    settings: dict[str, Any] = {"scratch": scratch, "splits": 2}
    clean = case.run("decode", **settings)
    assert np.isfinite(clean).all()
    values = np.zeros((1, 60), np.float32)
    values[0, 3] = -np.inf
    masked = case.run("decode", mask=rt.tensor(values), **settings)
    case.k[3], case.v[3] = np.nan, np.nan
    np.testing.assert_array_equal(case.run("decode", mask=rt.tensor(values), **settings), masked)
    assert np.isnan(case.run("decode", **settings)).all()


# --- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 5000])
def test_softmax(rt: fd.Foundry, columns: int) -> None:
    rows = normal(6, columns)
    rows[1, 7], rows[2, 7], rows[3, 7] = np.nan, np.inf, -np.inf
    rows[4] = -np.inf
    y = rt.empty(rows.shape, fd.f32)
    rt.run(fd.ops.Softmax(x=rt.tensor(rows), y=y))
    found = np.asarray(y)
    assert np.isnan(found[1:3]).all(), "NaN and +inf make the row NaN"
    assert np.isfinite(found[[0, 3, 5]]).all() and found[3, 7] == 0
    assert (found[4] == 0).all(), "a row of -inf gives zeros"
    mask = np.zeros(columns, np.float32)
    mask[7] = -np.inf
    rt.run(fd.ops.Softmax(x=rt.tensor(rows), y=y, mask=rt.tensor(mask)))
    found = np.asarray(y)
    assert np.isfinite(found).all() and (found[:, 7] == 0).all(), "-inf hides what stands there"
    mask[7] = np.nan
    rt.run(fd.ops.Softmax(x=rt.tensor(rows), y=y, mask=rt.tensor(mask)))
    assert np.isnan(np.asarray(y)).all(), "a NaN in the mask shows"


@pytest.mark.parametrize("columns", [40, 5000])
def test_norms_show_it_in_the_whole_row(rt: fd.Foundry, columns: int) -> None:
    ones = rt.tensor(np.ones(columns, np.float32))
    for value in (*SPECIAL, 3e30):  # whose square is infinite
        rows = normal(3, columns)
        rows[1, 9] = value
        y = rt.empty(rows.shape, fd.f32)
        for op in (
            fd.ops.RmsNorm(weight=ones, x=rt.tensor(rows), y=y),
            fd.ops.LayerNorm(x=rt.tensor(rows), weight=ones, y=y),
        ):
            rt.run(op)
            found = np.asarray(y)
            assert np.isnan(found[1]).all() and np.isfinite(found[[0, 2]]).all()


def test_a_head_norm_shows_it_in_its_head(rt: fd.Foundry) -> None:
    heads = rt.tensor(np.eye(64, dtype=np.float32))  # a product that copies x
    x = normal(64)
    x[40] = np.inf
    x[:32] = 1
    q, cache = rt.empty((1, 2, 32), fd.f32), rt.empty((4, 2, 32), fd.f32)
    w = rt.tensor(np.ones(32, np.float32))
    rt.run(
        fd.ops.QkvLinear(
            query=heads,
            key=heads,
            value=heads,
            x=rt.tensor(np.nan_to_num(x, posinf=3e30)),
            q=q,
            k_cache=cache,
            v_cache=rt.empty((4, 2, 32), fd.f32),
            start=0,
            query_norm=w,
            key_norm=w,
        )
    )
    assert np.isnan(np.asarray(q)[0, 1]).all() and np.isfinite(np.asarray(q)[0, 0]).all()


# --- elements ------------------------------------------------------------------------------------


def test_rope_shows_it_in_its_pair(rt: fd.Foundry) -> None:
    for special in SPECIAL:
        x = normal(2, 3, 8)
        x[1, 2, 4] = special
        y = rt.empty(x.shape, fd.f32)
        rt.run(fd.ops.Rope(x=rt.tensor(x), y=y, start=7, interleaved=True))
        expected = np.ones(x.shape, bool)
        expected[1, 2, 4:6] = False
        np.testing.assert_array_equal(np.isfinite(np.asarray(y)), expected)


def test_embedding_and_cache_writes_pass_it_on(rt: fd.Foundry) -> None:
    table = normal(5, 64)
    table[3, 7] = np.nan
    table[3, 8], table[3, 9] = 1e6, -np.inf
    y = rt.empty((3, 64), fd.f16)
    ids = rt.tensor(np.array([2, 3, 9], np.int32))
    rt.run(fd.ops.Embedding(table=rt.tensor(table), ids=ids, y=y))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(np.asarray(y)[:2], table[[2, 3]].astype(np.float16))
    assert np.isnan(np.asarray(y)[2]).all(), "an id that is none"
    new = normal(1, 2, 32)
    new[0, 1, :4] = np.nan, np.inf, -np.inf, 70000
    caches = [rt.tensor(np.zeros((4, 2, 32), np.float16)) for _ in range(2)]
    tensor = rt.tensor(new)
    rt.run(fd.ops.KvWrite(k=tensor, v=tensor, k_cache=caches[0], v_cache=caches[1], start=2))
    for cache in caches:
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(np.asarray(cache)[2:3], new.astype(np.float16))


def every_kind_of_float() -> F32:
    edges = [0.0, 0.5, 0.99, 1, 1.5, 127.5, 128, 255.9, 256, 32768, 65504, 65519, 65520, 65536]
    edges += [2.0**31 - 128, 2.0**31, 2.0**32 - 256, 2.0**32, 2.0**63, 2.0**64, 1e30, 3.4e38]
    edges += [1e-8, 2.0**-149, 2.0**-126, 2.0**-24, 2.0**-25]
    positive = np.array(edges, np.float32)
    positive = np.r_[positive, np.abs(normal(200)) * 10.0 ** rng(1).integers(-10, 38, 200)]
    return np.r_[positive, -positive, SPECIAL, np.nan].astype(np.float32)


def cast(rt: fd.Foundry, values: F32, name: str) -> fd.Tensor:
    """As the device casts, which makes large numbers infinite."""
    y = rt.empty(values.shape, fd.DType[name])
    rt.run(fd.ops.Copy(x=rt.tensor(values), y=y))
    return y


INTEGERS = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]


@pytest.mark.parametrize("source", FLOATS)
@pytest.mark.parametrize("target", [*INTEGERS, "bool"])
def test_casts_to_integers_are_defined_for_every_float(
    rt: fd.Foundry, source: str, target: str
) -> None:
    x = cast(rt, every_kind_of_float(), source)
    values = host(x)
    y = rt.empty(x.shape, fd.bool_ if target == "bool" else fd.DType[target])
    rt.run(fd.ops.Copy(x=x, y=y))
    strided = rt.empty((*x.shape, 2), y.dtype)
    rt.run(fd.ops.Copy(x=x, y=strided[:, 0]))
    if target == "bool":
        expected = [bool(value) for value in values]  # NaN is not zero
    else:
        info = np.iinfo(target.replace("i", "int").replace("u", "uint"))
        # The fraction goes; beyond the ends the end; NaN is 0.
        expected = [
            0
            if np.isnan(v)
            else info.max
            if v == np.inf
            else info.min
            if v == -np.inf
            else max(info.min, min(info.max, int(v)))
            for v in values
        ]
    assert y.copy_to_host().tolist() == expected
    assert strided.copy_to_host()[:, 0].tolist() == expected


@pytest.mark.parametrize("source", FLOATS)
@pytest.mark.parametrize("target", FLOATS)
def test_casts_between_floats_keep_what_is_not_finite(
    rt: fd.Foundry, source: str, target: str
) -> None:
    values = np.r_[
        every_kind_of_float(),
        np.arange(0x7F800001, 0x7FFFFFFF, 99991).astype(np.uint32).view(np.float32),
    ]
    with np.errstate(all="ignore"):
        x = cast(rt, values, source)
        y = rt.empty(x.shape, fd.DType[target])
        rt.run(fd.ops.Copy(x=x, y=y))
        given, found = host(x), host(y)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(given))
        if target != "bf16":
            kind = np.float16 if target == "f16" else np.float32
            np.testing.assert_array_equal(found, given.astype(np.float32).astype(kind))
        else:
            largest = 2.0**128 - 2.0**119  # from here on to infinity
            np.testing.assert_array_equal(np.isinf(found), np.abs(given) >= largest)


@pytest.mark.parametrize("op", [fd.ops.Add, fd.ops.Multiply])
def test_sums_and_products_follow_ieee_and_casts(rt: fd.Foundry, op: Any) -> None:
    values = np.array([0, -0.0, 1, -1, 3e38, np.inf, -np.inf, np.nan], np.float32)
    a, b = (m.reshape(-1) for m in np.meshgrid(values, values))
    y = rt.empty(a.shape, fd.f32)
    rt.run(op(a=rt.tensor(a), b=rt.tensor(b), y=y))
    with np.errstate(all="ignore"):
        expected = a + b if op is fd.ops.Add else a * b
    np.testing.assert_array_equal(np.asarray(y), expected)
    whole = rt.empty(a.shape, fd.u8)
    rt.run(op(a=rt.tensor(a), b=rt.tensor(b), y=whole))
    np.testing.assert_array_equal(np.asarray(whole), np.nan_to_num(expected, nan=0).clip(0, 255))


@pytest.mark.parametrize("op", [fd.ops.SwiGlu, fd.ops.GeGlu])
def test_activations_at_the_ends(rt: fd.Foundry, op: Any) -> None:
    gate = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 0], np.float32)
    y = rt.empty((6,), fd.f32)
    rt.run(op(gate=rt.tensor(gate), up=rt.tensor(np.ones(6, np.float32)), y=y))
    # -inf * sigmoid(-inf) is infinity times 0.
    np.testing.assert_array_equal(
        np.asarray(y), np.array([np.nan, np.inf, np.nan, 3e38, 0, 0], np.float32)
    )
    up = rt.tensor(np.array([1, 1, 1, np.nan, np.inf, np.inf], np.float32))
    rt.run(op(gate=rt.tensor(np.array([1, 1, 1, 1, 2, 0], np.float32)), up=up, y=y))
    found = np.asarray(y)
    assert np.isfinite(found[:3]).all() and np.isnan(found[[3, 5]]).all() and np.isinf(found[4])


# --- choosing a token ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("columns", [1, 33, 1000, 5003])
def test_argmax_is_numpys(rt: fd.Foundry, columns: int, name: str) -> None:
    random = rng("argmax", columns)
    rows = random.integers(-3, 4, (12, columns)).astype(np.float32)
    for row in rows[:8]:
        count = random.integers(1, 4)
        row[random.integers(0, columns, count)] = random.choice([*SPECIAL, -0.0, 0.0], count)
    rows[8], rows[9], rows[10] = np.nan, -np.inf, np.inf
    rows[11] = -0.0
    rows[11, columns // 2] = 0.0  # equal to the ones before it
    x = rt.tensor(rows, fd.DType[name])
    y = rt.empty((12,), fd.i32)
    rt.run(fd.ops.Argmax(x=x, y=y))
    expected = rows.argmax(axis=1)
    np.testing.assert_array_equal(np.asarray(y), expected)
    rt.run(fd.ops.Argmax(x=x, y=y, finite_only=True))
    highest = rows[np.arange(12), expected]
    np.testing.assert_array_equal(
        np.asarray(y), np.where(np.isfinite(highest), expected, ~expected)
    )


SETTINGS = [{}, {"temperature": 0.0}, {"top_k": 5}, {"top_p": 0.9}, {"min_p": 0.1}]


@pytest.mark.parametrize("columns", [40, 5000])
def test_sample_reports_what_cannot_be_drawn_from(rt: fd.Foundry, columns: int) -> None:
    scratch, counts = rt.empty((columns,), fd.f32), rt.tensor(np.zeros(columns, np.uint32))
    token = rt.empty((1,), fd.i32)
    cases = []
    for at in (0, 7, columns - 1):
        for special in (np.nan, np.inf):
            logits = normal(columns)
            logits[at:] = special
            cases.append((logits, ~at))
    cases.append((np.full(columns, -np.inf, np.float32), ~0))
    mixed = normal(columns)
    mixed[3], mixed[11], mixed[20] = -np.inf, np.inf, np.nan
    cases.append((mixed, ~11))
    for logits, expected in cases:
        tensor = rt.tensor(logits)
        for settings in SETTINGS:
            rt.run(fd.ops.Sample(tensor, scratch, token, counts, **settings))
            assert np.asarray(token)[0] == expected, settings
            assert (np.asarray(counts) == 0).all()


@pytest.mark.parametrize("temperature", [0.0, 1e-45, 1e-38, 1.0, 1e30, 3.4e38])
def test_what_is_minus_infinity_is_never_drawn_at_any_temperature(
    rt: fd.Foundry, temperature: float
) -> None:
    logits = np.full(300, -np.inf, np.float32)
    logits[[5, 77]] = 1, 2
    tokens, scratch = rt.empty((60,), fd.i32), rt.empty((300,), fd.f32)
    for step in range(60):
        for settings in ({}, {"top_k": 5}):
            rt.run(
                fd.ops.Sample(
                    rt.tensor(logits),
                    scratch,
                    tokens[step : step + 1],
                    step=step,
                    temperature=temperature,
                    **settings,
                )
            )
    found = set(np.asarray(tokens).tolist())
    # 60 draws of two alike miss one with a probability of 2^-59.
    assert found == ({5, 77} if temperature > 1 else {77}) or (
        temperature == 1 and found <= {5, 77}
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"temperature": np.inf}, "temperature is inf, not finite"),
        ({"temperature": np.nan}, "temperature is nan, not 0 or above"),
        ({"frequency_penalty": np.nan}, "frequency_penalty is nan, not finite"),
        ({"presence_penalty": -np.inf}, "presence_penalty is -inf, not finite"),
        ({"repetition_penalty": np.inf}, "repetition_penalty is inf, not finite"),
        ({"top_p": np.nan}, r"top_p is nan, not in (0, 1]"),
        ({"min_p": np.nan}, r"min_p is nan, not in [0, 1]"),
    ],
)
def test_settings_that_are_no_numbers_are_refused(
    rt: fd.Foundry, settings: dict[str, float], text: str
) -> None:
    logits, scratch = rt.tensor(normal(9)), rt.empty((9,), fd.f32)
    with pytest.raises(fd.ArgumentError) as caught:
        rt.run(fd.ops.Sample(logits, scratch, rt.empty((1,), fd.i32), **settings))
    assert text in str(caught.value)


def test_penalties_that_overflow_are_reported(rt: fd.Foundry) -> None:
    logits = np.array([1, 1e38, 0], np.float32)
    counts = rt.tensor(np.array([0, 1, 0], np.uint32))
    token = rt.empty((1,), fd.i32)
    rt.run(
        fd.ops.Sample(
            rt.tensor(logits), rt.empty((3,), fd.f32), token, counts, repetition_penalty=1e-5
        )
    )
    assert np.asarray(token)[0] == ~1
