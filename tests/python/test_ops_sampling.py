"""Sampling against a float64 model of its distribution: which tokens stay, how often each comes.

`tests/cpp/ops/sample_test.cpp` checks single draws against Philox's number; here are the
distribution as a whole, and logits that make filters hard: ties, -inf, one token, all equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
import sampling_model as model
from values import rng

F64 = NDArray[np.float64]


def distribution(
    logits: F64,
    counts: NDArray[np.uint32] | None = None,
    *,
    repetition_penalty: float = 1.0,
    frequency_penalty: float = 0.0,
    presence_penalty: float = 0.0,
    **filters: Any,
) -> F64:
    """The probability of every token."""
    if counts is not None:
        penalties = (repetition_penalty, frequency_penalty, presence_penalty)
        logits = model.penalised(logits, counts, *penalties)
    return model.distribution(logits, **filters)


def draws(
    rt: fd.Foundry,
    logits: NDArray[Any],
    count: int,
    counts: NDArray[np.uint32] | None = None,
    **settings: Any,
) -> NDArray[np.int64]:
    """How often each token came. Every draw sees the same counts."""
    tensor, scratch = rt.tensor(logits), rt.empty(logits.shape, fd.f32)
    tokens = rt.empty((count,), fd.i32)
    seen = rt.empty(logits.shape, fd.u32)
    for step in range(count):
        if counts is not None:
            rt.run(fd.ops.Copy(x=rt.tensor(counts), y=seen))
        rt.run(
            fd.ops.Sample(
                logits=tensor,
                scratch=scratch,
                token=tokens[step : step + 1],
                counts=None if counts is None else seen,
                step=step,
                **settings,
            )
        )
    return np.bincount(np.asarray(tokens), minlength=len(logits))


TIED = np.array([1, 3, 3, 2, 3, -1, 2, 0], np.float32)
HIDDEN = np.array([-np.inf, 2, 1.5, -np.inf, 1, 0.5, -np.inf, 0], np.float32)
FLAT = np.full(9, 1.25, np.float32)


@pytest.mark.parametrize("logits", [TIED, HIDDEN, FLAT, np.zeros(1, np.float32)], ids=str)
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"top_k": 1},
        {"top_k": 3},
        {"top_k": 4},
        {"top_k": 100},
        {"top_p": 0.01},
        {"top_p": 0.5},
        {"top_p": 0.93},
        {"min_p": 0.2},
        {"min_p": 1.0},
        {"top_k": 5, "top_p": 0.8, "min_p": 0.3},
    ],
)
def test_exactly_these_tokens_stay(
    rt: fd.Foundry, logits: NDArray[np.float32], filters: dict[str, Any]
) -> None:
    expected = distribution(logits.astype(np.float64), **filters)
    # So hot that every token that stays is about as likely as any other: of 9, one is missed in
    # 150 draws with a probability of 9 * (8/9)^150 = 2e-7.
    found = draws(rt, logits, 150, temperature=1e3, seed=9, **filters)
    np.testing.assert_array_equal(found > 0, expected > 0)


def among(few: NDArray[np.float32], background: NDArray[np.float32]) -> NDArray[np.float32]:
    """A few logits at places of their own in many."""
    places = rng("places", len(background)).permutation(len(background))[: len(few)]
    logits = background.copy()
    logits[np.sort(places)] = few
    return logits


MANY = rng("many").standard_normal(5000).astype(np.float32)
WIDE = {
    "close": among(TIED, MANY - 20),
    "far": among(TIED + 100, MANY),  # between them is nothing for a long way
    # What stays has less than half of the probability of all.
    "heavy": among(TIED + 2, np.full(3000, -2, np.float32)),
    "hidden": among(HIDDEN, np.full(3000, -np.inf, np.float32)),
    "one candidate too many": among(TIED, np.full(1025, -4, np.float32)),
}


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize(
    "filters",
    [{"top_k": 1}, {"top_k": 4}, {"top_p": 0.1}, {"top_p": 0.5}, {"top_k": 5, "top_p": 0.8}],
)
def test_few_tokens_stay_of_many(rt: fd.Foundry, name: str, filters: dict[str, Any]) -> None:
    expected = distribution(WIDE[name].astype(np.float64), **filters)
    assert (expected > 0).sum() < 9
    found = draws(rt, WIDE[name], 150, temperature=1e3, seed=9, **filters)
    np.testing.assert_array_equal(found > 0, expected > 0)


@pytest.mark.parametrize(
    ("logits", "filters"),
    [
        (MANY, {"top_k": 2000}),
        (MANY, {"top_p": 0.9}),
        (np.zeros(4000, np.float32), {"top_k": 10}),
        (np.zeros(4000, np.float32), {"top_p": 0.1}),
    ],
)
def test_many_tokens_stay(
    rt: fd.Foundry, logits: NDArray[np.float32], filters: dict[str, Any]
) -> None:
    expected = distribution(logits.astype(np.float64), **filters)
    assert (expected > 0).sum() > 1024
    found = draws(rt, logits, 400, temperature=1e3, seed=2, **filters)
    assert found[expected == 0].sum() == 0
    # Drawn over all of them: 400 even draws come within a tenth of either end but for 1e-17.
    kept = np.flatnonzero(expected)
    places = np.searchsorted(kept, np.flatnonzero(found)) / len(kept)
    assert places.min() < 0.1 and places.max() > 0.9


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0.7},
        {"temperature": 1.3, "top_k": 12},
        {"top_p": 0.8},
        {"min_p": 0.1, "temperature": 2.0},
        {
            "repetition_penalty": 1.3,
            "frequency_penalty": 0.2,
            "presence_penalty": 0.4,
            "top_k": 20,
            "top_p": 0.95,
            "temperature": 0.9,
        },
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("columns", [40, 2500])
def test_frequencies_follow_the_distribution(
    rt: fd.Foundry, settings: dict[str, Any], dtype: str, columns: int
) -> None:
    random = rng("frequencies", settings, columns)
    logits = (random.standard_normal(40) * 1.5).astype(dtype)
    if columns > len(logits):
        logits = among(logits, np.full(columns, -30, dtype))
    counts = random.integers(0, 4, columns).astype(np.uint32)
    expected = distribution(logits.astype(np.float64), counts, **settings)
    total = 1500
    found = draws(rt, logits, total, counts, seed=3, **settings)
    assert found[expected == 0].sum() == 0
    # Rare tokens in one bin, so that every bin expects five; chi-square has mean d and variance 2d.
    rare = expected * total < 5
    bins = np.append(expected[~rare], expected[rare].sum()) * total
    got = np.append(found[~rare], found[rare].sum())
    got, bins = got[bins > 0], bins[bins > 0]
    freedom = len(bins) - 1
    chi_square = ((got - bins) ** 2 / bins).sum()
    assert chi_square < freedom + 5 * np.sqrt(2 * freedom) + 5


@pytest.mark.parametrize("columns", [1, 32, 33, 1000, 49152])
def test_the_coldest_draw_is_argmax(rt: fd.Foundry, columns: int) -> None:
    logits = rng("cold", columns).standard_normal(columns).astype(np.float32)
    token, scratch = rt.empty((1,), fd.i32), rt.empty((columns,), fd.f32)
    rt.run(fd.ops.Sample(logits=rt.tensor(logits), scratch=scratch, token=token, temperature=0.0))
    assert np.asarray(token)[0] == logits.argmax()
