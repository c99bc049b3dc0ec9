"""NaN and infinity in rows and elements: what is seen shows, casts are defined.

The rules are those of docs/ops.md. `special` is one of NaN, +inf and -inf throughout.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import F32, F64, normal, rng

SPECIAL = [np.nan, np.inf, -np.inf]
FLOATS = ["f32", "f16", "bf16"]


def host(tensor: fd.Tensor) -> F64:
    return tensor.copy_to_host().astype(np.float64)


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


@pytest.mark.parametrize("special", SPECIAL)
def test_rearranged_and_repeated_heads_pass_it_on(rt: fd.Foundry, special: float) -> None:
    heads = normal(3, 2, 8)
    heads[1, 1, 5] = special
    x = rt.tensor(heads)
    turned, repeated = rt.empty((2, 3, 8), fd.f32), rt.empty((3, 4, 8), fd.f32)
    rt.run(fd.ops.KvRearrange(x=x, y=turned))
    np.testing.assert_array_equal(np.asarray(turned), heads.transpose(1, 0, 2))
    rt.run(fd.ops.RepeatKv(x=x, y=repeated))
    np.testing.assert_array_equal(np.asarray(repeated), heads.repeat(2, axis=1))


@pytest.mark.parametrize("special", SPECIAL)
def test_rope_spreads_it_over_a_pair_of_the_cache(rt: fd.Foundry, special: float) -> None:
    q, k, v = normal(1, 4, 8, seed="q"), normal(1, 2, 8, seed="k"), normal(1, 2, 8, seed="v")
    q[0, 3, 1], k[0, 1, 4], v[0, 0, 6] = special, special, special
    turned = rt.tensor(q)
    caches = [rt.tensor(np.zeros((4, 2, 8), np.float32)) for _ in range(2)]
    rt.run(
        fd.ops.RopeKvWrite(
            q=turned, k=rt.tensor(k), v=rt.tensor(v), k_cache=caches[0], v_cache=caches[1], start=2
        )
    )
    hidden = np.zeros((1, 4, 8), bool)
    hidden[0, 3, :2] = True
    np.testing.assert_array_equal(np.isfinite(np.asarray(turned)), ~hidden)
    hidden = np.zeros((4, 2, 8), bool)
    hidden[2, 1, 4:6] = True
    np.testing.assert_array_equal(np.isfinite(np.asarray(caches[0])), ~hidden)
    np.testing.assert_array_equal(np.asarray(caches[1])[2], v[0])


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
            0  # type: ignore[misc]
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
