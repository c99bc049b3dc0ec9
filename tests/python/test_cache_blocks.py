"""Caches in blocks: what is written is what the `gguf` package encodes, bit for bit, and attention
reads what it stands for."""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize

import foundry as fd
from foundry import ops
from test_ops_attention import FORMS, attended, check
from values import F32, F64, normal, rng

FORMATS = ["q8_0", "q4_0"]


def encoded(values: F32, name: str) -> Any:
    return quantize(values, gguf.GGMLQuantizationType[name.upper()]).view(np.uint8)


def decoded(cache: fd.Tensor) -> F64:
    """What a cache stands for."""
    kind = gguf.GGMLQuantizationType[str(cache.dtype).upper()]
    rows = cache.copy_to_host().reshape(-1, cache.dtype.block_bytes)
    return dequantize(rows, kind).astype(np.float64).reshape(cache.shape)


def cache_of(rt: fd.Foundry, values: F32, name: str) -> fd.Tensor:
    cache = rt.dedicated(values.shape, fd.DType[name])
    cache.copy_from(encoded(values, name))
    return cache


def empty_caches(rt: fd.Foundry, shape: tuple[int, ...], name: str) -> list[fd.Tensor]:
    caches = [rt.dedicated(shape, fd.DType[name]) for _ in range(2)]
    for cache in caches:
        cache.copy_from(np.full(cache.nbytes, 7, np.uint8))
    return caches


def positions(cache: fd.Tensor) -> Any:
    return cache.copy_to_host().reshape(cache.shape[0], -1)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("dtype", "heads", "dim"), [("f32", 3, 64), ("f16", 2, 288)])
def test_what_is_written_is_what_gguf_encodes(
    rt: fd.Foundry, name: str, dtype: str, heads: int, dim: int
) -> None:
    random = rng(name, dtype, heads, dim)
    k, v = random.standard_normal((2, 5, heads, dim)) * np.exp2(random.integers(-9, 9, (5, 1, 1)))
    v[1] = 0
    v[2, 0, :32] = np.where(np.arange(32) % 2, -1.5, 1.5)  # of equal magnitudes the first counts
    v[3] = np.round(v[3])
    tensors = [rt.tensor(x, fd.DType[dtype]) for x in (k, v)]
    caches = empty_caches(rt, (9, heads, dim), name)
    rt.run(ops.KvWrite(k=tensors[0], v=tensors[1], k_cache=caches[0], v_cache=caches[1], start=2))
    for tensor, cache in zip(tensors, caches, strict=True):
        found = positions(cache)
        wanted = encoded(tensor.copy_to_host().astype(np.float32), name).reshape(5, -1)
        np.testing.assert_array_equal(found[2:7], wanted)
        assert (found[[0, 1, 7, 8]] == 7).all()


@pytest.mark.parametrize("name", FORMATS)
def test_a_block_with_what_is_not_finite_is_nan(rt: fd.Foundry, name: str) -> None:
    values = normal(1, 4, 64)
    values[0, [1, 2, 3], 40] = np.nan, np.inf, -np.inf
    caches = empty_caches(rt, values.shape, name)
    tensor = rt.tensor(values)
    rt.run(ops.KvWrite(k=tensor, v=tensor, k_cache=caches[0], v_cache=caches[1]))
    wanted = np.zeros((1, 4, 64), bool)
    wanted[0, 1:, 32:] = True
    for cache in caches:
        np.testing.assert_array_equal(np.isnan(decoded(cache)), wanted)


@pytest.mark.parametrize(
    ("name", "norm", "dim", "dims", "interleaved"),
    [
        ("q8_0", "none", 64, 64, False),
        ("q8_0", "head", 96, 64, False),
        ("q8_0", "head_layer", 64, 48, True),
        ("q8_0", "row", 64, 64, False),
        ("q4_0", "none", 96, 64, True),
    ],
)
def test_turned_keys_are_encoded(
    rt: fd.Foundry, name: str, norm: str, dim: int, dims: int, interleaved: bool
) -> None:
    """Of the same operation, the f32 cache; q is as there."""
    tokens, heads, kv_heads, capacity = 3, 4, 2, 5
    settings: dict[str, Any] = {"interleaved": interleaved, "dims": dims, "start": 4, "ring": True}
    if norm != "none":
        sizes = {"head": (dim, dim), "head_layer": (heads * dim, kv_heads * dim)}
        sizes["row"] = sizes["head_layer"]
        settings["query_norm"], settings["key_norm"] = (
            rt.tensor(normal(size, seed="norm")) for size in sizes[norm]
        )
        settings["norm"] = ops.QkNorm[norm]

    def run(caches: list[fd.Tensor]) -> F32:
        q = rt.tensor(normal(tokens, heads, dim))
        k, v = (rt.tensor(normal(tokens, kv_heads, dim, seed=seed)) for seed in "kv")
        rt.run(ops.RopeKvWrite(q=q, k=k, v=v, k_cache=caches[0], v_cache=caches[1], **settings))
        return q.copy_to_host()

    shape = (capacity, kv_heads, dim)
    plain = [rt.tensor(np.zeros(shape, np.float32)) for _ in range(2)]
    blocks = empty_caches(rt, shape, name)
    # Norms in the form that plain caches have without them differ by a rounding.
    np.testing.assert_allclose(run(blocks), run(plain), rtol=0, atol=2e-6)
    written = [4, 0, 1]
    for cache, exact in zip(blocks, plain, strict=True):
        found = decoded(cache)[written]
        compare(found, exact.copy_to_host()[written], name)
        assert (positions(cache)[[2, 3]] == 7).all()


