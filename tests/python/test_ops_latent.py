"""Latent attention's operations against float64 numpy: what goes to the cache, and attention that
reads keys and values from the same latents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry import ops
from rotation import turned
from values import F64, normal

EPS = 2.0**-24
EPSILON = 1e-5
START = 3


def latents(kv: F64, norm: F64, latent: int) -> F64:
    own = kv[:, :latent]
    return own / np.sqrt((own**2).mean(axis=-1, keepdims=True) + EPSILON) * norm


@pytest.mark.parametrize("tokens", [1, 5])
@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize(("dtype", "rounding"), [(fd.f32, 0.0), (fd.f16, 2.0**-11)])
def test_latents_and_keys_go_to_the_cache_and_queries_are_turned(
    rt: fd.Foundry, tokens: int, interleaved: bool, dtype: fd.DType, rounding: float
) -> None:
    heads, head_dim, latent, dims = 3, 28, 72, 20
    q, kv = normal(tokens, heads, head_dim), normal(tokens, latent + dims)
    norm = normal(latent) + 1
    factors = np.linspace(1, 3, dims // 2, dtype=np.float32)
    rope: dict[str, Any] = {"interleaved": interleaved, "magnitude": 1.25}
    queries = rt.tensor(np.full((tokens, heads, latent + dims), 7, np.float32))
    cache = rt.tensor(np.full((9, 1, latent + dims), 7, np.float32), dtype)
    rt.run(
        ops.LatentWrite(
            q=rt.tensor(q),
            kv=rt.tensor(kv),
            norm=rt.tensor(norm),
            y=queries[:, :, latent:],
            cache=cache,
            start=START,
            factors=rt.tensor(factors),
            norm_epsilon=EPSILON,
            **rope,
        )
    )
    rope["factors"] = factors.astype(np.float64)
    q64, kv64 = q.astype(np.float64), kv.astype(np.float64)
    expected = turned(q64[:, :, head_dim - dims :], START, **rope)
    found = np.asarray(queries)
    # Two products, and angles in f32: a few units of what goes in.
    np.testing.assert_allclose(found[:, :, latent:], expected, rtol=0, atol=64 * EPS * 4)
    assert (found[:, :, :latent] == 7).all()
    kept = cache.copy_to_host().astype(np.float64)
    key = turned(kv64[:, None, latent:], START, **rope)[:, 0]
    wanted = np.concatenate([latents(kv64, norm.astype(np.float64), latent), key], axis=-1)
    np.testing.assert_allclose(
        kept[START : START + tokens, 0], wanted, rtol=rounding, atol=64 * EPS * 4
    )
    assert (kept[:START] == 7).all() and (kept[START + tokens :] == 7).all()


@pytest.mark.parametrize("tokens", [1, 6])
def test_attention_reads_values_that_are_a_part_of_the_keys(rt: fd.Foundry, tokens: int) -> None:
    heads, latent, dims, capacity = 4, 40, 8, 50
    q = normal(tokens, heads, latent + dims)
    cache = normal(capacity, 1, latent + dims)
    keys = rt.tensor(cache)
    y = rt.empty((tokens, heads, latent), fd.f32)
    start = capacity - tokens
    rt.run(
        ops.Attention(
            q=rt.tensor(q), k_cache=keys, v_cache=keys[:, :, :latent], y=y, start=start, scale=0.2
        )
    )
    q64, c64 = q.astype(np.float64), cache[:, 0].astype(np.float64)
    scores = 0.2 * np.einsum("thd,cd->thc", q64, c64)
    hidden = np.arange(capacity)[None, None] > (start + np.arange(tokens))[:, None, None]
    weight = np.exp(np.where(hidden, -np.inf, scores))
    weight /= weight.sum(axis=-1, keepdims=True)
    expected = np.einsum("thc,cd->thd", weight, c64[:, :latent])
    # As test_ops_attention.py: a score's rounding is a relative error of its weight.
    np.testing.assert_allclose(np.asarray(y), expected, rtol=0, atol=1e-5)


def test_a_recorded_attention_grows_with_its_cache(rt: fd.Foundry) -> None:
    """Values are a view of keys: longer memory for one is longer memory for both."""
    heads, latent, dims = 2, 24, 8
    cache = normal(40, 1, latent + dims)
    short = rt.dedicated((10, 1, latent + dims), fd.f32, name="keys")
    q, y = rt.tensor(normal(1, heads, latent + dims)), rt.empty((1, heads, latent), fd.f32)
    with rt.record("step") as program:
        rt.run(
            ops.Attention(
                q=q,
                k_cache=short,
                v_cache=short[:, :, :latent],
                y=y,
                start=fd.Parameter("position"),
            )
        )
    with pytest.raises(fd.ShapeError, match=r"is 30 for 1 token; keys .* has 10 pos"):
        program.replay(position=30)
    longer = rt.dedicated((40, 1, latent + dims), fd.f32, name="keys")
    longer.copy_from(cache)
    program.bind("keys", longer)
    program.replay(position=30)
    found = np.asarray(y).copy()
    rt.run(ops.Attention(q=q, k_cache=longer, v_cache=longer[:, :, :latent], y=y, start=30))
    np.testing.assert_array_equal(found, np.asarray(y))


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_nan_of_a_latent_stays_in_its_token(rt: fd.Foundry, special: float) -> None:
    q, kv = normal(2, 2, 8), normal(2, 12)
    q[0, 1, 7], kv[1, 3], kv[0, 9] = special, special, special
    cache, y = rt.zeros((4, 1, 12), fd.f32), rt.empty((2, 2, 4), fd.f32)
    rt.run(
        fd.ops.LatentWrite(
            q=rt.tensor(q), kv=rt.tensor(kv), norm=rt.tensor(normal(8)), y=y, cache=cache, start=1
        )
    )
    hidden = np.zeros((2, 2, 4), bool)
    hidden[0, 1, 2:] = True
    np.testing.assert_array_equal(np.isfinite(np.asarray(y)), ~hidden)
    lost = np.zeros((4, 12), bool)
    lost[2, :8] = True
    lost[1, 8:10] = True
    np.testing.assert_array_equal(np.isfinite(np.asarray(cache)[:, 0]), ~lost)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kv": (2, 19)}, "LatentWrite: kv is (2, 19): 38 elements where 40 are needed"),
        ({"norm": (15,)}, "LatentWrite: norm is (15,): 15 elements where 16 are needed"),
        ({"q": (2, 3, 3)}, "LatentWrite: q is (2, 3, 3), not (2, 3, 4 elements or more)"),
        ({"y": (2, 3, 3)}, "LatentWrite: heads of 3 elements do not pair"),
        ({"y": (2, 12)}, "LatentWrite: y is (2, 12), not (tokens, heads, dims)"),
        ({"cache": (8, 2, 20)}, "LatentWrite: cache is (8, 2, 20), not (capacity, 1, latent + 4)"),
        ({"cache": (3, 1, 20)}, "LatentWrite: positions 2 to 3, the cache has 3"),
    ],
)
def test_shapes_that_do_not_fit(
    rt: fd.Foundry, change: dict[str, tuple[int, ...]], text: str
) -> None:
    shapes: dict[str, tuple[int, ...]] = {
        "q": (2, 3, 12),
        "kv": (2, 20),
        "norm": (16,),
        "y": (2, 3, 4),
        "cache": (8, 1, 20),
    }
    if change.get("y") == (2, 3, 3):
        change = {**change, "kv": (2, 19), "cache": (8, 1, 19)}
    tensors: dict[str, Any] = {
        name: rt.zeros(shape, fd.f32) for name, shape in {**shapes, **change}.items()
    }
    with pytest.raises(fd.ShapeError) as error:
        rt.run(ops.LatentWrite(**tensors, start=2))
    assert str(error.value) == text
