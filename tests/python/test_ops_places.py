"""Tokens of several sequences in one operation, each with its position and its sequence: what one
operation for each of them gives, bit for bit, and attention against float64 numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry import ops
from values import F32, normal

SEQUENCES, CAPACITY, HEADS, KV_HEADS, DIM = 5, 40, 6, 2, 24
PLACES = [(3, 4), (39, 0), (0, 2), (17, 1)]  # positions and sequences; nobody is in the fourth
TOKENS = len(PLACES)
COLUMNS = 32

Make = Callable[..., ops.Operation]


def places(rt: fd.Foundry) -> fd.Tensor:
    return rt.tensor(np.asarray(PLACES, np.uint32))


def compare(
    rt: fd.Foundry, make: Make, rows: dict[str, F32], kept: dict[str, F32], written: set[str]
) -> None:
    """`rows` are of tokens, `kept` of sequences; what is written is the same together and apart."""
    together = {name: rt.tensor(value) for name, value in (rows | kept).items()}
    apart = {name: rt.tensor(value) for name, value in (rows | kept).items()}
    rt.run(make(**together, places=places(rt)))
    for row, (position, sequence) in enumerate(PLACES):
        own = {name: apart[name][row : row + 1] for name in rows}
        own |= {name: apart[name][sequence] for name in kept}
        rt.run(make(**own, start=position))
    for name in written:
        found, wanted = np.asarray(together[name]), np.asarray(apart[name])
        assert not np.array_equal(found, (rows | kept)[name])
        np.testing.assert_array_equal(found, wanted)


def caches(capacity: int = CAPACITY) -> dict[str, F32]:
    shape = (SEQUENCES, capacity, KV_HEADS, DIM)
    return {"k_cache": normal(*shape, seed="k"), "v_cache": normal(*shape, seed="v")}


@pytest.mark.parametrize("splits", [1, 3])
@pytest.mark.parametrize(("window", "ring"), [(0, False), (7, False), (7, True)])
def test_attention(rt: fd.Foundry, window: int, ring: bool, splits: int) -> None:
    q, kept = normal(TOKENS, HEADS, DIM), caches(13 if ring else CAPACITY)
    more: dict[str, Any] = {"window": window, "ring": ring, "splits": splits}

    def make(**tensors: Any) -> ops.Operation:
        tokens = tensors["q"].shape[0]
        scratch = rt.empty((ops.attention_scratch(tokens, HEADS, DIM, splits),), fd.f32)
        return ops.Attention(**tensors, **more, scratch=scratch)

    compare(rt, make, {"q": q, "y": np.zeros_like(q)}, kept, {"y"})


def test_attention_is_that_of_numpy(rt: fd.Foundry) -> None:
    q, kept = normal(TOKENS, HEADS, DIM), caches()
    y = rt.empty((TOKENS, HEADS, DIM), fd.f32)
    tensors: dict[str, Any] = {name: rt.tensor(value) for name, value in kept.items()}
    rt.run(ops.Attention(q=rt.tensor(q), **tensors, y=y, places=places(rt)))
    for row, (position, sequence) in enumerate(PLACES):
        keys, values = (
            kept[name][sequence, : position + 1].astype(np.float64).repeat(HEADS // KV_HEADS, 1)
            for name in ("k_cache", "v_cache")
        )
        scores = np.einsum("hd,chd->hc", q[row].astype(np.float64), keys) / np.sqrt(DIM)
        weight = np.exp(scores - scores.max(-1, keepdims=True))
        weight /= weight.sum(-1, keepdims=True)
        wanted = np.einsum("hc,chd->hd", weight, values)
        # As test_ops_attention.py: a score's rounding is a relative error of its weight.
        np.testing.assert_allclose(np.asarray(y)[row], wanted, rtol=0, atol=1e-5)


def test_a_fused_input(rt: fd.Foundry) -> None:
    weights: dict[str, Any] = {
        "query": rt.tensor(normal(HEADS * DIM, COLUMNS)),
        "key": rt.tensor(normal(KV_HEADS * DIM, COLUMNS, seed=1)),
        "value": rt.tensor(normal(KV_HEADS * DIM, COLUMNS, seed=2)),
    }
    rows = {"x": normal(TOKENS, COLUMNS), "q": np.zeros((TOKENS, HEADS, DIM), np.float32)}
    for ring in (False, True):
        compare(
            rt,
            lambda ring=ring, **tensors: ops.QkvLinear(**weights, **tensors, ring=ring),
            rows,
            caches(13 if ring else CAPACITY),
            {"q", "k_cache", "v_cache"},
        )


def test_a_fused_rope(rt: fd.Foundry) -> None:
    weights = rt.tensor(normal(HEADS * DIM, COLUMNS))

    def make(x: fd.Tensor, y: fd.Tensor, **more: Any) -> ops.Operation:
        kernel = fd.FusedKernelBuilder("queries").main(ops.Linear(weights=weights))
        return kernel.epilogue(ops.Rope()).build(x=x, y=y, **more)

    rows = {"x": normal(TOKENS, COLUMNS), "y": np.zeros((TOKENS, HEADS, DIM), np.float32)}
    compare(rt, make, rows, {}, {"y"})


@pytest.mark.parametrize("normed", [False, True])
def test_writes_of_keys_and_values(rt: fd.Foundry, normed: bool) -> None:
    rows = {
        "q": normal(TOKENS, HEADS, DIM),
        "k": normal(TOKENS, KV_HEADS, DIM),
        "v": normal(TOKENS, KV_HEADS, DIM, seed=1),
    }
    norms: dict[str, Any] = {
        "query_norm": rt.tensor(normal(DIM)),
        "key_norm": rt.tensor(normal(DIM, seed=1)),
    }

    def make(**tensors: Any) -> ops.Operation:
        return ops.RopeKvWrite(**tensors, **(norms if normed else {}))

    compare(rt, make, rows, caches(), {"q", "k_cache", "v_cache"})


def test_rope(rt: fd.Foundry) -> None:
    x = normal(TOKENS, HEADS, DIM)
    compare(rt, ops.Rope, {"x": x, "y": np.zeros_like(x)}, {}, {"y"})


def test_a_write_of_latents(rt: fd.Foundry) -> None:
    rows = {
        "q": normal(TOKENS, 3, 12),
        "kv": normal(TOKENS, 20),
        "y": np.zeros((TOKENS, 3, 4), np.float32),
    }
    norm = rt.tensor(normal(16))
    kept = {"cache": normal(SEQUENCES, CAPACITY, 1, 20)}
    compare(rt, lambda **t: ops.LatentWrite(**t, norm=norm), rows, kept, {"y", "cache"})


def test_learned_positions(rt: fd.Foundry) -> None:
    table, positions = rt.tensor(normal(9, COLUMNS)), rt.tensor(normal(CAPACITY, COLUMNS))
    ids = rt.tensor(np.arange(TOKENS, dtype=np.int32))
    found = rt.empty((TOKENS, COLUMNS), fd.f32)
    rt.run(ops.Embedding(table=table, ids=ids, y=found, positions=positions, places=places(rt)))
    wanted = np.asarray(table)[:TOKENS] + np.asarray(positions)[[place[0] for place in PLACES]]
    np.testing.assert_array_equal(np.asarray(found), wanted)


def test_a_convolution(rt: fd.Foundry) -> None:
    weights = rt.tensor(normal(COLUMNS, 4))
    rows = {"x": normal(TOKENS, COLUMNS), "y": np.zeros((TOKENS, COLUMNS), np.float32)}
    kept = {"state": normal(SEQUENCES, 3, COLUMNS)}
    compare(rt, lambda **t: ops.CausalConv(**t, weights=weights), rows, kept, {"y", "state"})


def test_a_scan(rt: fd.Foundry) -> None:
    heads, size, dim = 4, 20, 8
    a = rt.tensor(-np.abs(normal(heads)))
    rows = {
        "xbc": normal(TOKENS, heads * dim + 2 * size),
        "dt": normal(TOKENS, heads),
        "y": np.zeros((TOKENS, heads * dim), np.float32),
    }
    kept = {"state": normal(SEQUENCES, heads, size, dim)}
    compare(rt, lambda **t: ops.SsmScan(**t, a=a), rows, kept, {"y", "state"})


def test_a_delta_net(rt: fd.Foundry) -> None:
    rows = {
        "q": normal(TOKENS, 2, 20),
        "k": normal(TOKENS, 2, 20, seed=1),
        "v": normal(TOKENS, 4, 12),
        "decay": -np.abs(normal(TOKENS, 4)),
        "beta": normal(TOKENS, 4, seed=1),
        "y": np.zeros((TOKENS, 4, 12), np.float32),
    }
    kept = {"state": normal(SEQUENCES, 4, 20, 12)}
    compare(rt, ops.GatedDeltaNet, rows, kept, {"y", "state"})


def test_places_that_do_not_fit(rt: fd.Foundry) -> None:
    q = rt.zeros((2, 1, 8), fd.f32)
    of_all, of_one = rt.zeros((3, 4, 1, 8), fd.f32), rt.zeros((4, 1, 8), fd.f32)

    def refuses(error: type[fd.Error], text: str, operation: ops.Operation) -> None:
        with pytest.raises(error) as raised:
            rt.run(operation)
        assert str(raised.value) == text

    def attention(cache: fd.Tensor, own: fd.Tensor, **more: Any) -> ops.Operation:
        return ops.Attention(q=q, k_cache=cache, v_cache=cache, y=q, places=own, **more)

    fitting = rt.zeros((2, 2), fd.u32)
    refuses(
        fd.ShapeError,
        "Attention: k_cache is (4, 1, 8), not (sequences, capacity, kv_heads, head_dim)",
        attention(of_one, fitting),
    )
    refuses(
        fd.ShapeError,
        "Attention: places is (3, 2), not (2, 2)",
        attention(of_all, rt.zeros((3, 2), fd.u32)),
    )
    floats = rt.zeros((2, 2), fd.f32, name="floats")
    refuses(
        fd.DTypeError,
        "Attention: places takes u32, got floats (2, 2) f32",
        attention(of_all, floats),
    )
    refuses(
        fd.ArgumentError,
        "Attention: start and places are given; with places it is 0",
        attention(of_all, fitting, start=1),
    )
    refuses(
        fd.ArgumentError,
        "Attention: places go with causal attention in the form of decoding, without mask and "
        "slopes",
        attention(of_all, fitting, causal=False),
    )
    plain = fd.FusedKernelBuilder("plain").main(ops.Linear(weights=rt.zeros((8, 8), fd.f32)))
    x = rt.zeros((2, 8), fd.f32)
    refuses(
        fd.ArgumentError,
        "plain: places are given, and no stage takes them",
        plain.build(x=x, y=rt.zeros((2, 8), fd.f32), places=fitting),
    )
    refuses(
        fd.ShapeError,
        "CausalConv: state is (1, 8), not (1, 1, 8)",
        ops.CausalConv(
            x=x,
            weights=rt.zeros((8, 2), fd.f32),
            state=rt.zeros((1, 8), fd.f32),
            y=rt.zeros((2, 8), fd.f32),
            places=fitting,
        ),
    )