def compare(found: F64, exact: F32, name: str) -> None:
    """But for elements that rounding takes to the next code."""
    wanted = dequantize(encoded(exact, name), gguf.GGMLQuantizationType[name.upper()])
    differ = np.abs(found - wanted) > 1e-3 * np.abs(exact).max()
    assert differ.mean() < 0.01
    assert np.abs(found - wanted).max() <= np.abs(exact).max() / (100 if name == "q8_0" else 6)


@pytest.mark.parametrize(
    ("name", "tokens", "normed", "interleaved"),
    [
        ("q8_0", 1, False, False),
        ("q8_0", 3, False, True),
        ("q8_0", 1, True, True),
        ("q4_0", 1, False, True),
    ],
)
def test_a_fused_input_is_encoded(
    rt: fd.Foundry, name: str, tokens: int, normed: bool, interleaved: bool
) -> None:
    heads, kv_heads, dim, columns = 4, 2, 64, 96
    norms: dict[str, Any] = {
        "query_norm": rt.tensor(normal(dim)),
        "key_norm": rt.tensor(normal(dim)),
    }
    weights: dict[str, Any] = {
        "query": rt.tensor(normal(heads * dim, columns)),
        "key": rt.tensor(normal(kv_heads * dim, columns, seed=1)),
        "value": rt.tensor(normal(kv_heads * dim, columns, seed=2)),
    }
    found: list[tuple[F32, list[fd.Tensor]]] = []
    for caches in (
        [rt.tensor(np.zeros((7, kv_heads, dim), np.float32)) for _ in range(2)],
        empty_caches(rt, (7, kv_heads, dim), name),
    ):
        q = rt.empty((tokens, heads, dim), fd.f32)
        rt.run(
            ops.QkvLinear(
                **weights,
                x=rt.tensor(normal(tokens, columns)),
                q=q,
                k_cache=caches[0],
                v_cache=caches[1],
                start=2,
                interleaved=interleaved,
                **(norms if normed else {}),
            )
        )
        found.append((q.copy_to_host(), caches))
    (plain_q, plain), (blocks_q, blocks) = found
    np.testing.assert_allclose(blocks_q, plain_q, rtol=1e-5, atol=1e-4)
    for cache, exact in zip(blocks, plain, strict=True):
        compare(decoded(cache)[2 : 2 + tokens], exact.copy_to_host()[2 : 2 + tokens], name)
        assert (positions(cache)[2 + tokens :] == 7).all()


@pytest.mark.parametrize(
    ("name", "form", "tokens", "start", "heads", "kv_heads", "dim", "settings"),
    [
        ("q8_0", "decode", 1, 0, 1, 1, 32, {}),
        ("q8_0", "decode", 1, 300, 9, 3, 64, {}),
        ("q8_0", "decode", 3, 31, 5, 5, 96, {"window": 9}),
        ("q4_0", "decode", 2, 255, 8, 2, 128, {"soft_cap": 5.0}),
        ("q8_0", "prefill", 37, 5, 8, 1, 96, {}),
        ("q8_0", "prefill", 40, 0, 4, 2, 64, {"causal": False}),
        ("q4_0", "prefill", 9, 120, 3, 3, 64, {"window": 50}),
    ],
)
def test_attention_over_blocks(
    rt: fd.Foundry,
    name: str,
    form: str,
    tokens: int,
    start: int,
    heads: int,
    kv_heads: int,
    dim: int,
    settings: dict[str, Any],
) -> None:
    q = rt.tensor(normal(tokens, heads, dim))
    caches = [
        cache_of(rt, normal(start + tokens + 5, kv_heads, dim, seed=seed), name) for seed in "kv"
    ]
    y = rt.empty((tokens, heads, dim), fd.f32)
    form_of = ops.AttentionForm[form]
    rt.run(
        ops.Attention(
            q=q, k_cache=caches[0], v_cache=caches[1], y=y, start=start, form=form_of, **settings
        )
    )
    exact = [decoded(cache) for cache in caches]
    check(y, *attended(q.copy_to_host().astype(np.float64), *exact, start=start, **settings))


