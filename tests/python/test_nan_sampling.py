"""NaN and infinity where a token is chosen: the first NaN, or an error that says so.

The rules are those of docs/ops.md. `special` is one of NaN, +inf and -inf throughout.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import normal, rng

SPECIAL = [np.nan, np.inf, -np.inf]
FLOATS = ["f32", "f16", "bf16"]


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
            rt.run(fd.ops.Sample(tensor, scratch, token, counts, **settings))  # type: ignore[arg-type]
            assert np.asarray(token)[0] == expected, settings
            assert (np.asarray(counts) == 0).all()


@pytest.mark.parametrize("special", [np.nan, np.inf])
@pytest.mark.parametrize("columns", [40, 3000])
def test_log_probabilities_of_what_cannot_be_drawn_from_are_nan(
    rt: fd.Foundry, columns: int, special: float
) -> None:
    logits = normal(3, columns)
    logits[1, columns // 2] = special
    logits[2] = -np.inf
    token = rt.tensor(np.array([1, 2, 3], np.int32))
    chosen, values = rt.empty((3,), fd.f32), rt.empty((3, 4), fd.f32)
    ids = rt.empty((3, 4), fd.i32)
    rt.run(fd.ops.LogProbabilities(rt.tensor(logits), token, chosen, ids, values))
    np.testing.assert_array_equal(np.isnan(np.asarray(chosen)), [False, True, True])
    np.testing.assert_array_equal(np.isnan(np.asarray(values)).any(axis=1), [False, True, True])
    assert np.isnan(np.asarray(values)[1:]).all()
    assert np.asarray(ids)[1:].tolist() == [[0, 1, 2, 3]] * 2


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
                    **settings,  # type: ignore[arg-type]
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
    rt: fd.Foundry, settings: dict[str, Any], text: str
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
