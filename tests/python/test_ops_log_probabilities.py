"""Log-probabilities against float64's: of chosen tokens, and of the likeliest ones in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
from values import normal, rng

LARGE = np.full(3000, 1.5, np.float32)  # more equal ones than threadgroup memory holds
LARGE[1234:1240] = 2


def run(
    rt: fd.Foundry,
    logits: NDArray[np.float32],
    tokens: list[int],
    top: int,
    capacity: int,
    position: int = 0,
    dtype: fd.DType = fd.f32,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    chosen = rt.tensor(np.full(capacity, 7, np.float32))
    ids = rt.tensor(np.full((capacity, top), -7, np.int32))
    values = rt.tensor(np.full((capacity, top), 7, np.float32))
    token = rt.tensor(np.array(tokens, np.int32))
    rt.run(
        fd.ops.LogProbabilities(
            rt.tensor(logits, dtype), token, chosen, ids, values, position=position
        )
    )
    return tuple(np.asarray(tensor) for tensor in (chosen, ids, values))  # type: ignore[return-value]


def log_softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    exact = logits.astype(np.float64)
    shifted = exact - exact.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


@pytest.mark.parametrize("dtype", ["f32", "f16"])
@pytest.mark.parametrize(
    ("columns", "top"),
    [(1, 1), (2, 2), (33, 5), (1000, 20), (1024, 1024), (1025, 1024), (5000, 1), (49152, 20)],
)
def test_they_are_float64s(rt: fd.Foundry, columns: int, top: int, dtype: str) -> None:
    logits = (normal(3, columns) * 3).astype({"f32": np.float32, "f16": np.float16}[dtype])
    tokens = rng("tokens", columns).integers(0, columns, 3).tolist()
    chosen, ids, values = run(rt, logits.astype(np.float32), tokens, top, 3, dtype=fd.DType[dtype])
    expected = log_softmax(logits)
    # A sum of so many exponentials, and the difference to the largest logit: a few ulp of each.
    np.testing.assert_allclose(chosen, expected[np.arange(3), tokens], rtol=2e-6, atol=2e-6)
    order = np.argsort(-logits, axis=1, kind="stable")[:, :top]
    np.testing.assert_array_equal(ids, order)
    np.testing.assert_allclose(
        values, np.take_along_axis(expected, order, axis=1), rtol=2e-6, atol=2e-6
    )


@pytest.mark.parametrize("top", [1, 6, 9, 1024])
def test_equal_logits_come_in_the_order_of_their_ids(rt: fd.Foundry, top: int) -> None:
    _, ids, values = run(rt, LARGE, [0], top, 1)
    order = np.argsort(-LARGE, kind="stable")[:top]
    np.testing.assert_array_equal(ids[0], order)
    np.testing.assert_allclose(values[0], log_softmax(LARGE)[order], rtol=2e-6)


def test_what_is_hidden_has_no_probability(rt: fd.Foundry) -> None:
    logits = np.array([-np.inf, 2, -np.inf, 1], np.float32)
    chosen, ids, values = run(rt, logits, [2], 4, 1)
    assert chosen[0] == -np.inf
    assert ids[0].tolist() == [1, 3, 0, 2] and values[0, 2:].tolist() == [-np.inf, -np.inf]


def test_a_token_that_is_none_is_nan(rt: fd.Foundry) -> None:
    chosen, ids, _ = run(rt, normal(2, 50), [-1, 50], 1, 2)
    assert np.isnan(chosen).all() and (ids >= 0).all()


def test_results_are_rings(rt: fd.Foundry) -> None:
    logits = normal(3, 60)
    chosen, ids, values = run(rt, logits, [4, 5, 6], 2, 5, position=2**32 - 3)
    at = [(2**32 - 3 + row) % 5 for row in range(3)]
    np.testing.assert_allclose(chosen[at], log_softmax(logits)[range(3), [4, 5, 6]], rtol=2e-6)
    others = [slot for slot in range(5) if slot not in at]
    assert (chosen[others] == 7).all() and (ids[others] == -7).all() and (values[others] == 7).all()


def test_the_likeliest_may_be_left_out(rt: fd.Foundry) -> None:
    logits, chosen = normal(2, 60), rt.empty((2,), fd.f32)
    token = rt.tensor(np.array([3, 4], np.int32))
    rt.run(fd.ops.LogProbabilities(rt.tensor(logits), token, chosen))
    np.testing.assert_allclose(np.asarray(chosen), log_softmax(logits)[range(2), [3, 4]], rtol=2e-6)


@pytest.mark.parametrize(
    ("columns", "top", "text"),
    [
        (9, 10, "the 10 likeliest of 9, all of them or 1024 at most are possible"),
        (2000, 1025, "the 1025 likeliest of 2000"),
    ],
)
def test_more_than_there_are_is_refused(rt: fd.Foundry, columns: int, top: int, text: str) -> None:
    with pytest.raises(fd.ShapeError) as caught:
        run(rt, normal(1, columns), [0], top, 1)
    assert text in str(caught.value)


def test_results_of_other_sizes_are_refused(rt: fd.Foundry) -> None:
    logits, token = rt.tensor(normal(2, 9)), rt.empty((2,), fd.i32)
    with pytest.raises(fd.ShapeError, match=r"chosen is \(1,\), 2 rows take as many at least"):
        rt.run(fd.ops.LogProbabilities(logits, token, rt.empty((1,), fd.f32)))
    chosen, ids = rt.empty((2,), fd.f32), rt.empty((2, 3), fd.i32)
    with pytest.raises(fd.ArgumentError, match="values is missing: they go together"):
        rt.run(fd.ops.LogProbabilities(logits, token, chosen, ids))
    with pytest.raises(fd.ShapeError, match="ids is"):
        ids, values = rt.empty((3, 3), fd.i32), rt.empty((3, 3), fd.f32)
        rt.run(fd.ops.LogProbabilities(logits, token, chosen, ids, values))