@pytest.mark.parametrize("name", FORMATS)
def test_a_split_ring_of_blocks(rt: fd.Foundry, name: str) -> None:
    """Position p in slot p % capacity, the context in parts."""
    heads, kv_heads, dim, capacity, end, window = 6, 2, 64, 300, 1000, 290
    q = rt.tensor(normal(1, heads, dim))
    wholes = [normal(end, kv_heads, dim, seed=seed) for seed in "kv"]
    order = np.arange(end - capacity, end)
    caches = []
    for whole in wholes:
        ring = np.empty((capacity, kv_heads, dim), np.float32)
        ring[order % capacity] = whole[order]
        caches.append(cache_of(rt, ring, name))
    y = rt.empty((1, heads, dim), fd.f32)
    scratch = rt.empty((ops.attention_scratch(1, heads, dim, 3),), fd.f32)
    rt.run(
        ops.Attention(
            q=q, k_cache=caches[0], v_cache=caches[1], y=y, start=end - 1, window=window, ring=True,
            scratch=scratch, splits=3,
        )
    )  # fmt: skip
    exact = [decoded(cache)[np.arange(end) % capacity] for cache in caches]
    wanted = attended(q.copy_to_host().astype(np.float64), *exact, start=end - 1, window=window)
    check(y, *wanted)


@pytest.mark.parametrize("name", FORMATS)
def test_a_bad_block_shows_in_its_head(rt: fd.Foundry, name: str) -> None:
    for bad in range(2):
        values = [normal(50, 2, 64, seed=seed) for seed in "kv"]
        caches = [cache_of(rt, x, name) for x in values]
        blocks = caches[bad].copy_to_host().reshape(50, 2, 2, -1)
        blocks[17, 1, 0, :2] = np.array([np.nan], np.float16).view(np.uint8)
        caches[bad].copy_from(blocks)
        for form in FORMS:
            y = rt.empty((1, 2, 64), fd.f32)
            rt.run(
                ops.Attention(
                    q=rt.tensor(normal(1, 2, 64)), k_cache=caches[0], v_cache=caches[1], y=y,
                    start=49, form=ops.AttentionForm[form],
                )
            )  # fmt: skip
            found = np.asarray(y)
            assert np.isfinite(found[0, 0]).all()
            assert np.isnan(found[0, 1, :32]).all()


@pytest.mark.parametrize("name", ["q8_0", "q4_0", "q6_k", "mxfp4"])
def test_blocks_are_copied_as_they_are(rt: fd.Foundry, name: str) -> None:
    x = rt.dedicated((3, 2, 256), fd.DType[name])
    x.copy_from(rng(name).integers(0, 256, x.nbytes, np.uint8))
    y = rt.dedicated((5, 2, 256), fd.DType[name])
    y.copy_from(np.zeros(y.nbytes, np.uint8))
    rt.run(ops.Copy(x=x, y=y[1:4]))
    found = positions(y)
    np.testing.assert_array_equal(found[1:4], positions(x))
    assert (found[[0, 4]] == 0).all()


def test_what_does_not_go_into_blocks_is_named(rt: fd.Foundry) -> None:
    caches = empty_caches(rt, (4, 2, 64), "q8_0")
    k = rt.tensor(normal(1, 2, 64))
    with pytest.raises(fd.DTypeError, match="k_cache is q8_0, v_cache is f32"):
        rt.run(ops.KvWrite(k=k, v=k, k_cache=caches[0], v_cache=rt.empty((4, 2, 64), fd.f32)))
    wrong = rt.dedicated((4, 2, 64), fd.q5_0)
    text = r"KvWrite: k_cache takes f32, f16, bf16, q8_0 or q4_0, got .*\(4, 2, 64\) q5_0"
    with pytest.raises(fd.DTypeError, match=text):
        rt.run(ops.KvWrite(k=k, v=k, k_cache=wrong, v_cache=wrong))
    with pytest.raises(fd.DTypeError, match="of q8_0: the inner size 80 is not a multiple of its"):
        rt.dedicated((4, 2, 80), fd.q8_0)
    with pytest.raises(fd.ShapeError, match="blocks are copied without gaps"):
        rt.run(ops.Copy(x=caches[0][:, :1], y=caches[1][:, :1]))
    with pytest.raises(fd.DTypeError, match="Copy: x takes a plain type"):
        rt.run(ops.Copy(x=caches[0], y=rt.empty((4, 2, 64), fd.f32)))
