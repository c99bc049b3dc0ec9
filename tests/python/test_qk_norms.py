"""Norms of queries and keys beside RoPE and the cache, against float64 numpy: by RopeKvWrite for
any number of tokens, by QkvLinear in a product's kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from rotation import turned
from values import F64, normal, rng, weights

EPSILON = 1e-5
START = 3


def normed(x: F64, weight: Any, norm: str) -> F64:
    tokens, heads, dim = x.shape
    if norm == "row":
        x = x.reshape(tokens, 1, heads * dim)
    if norm == "head_layer":
        x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPSILON)
    shape = (dim,) if norm == "head" else (heads, dim)
    return x.reshape(tokens, heads, dim) * np.asarray(weight, np.float64).reshape(shape)


def expected(x: F64, weight: Any, norm: str, after: bool, **rope: Any) -> F64:
    if weight is None:
        return turned(x, START, **rope)
    if after:
        return normed(turned(x, START, **rope), weight, norm)
    return turned(normed(x, weight, norm), START, **rope)


def weight_of(norm: str, heads: int, dim: int) -> Any:
    size = dim if norm == "head" else heads * dim
    return rng(norm, heads).standard_normal(size).astype(np.float32) + 1


CASES = [
    # norm, after RoPE, dims, interleaved, magnitude
    ("head", False, 0, False, 1.0),  # Qwen 3
    ("head", True, 0, False, 1.0),  # Hunyuan
    ("head", True, 16, True, 1.25),
    ("head_layer", False, 0, True, 1.0),  # Command R+
    ("head_layer", True, 8, False, 0.5),
    ("row", False, 0, False, 1.0),  # OLMo 2
    ("row", True, 32, True, 1.25),
]


@pytest.mark.parametrize(
    ("norm", "after", "dims", "interleaved", "magnitude", "which"),
    [*((*case, "both") for case in CASES), (*CASES[0], "query"), (*CASES[0], "key")],
)
def test_rope_kv_write_with_norms(
    rt: fd.Foundry,
    norm: str,
    after: bool,
    dims: int,
    interleaved: bool,
    magnitude: float,
    which: str,
) -> None:
    heads, kv_heads, dim, tokens = 6, 2, 48, 3
    q, k, v = (
        normal(tokens, h, dim, seed=h + i) for i, h in enumerate((heads, kv_heads, kv_heads))
    )
    query_norm = None if which == "key" else weight_of(norm, heads, dim)
    key_norm = None if which == "query" else weight_of(norm, kv_heads, dim)
    rope: Any = {"dims": dims, "interleaved": interleaved, "magnitude": magnitude}
    tensor = rt.tensor(q)
    keys, values = (rt.tensor(np.full((9, kv_heads, dim), 7, np.float32)) for _ in range(2))
    settings: dict[str, Any] = {
        "query_norm": None if query_norm is None else rt.tensor(query_norm),
        "key_norm": None if key_norm is None else rt.tensor(key_norm, fd.f32),
        "norm": fd.ops.QkNorm[norm],
        "norm_after_rope": after,
        "norm_epsilon": EPSILON,
    }
    rt.run(
        fd.ops.RopeKvWrite(
            tensor, rt.tensor(k), rt.tensor(v), keys, values, start=START, **rope, **settings
        )
    )
    # A norm's scale is off by a few 2^-24, and so is an angle below 6: of numbers up to 20.
    bound: Any = {"rtol": 0, "atol": 2e-5}
    wide = [x.astype(np.float64) for x in (q, k)]
    np.testing.assert_allclose(
        np.asarray(tensor), expected(wide[0], query_norm, norm, after, **rope), **bound
    )
    np.testing.assert_allclose(
        np.asarray(keys)[3:6], expected(wide[1], key_norm, norm, after, **rope), **bound
    )
    np.testing.assert_array_equal(np.asarray(values)[3:6], v)
    for cache in (keys, values):
        assert (np.delete(np.asarray(cache), range(3, 6), axis=0) == 7).all()


@pytest.mark.parametrize(
    ("norm", "after", "dims", "interleaved", "magnitude"), [c for c in CASES if c[0] != "row"]
)
def test_a_projection_with_norms(
    rt: fd.Foundry, norm: str, after: bool, dims: int, interleaved: bool, magnitude: float
) -> None:
    heads, kv_heads, dim, columns = 3, 2, 64, 96
    (wq, wq64), (wk, wk64), (wv, wv64) = (
        weights(rt, (h * dim, columns), "f16") for h in (heads, kv_heads, kv_heads)
    )
    x = normal(columns)
    query_norm, key_norm = weight_of(norm, heads, dim), weight_of(norm, kv_heads, dim)
    rope: Any = {"dims": dims, "interleaved": interleaved, "magnitude": magnitude}
    q = rt.empty((1, heads, dim), fd.f32)
    keys, values = (rt.empty((9, kv_heads, dim), fd.f32) for _ in range(2))
    rt.run(
        fd.ops.QkvLinear(
            wq, wk, wv, rt.tensor(x), q, keys, values,
            start=START, query_norm=rt.tensor(query_norm), key_norm=rt.tensor(key_norm),
            norm=fd.ops.QkNorm[norm], norm_after_rope=after, norm_epsilon=EPSILON,
            norm_values=True, **rope,
        )
    )  # fmt: skip
    # f32 sums of 96 products, brought to a size near 1 by the norm; then as above.
    bound: Any = {"rtol": 0, "atol": 3e-5}

    def projected(w: F64) -> F64:
        return (w @ x.astype(np.float64)).reshape(1, -1, dim)

    np.testing.assert_allclose(
        np.asarray(q), expected(projected(wq64), query_norm, norm, after, **rope), **bound
    )
    np.testing.assert_allclose(
        np.asarray(keys)[3:4], expected(projected(wk64), key_norm, norm, after, **rope), **bound
    )
    plain = normed(projected(wv64), np.ones(dim), "head")
    np.testing.assert_allclose(np.asarray(values)[3:4], plain, **bound)


def test_values_are_normed_without_weights(rt: fd.Foundry) -> None:
    q, k, v = (normal(2, 2, 32, seed=i) for i in range(3))
    keys, values = (rt.empty((4, 2, 32), fd.f32) for _ in range(2))
    rt.run(
        fd.ops.RopeKvWrite(
            rt.tensor(q), rt.tensor(k), rt.tensor(v), keys, values, norm_values=True,
            norm_epsilon=EPSILON,
        )
    )  # fmt: skip
    wide = v.astype(np.float64)
    np.testing.assert_allclose(
        np.asarray(values)[:2], normed(wide, np.ones(32), "head"), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("norm", ["head", "row", "head_layer"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e30])  # the last one's square is infinite
def test_nan_shows_where_the_norm_saw_it(rt: fd.Foundry, norm: str, value: float) -> None:
    q, k, v = (normal(2, 2, 32, seed=i) for i in range(3))
    q[1, 0, 5] = value
    tensor, keys = rt.tensor(q), rt.empty((4, 2, 32), fd.f32)
    weight = rt.tensor(weight_of(norm, 2, 32))
    rt.run(
        fd.ops.RopeKvWrite(
            tensor, rt.tensor(k), rt.tensor(v), keys, rt.empty((4, 2, 32), fd.f32),
            query_norm=weight, key_norm=weight, norm=fd.ops.QkNorm[norm],
        )
    )  # fmt: skip
    found = np.asarray(tensor)
    assert np.isnan(found[1, 0]).all() and np.isfinite(found[0]).all()
    assert np.isnan(found[1, 1]).all() if norm == "row" else np.isfinite(found[1, 1]).all()
    assert np.isfinite(np.asarray(keys)[:2]).all()


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    x = rt.tensor(normal(1, 2, 16))
    caches: Any = {"k_cache": rt.empty((4, 2, 16), fd.f32), "v_cache": rt.empty((4, 2, 16), fd.f32)}

    def refused(error: type[Exception], **values: Any) -> str:
        with pytest.raises(error) as caught:
            rt.run(
                fd.ops.RopeKvWrite(
                    x, rt.tensor(normal(1, 2, 16)), rt.tensor(normal(1, 2, 16)), **caches, **values
                )
            )
        return str(caught.value)

    head = rt.tensor(normal(16))
    assert refused(fd.ShapeError, query_norm=rt.tensor(normal(32))) == (
        "RopeKvWrite: query_norm is (32,): 32 elements where 16 are needed"
    )
    assert refused(fd.ShapeError, key_norm=head, norm=fd.ops.QkNorm.row) == (
        "RopeKvWrite: key_norm is (16,): 16 elements where 32 are needed"
    )
    assert refused(fd.ArgumentError, norm_values=True, norm=fd.ops.QkNorm.row) == (
        "RopeKvWrite: norm_values goes with norms of heads, norm is 'row'"
    )
    w = rt.tensor(normal(32, 8))
    with pytest.raises(fd.ArgumentError) as error:
        rt.run(
            fd.ops.QkvLinear(
                w, w, w, rt.tensor(normal(8)), x, **caches, query_norm=head,
                norm=fd.ops.QkNorm.row,
            )
        )  # fmt: skip
    assert str(error.value) == (
        "QkvLinear: unsupported norm 'row', which needs the whole row of results; supported: head, "
        "head_layer; RopeKvWrite has it"
    )


@pytest.mark.parametrize("has_norm", [False, True])
def test_queries_that_lie_between_others(rt: fd.Foundry, has_norm: bool) -> None:
    """A head's query is followed by its gate, which stays."""
    heads, kv_heads, dim, tokens = 4, 2, 32, 3
    both = normal(tokens, heads, 2 * dim)
    k = normal(tokens, kv_heads, dim, seed="k")
    tensor, kv = rt.tensor(both), rt.tensor(k)
    caches = [rt.zeros((8, kv_heads, dim)) for _ in range(2)]
    weight = weight_of("head", heads, dim) if has_norm else None
    norms: dict[str, Any] = {}
    if weight is not None:
        norms = {"query_norm": rt.tensor(weight), "norm_epsilon": EPSILON}
    q = tensor[:, :, :dim]
    rt.run(fd.ops.RopeKvWrite(q, kv, kv, *caches, start=START, interleaved=False, dims=16, **norms))
    found = tensor.copy_to_host()
    np.testing.assert_array_equal(found[:, :, dim:], both[:, :, dim:])
    exact = expected(
        both[:, :, :dim].astype(np.float64), weight, "head", False, interleaved=False, dims=16
    )
    np.testing.assert_allclose(found[:, :, :dim], exact, atol=1e-5)
