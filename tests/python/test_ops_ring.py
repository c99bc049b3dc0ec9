"""Caches as rings, which have position p in slot p % capacity, against float64 numpy and against
caches that have every position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry import ops
from values import F32, F64, normal

HEADS, KV_HEADS, DIM = 6, 2, 24


def ring_of(whole: F32, end: int, capacity: int) -> F32:
    """What a ring holds after `end` positions; elsewhere NaN, which shows where it is read."""
    ring = np.full((capacity, *whole.shape[1:]), np.nan, np.float32)
    for position in range(max(0, end - capacity), end):
        ring[position % capacity] = whole[position]
    return ring


def expected(q: F64, keys: F64, values: F64, start: int, window: int) -> F64:
    positions = np.arange(len(keys))[None, :]
    own = start + np.arange(len(q))[:, None]
    hidden = (positions > own) | (positions <= own - window)
    group = HEADS // KV_HEADS
    scores = np.einsum("thd,chd->htc", q, keys.repeat(group, axis=1)) / np.sqrt(DIM)
    weight = np.exp(np.where(hidden, -np.inf, scores))
    weight /= weight.sum(axis=-1, keepdims=True)
    return np.einsum("htc,chd->thd", weight, values.repeat(group, axis=1))


@pytest.mark.parametrize(("tokens", "splits"), [(1, 1), (1, 3), (3, 1), (7, 1), (40, 1)])
@pytest.mark.parametrize(
    ("window", "capacity", "start"),
    [
        (20, 64, 0),
        (20, 64, 61),  # the new tokens go round
        (20, 64, 5000),
        (50, 97, 150),  # the window goes round, capacity is no multiple of anything
        (90, 129, 128),
    ],
)
def test_attention_over_a_ring(
    rt: fd.Foundry, tokens: int, splits: int, window: int, capacity: int, start: int
) -> None:
    end = start + tokens
    q = normal(tokens, HEADS, DIM)
    keys, values = (normal(end, KV_HEADS, DIM, seed=seed) for seed in "kv")
    y = rt.empty((tokens, HEADS, DIM), fd.f32)
    rings = [rt.tensor(ring_of(whole, end, capacity)) for whole in (keys, values)]
    scratch = rt.empty((ops.attention_scratch(tokens, HEADS, DIM, splits),), fd.f32)
    rt.run(
        ops.Attention(
            q=rt.tensor(q),
            k_cache=rings[0],
            v_cache=rings[1],
            y=y,
            start=start,
            window=window,
            ring=True,
            scratch=scratch if splits > 1 else None,
            splits=splits if splits > 1 else 0,
        )
    )
    exact = [array.astype(np.float64) for array in (q, keys, values)]
    wanted = expected(exact[0], exact[1], exact[2], start, window)
    # As test_ops_attention.py: a score's rounding is a relative error of its weight.
    np.testing.assert_allclose(np.asarray(y), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize("start", [3, 11, 29])
def test_keys_and_values_go_round(rt: fd.Foundry, start: int, normed: bool) -> None:
    tokens, capacity = 5, 13
    q, k, v = (normal(tokens, heads, DIM) for heads in (HEADS, KV_HEADS, KV_HEADS))
    norms: dict[str, Any] = {
        "query_norm": rt.tensor(normal(DIM)),
        "key_norm": rt.tensor(normal(DIM)),
    }

    def written(capacity: int, **more: Any) -> tuple[F32, list[F32]]:
        turned = rt.tensor(q)
        caches = [rt.tensor(np.full((capacity, KV_HEADS, DIM), 7, np.float32)) for _ in range(2)]
        rt.run(
            ops.RopeKvWrite(
                q=turned,
                k=rt.tensor(k),
                v=rt.tensor(v),
                k_cache=caches[0],
                v_cache=caches[1],
                start=start,
                **(norms if normed else {}),
                **more,
            )
        )
        return np.asarray(turned).copy(), [np.asarray(cache).copy() for cache in caches]

    whole_q, whole = written(start + tokens)
    ring_q, rings = written(capacity, ring=True)
    np.testing.assert_array_equal(ring_q, whole_q)
    for ring, cache in zip(rings, whole, strict=True):
        wanted = np.full_like(ring, 7)
        for position in range(start, start + tokens):
            wanted[position % capacity] = cache[position]
        np.testing.assert_array_equal(ring, wanted)


@pytest.mark.parametrize("start", [3, 13, 40])
def test_a_fused_input_goes_round(rt: fd.Foundry, start: int) -> None:
    capacity, columns = 13, 32
    weights: dict[str, Any] = {
        "query": rt.tensor(normal(HEADS * DIM, columns)),
        "key": rt.tensor(normal(KV_HEADS * DIM, columns)),
        "value": rt.tensor(normal(KV_HEADS * DIM, columns, seed=1)),
        "x": rt.tensor(normal(columns)),
    }

    def written(capacity: int, **more: Any) -> tuple[F32, list[F32]]:
        q = rt.empty((1, HEADS, DIM), fd.f32)
        caches = [rt.tensor(np.full((capacity, KV_HEADS, DIM), 7, np.float32)) for _ in range(2)]
        rt.run(
            ops.QkvLinear(**weights, q=q, k_cache=caches[0], v_cache=caches[1], start=start, **more)
        )
        return np.asarray(q).copy(), [np.asarray(cache).copy() for cache in caches]

    whole_q, whole = written(start + 1)
    ring_q, rings = written(capacity, ring=True)
    np.testing.assert_array_equal(ring_q, whole_q)
    for ring, cache in zip(rings, whole, strict=True):
        wanted = np.full_like(ring, 7)
        wanted[start % capacity] = cache[start]
        np.testing.assert_array_equal(ring, wanted)


def test_a_recorded_step_goes_round(rt: fd.Foundry) -> None:
    capacity, columns = 8, 16
    caches = [rt.tensor(np.full((capacity, 1, 8), 7, np.float32)) for _ in range(2)]
    q, y = rt.empty((1, 1, 8), fd.f32), rt.empty((1, 1, 8), fd.f32)
    position = fd.Parameter("position")
    with rt.record("step") as program:
        rt.run(
            ops.QkvLinear(
                query=rt.tensor(normal(8, columns)),
                key=rt.tensor(normal(8, columns, seed=1)),
                value=rt.tensor(normal(8, columns, seed=2)),
                x=rt.tensor(normal(columns)),
                q=q,
                k_cache=caches[0],
                v_cache=caches[1],
                start=position,
                ring=True,
            )
        )
        rt.run(
            ops.Attention(
                q=q, k_cache=caches[0], v_cache=caches[1], y=y, start=position, window=8, ring=True
            )
        )
    for start in range(20):
        program.replay(position=start)
    value = normal(8, columns, seed=2).astype(np.float64) @ normal(columns).astype(np.float64)
    # All values are the same one, so that any weights give it.
    np.testing.assert_allclose(np.asarray(y).reshape(8), value, rtol=1e-5, atol=1e-5)
    assert not (np.asarray(caches[0]) == 7).any()


@pytest.mark.parametrize(
    ("more", "error", "text"),
    [
        (
            {"window": 0},
            fd.ArgumentError,
            "Attention: a ring goes with causal attention that has a window and no mask",
        ),
        (
            {"window": 8, "causal": False},
            fd.ArgumentError,
            "Attention: a ring goes with causal attention that has a window and no mask",
        ),
        (
            {"window": 9},
            fd.ShapeError,
            "Attention: a window of 9 and 3 tokens need a ring of 11 slots, it has 10",
        ),
    ],
)
def test_rings_that_do_not_have_what_is_needed(
    rt: fd.Foundry, more: dict[str, Any], error: type[fd.Error], text: str
) -> None:
    cache, q = rt.zeros((10, 1, 8), fd.f32), rt.zeros((3, 1, 8), fd.f32)
    with pytest.raises(error) as raised:
        rt.run(ops.Attention(q=q, k_cache=cache, v_cache=cache, y=q, start=20, ring=True, **more))
    assert str(raised.value) == text
    with pytest.raises(fd.ShapeError, match="RopeKvWrite: 3 tokens, the ring has 2 slots"):
        small = rt.zeros((2, 1, 8), fd.f32)
        rt.run(ops.RopeKvWrite(q=q, k=q, v=q, k_cache=small, v_cache=small, start=20, ring=True))
