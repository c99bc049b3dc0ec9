"""Single draws against the float64 model: the token at Philox's number, for any mix of samplers.

A draw is the inverse of the cumulative probabilities, so a token tells where they lie: `drawn`
allows 2e-5 of them, which float32 sums over thousands of tokens may be off by.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
import sampling_model as model
from values import rng


def bits(chosen: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """A row of flags as words, the lowest bit first."""
    padded = np.zeros(-(-len(chosen) // 32) * 32, np.uint8)
    padded[: len(chosen)] = chosen
    return np.packbits(padded, bitorder="little").view("<u4").astype(np.uint32)


def drawn(p: NDArray[np.float64], u: float, token: int) -> bool:
    """Whether a draw at `u` may give `token`."""
    before = p[:token].sum()
    return bool(p[token] > 0 and before - 2e-5 < u < before + p[token] + 2e-5)


class Row:
    """Logits on the device, and a draw from them."""

    def __init__(self, rt: fd.Foundry, logits: NDArray[np.float32], **tensors: Any) -> None:
        self.rt = rt
        self.logits = rt.tensor(logits)
        self.scratch = rt.empty(logits.shape, fd.f32)
        self.token = rt.empty((1,), fd.i32)
        self.tensors: dict[str, Any] = {name: rt.tensor(values) for name, values in tensors.items()}

    def draw(self, **settings: Any) -> int:
        self.rt.run(
            fd.ops.Sample(self.logits, self.scratch, self.token, **self.tensors, **settings)
        )
        return int(np.asarray(self.token)[0])


def logits_of(columns: int, *key: object) -> NDArray[np.float32]:
    """Some that are close and, of many, most of no weight."""
    random = rng("samplers", columns, *key)
    logits = random.standard_normal(columns) * random.choice([0.5, 1.5, 4])
    if columns > 2000:
        logits -= 12
        logits[random.permutation(columns)[:60]] += 12
    return np.asarray(logits, np.float32)


FILTERS: dict[str, list[float]] = {
    "top_n_sigma": [0.4, 1, 2.5],
    "top_k": [1, 5, 40, 1500],
    "typical_p": [0.2, 0.6, 0.95],
    "top_p": [0.1, 0.6, 0.95],
    "min_p": [0.02, 0.3],
    "temperature": [0, 0.3, 0.8, 1.5],
    "dynatemp_range": [0.3, 0.9],
    "dynatemp_exponent": [0.5, 2],
}


@pytest.mark.parametrize("columns", [1, 2, 33, 700, 5000])
@pytest.mark.parametrize("name", ["all", *FILTERS])
def test_any_mix_of_filters(rt: fd.Foundry, name: str, columns: int) -> None:
    for trial in range(6):
        random = rng("mix", name, columns, trial)
        chosen = [key for key in FILTERS if key == name or random.random() < 0.35]
        settings: dict[str, Any] = {key: random.choice(FILTERS[key]) for key in chosen}
        settings["top_k"] = int(settings.get("top_k", 0))
        logits = logits_of(columns, trial)
        banned = random.random(columns) < 0.2
        banned[random.integers(columns)] = False
        row = Row(rt, logits, mask=bits(~banned))
        raw = np.where(banned, -np.inf, logits.astype(np.float64))
        expected = model.distribution(raw, **settings)
        for step in range(4):
            token = row.draw(seed=trial, step=step, **settings)
            u, _ = model.philox(step, trial)
            assert drawn(expected, 0.0 if expected.max() == 1 else u, token), (settings, step)


@pytest.mark.parametrize("columns", [2, 40, 5000])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.0},
        {"xtc_threshold": 0.02, "temperature": 0.6},
        {"top_k": 20, "min_p": 0.05, "dynatemp_range": 0.5},
        {"typical_p": 0.7, "top_p": 0.9, "temperature": 0.0},
        {"xtc_threshold": 0.5},
    ],
    ids=str,
)
def test_top_choices_are_left_out_as_often_as_asked(
    rt: fd.Foundry, settings: dict[str, Any], columns: int
) -> None:
    row = Row(rt, (logits := logits_of(columns)))
    acted = 0
    for step in range(24):
        u, chance = model.philox(step, 5)
        acted += chance < 0.4
        expected = model.distribution(logits.astype(np.float64), xtc=chance < 0.4, **settings)
        token = row.draw(xtc_probability=0.4, seed=5, step=step, **settings)
        assert drawn(expected, u if settings.get("temperature", 1) else 0.0, token), step
    assert 0 < acted < 24


def test_equal_logits_stay_or_go_together(rt: fd.Foundry) -> None:
    logits = np.array([1, 3, 3, 2, 2, 0, -1, -1], np.float32)
    for settings, kept in [
        ({"typical_p": 0.3}, {1, 2}),
        ({"top_n_sigma": 0.1}, {1, 2}),
        ({"xtc_probability": 1.0, "xtc_threshold": 0.04}, {0, 5, 6, 7}),
        ({"xtc_probability": 1.0, "xtc_threshold": 0.1}, {3, 4, 0, 5, 6, 7}),
        ({"xtc_probability": 1.0, "xtc_threshold": 0.3}, set(range(8))),
    ]:
        xtc = "xtc_probability" in settings
        row = Row(rt, logits)
        model_settings: dict[str, Any] = {
            k: v for k, v in settings.items() if k != "xtc_probability"
        }
        p = model.distribution(logits.astype(np.float64), xtc=xtc, **model_settings)
        assert set(np.flatnonzero(p)) == kept
        # So hot that all are about as likely: one of 8 is missed with 8 * (7/8)^200 < 3e-11.
        hot = {row.draw(seed=1, step=step, temperature=1e3, **settings) for step in range(200)}
        assert hot == kept, settings


@pytest.mark.parametrize("columns", [50, 3000])
def test_bias_and_penalties_add_up(rt: fd.Foundry, columns: int) -> None:
    random = rng("bias", columns)
    logits = logits_of(columns)
    bias = np.where(random.random(columns) < 0.2, random.standard_normal(columns) * 4, 0)
    bias[random.permutation(columns)[: columns // 4]] = -np.inf
    bias = bias.astype(np.float32)
    counts = random.integers(0, 3, columns).astype(np.uint32)
    penalties = {"repetition_penalty": 1.4, "frequency_penalty": 0.3, "presence_penalty": -0.2}
    raw = model.penalised(logits.astype(np.float64) + bias, counts, **penalties)
    expected = model.distribution(raw, top_p=0.9)
    for step in range(20):
        row = Row(rt, logits, counts=counts, bias=bias)
        token = row.draw(seed=3, step=step, top_p=0.9, **penalties)
        assert drawn(expected, model.philox(step, 3)[0], token)
        counts_after = np.asarray(row.tensors["counts"])
        assert counts_after[token] == counts[token] + 1 and counts_after.sum() == counts.sum() + 1


REPEATING = {
    "a phrase": [5, 1, 2, 3, 9, 8, 1, 2, 3],
    "itself": [4] * 30,
    "a phrase in a phrase": [1, 2, 3, 1, 2, 3, 7, 2, 3, 6, 1, 2, 3],
    "nothing": list(range(12)),
    "one token": [3],
    "two letters": rng("dry").integers(0, 2, 70).tolist(),
    "three letters": rng("dry", 3).integers(0, 3, 2500).tolist(),
}


@pytest.mark.parametrize("name", REPEATING)
@pytest.mark.parametrize(
    "settings",
    [
        {"dry_multiplier": 0.8},
        {"dry_multiplier": 2.0, "dry_base": 1.1, "dry_allowed_length": 1, "dry_last_n": 9},
        {"dry_multiplier": 0.5, "dry_base": 1.0, "dry_allowed_length": 4, "dry_last_n": 3000},
        {"dry_multiplier": 1.5, "dry_base": 3.0, "dry_allowed_length": 0, "dry_last_n": 0},
        {"dry_multiplier": 0.1, "dry_base": 1.2, "dry_allowed_length": 2, "dry_last_n": 1200},
    ],
    ids=str,
)
@pytest.mark.parametrize("breakers", [(), (3,), (1, 8)])
def test_what_repeats_is_penalised(
    rt: fd.Foundry, name: str, settings: dict[str, Any], breakers: tuple[int, ...]
) -> None:
    tokens, columns = REPEATING[name], 16
    capacity = max(64, settings.get("dry_last_n", 64), 1)
    ring = np.full(capacity, -1, np.int32)
    for position, token in enumerate(tokens):
        ring[position % capacity] = token
    flags = np.isin(np.arange(columns), breakers)
    logits = rng("dry logits", name).standard_normal(columns).astype(np.float32)
    row = Row(rt, logits, recent=ring, breakers=bits(flags))
    row.draw(step=len(tokens), temperature=0.0, **settings)
    # The scratch holds the logits that the draw was made from.
    penalties = model.dry_penalties(columns, tokens, breakers, **settings)
    expected = logits.astype(np.float64) - penalties
    np.testing.assert_allclose(np.asarray(row.scratch), expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("columns", [1, 40, 5000])
def test_mirostat_follows_the_surprise(rt: fd.Foundry, columns: int, temperature: float) -> None:
    logits = logits_of(columns)
    mu = np.zeros(5, np.float32)
    mu[3] = expected_mu = 6.0
    row = Row(rt, logits, mu=mu)
    for step in range(3, 20):
        kept = model.mirostat(logits.astype(np.float64), temperature, expected_mu)
        p = model.probabilities(logits.astype(np.float64), kept, temperature)
        token = row.draw(
            step=step, seed=8, temperature=temperature, mirostat_tau=3.0, mirostat_eta=0.4
        )
        assert drawn(p, model.philox(step, 8)[0] if temperature else 0.0, token)
        expected_mu -= 0.4 * (-np.log2(p[token]) - 3.0)
        found = float(np.asarray(row.tensors["mu"])[(step + 1) % 5])
        np.testing.assert_allclose(found, expected_mu, rtol=1e-4, atol=1e-4)
        expected_mu = found


def test_a_draw_does_not_depend_on_what_was_drawn_meanwhile(rt: fd.Foundry) -> None:
    row = Row(rt, logits_of(300), mu=np.full(8, 5, np.float32))
    first = [row.draw(step=step, seed=1) for step in range(6)]
    again = [row.draw(step=step, seed=1) for step in (2, 3, 4, 5)]
    assert again == first[2:]


def test_a_recorded_draw_takes_another_mask_each_time(rt: fd.Foundry) -> None:
    """As a grammar has one for each step; what the masks allow is drawn, by nothing but them."""
    logits, token = rt.tensor(logits_of(70)), rt.empty((1,), fd.i32)
    masks = [rt.tensor(bits(np.arange(70) == allowed), name="mask") for allowed in (69, 3, 40)]
    with rt.record("draw") as program:
        rt.run(
            fd.ops.Sample(
                logits, rt.empty((70,), fd.f32), token, mask=masks[0], step=fd.Parameter("step")
            )
        )
    for step, (mask, allowed) in enumerate(zip(masks, (69, 3, 40), strict=True)):
        program.bind("mask", mask)
        program.replay(step=step)
        assert np.asarray(token)[0] == allowed


def test_nothing_is_drawn_where_the_mask_allows_nothing(rt: fd.Foundry) -> None:
    row = Row(rt, logits_of(70), mask=np.zeros(3, np.uint32), mu=np.full(2, 5, np.float32))
    assert row.draw() == ~0
    assert (np.asarray(row.tensors["mu"]) == 5).all()


@pytest.mark.parametrize(
    ("tensors", "settings", "error", "text"),
    [
        ({}, {"typical_p": 0.0}, fd.ArgumentError, "typical_p is 0, not in (0, 1]"),
        ({}, {"top_n_sigma": -1.0}, fd.ArgumentError, "top_n_sigma is -1, not 0 or above"),
        ({}, {"xtc_threshold": 1.5}, fd.ArgumentError, "xtc_threshold is 1.5, not in [0, 1]"),
        ({}, {"dynatemp_range": np.inf}, fd.ArgumentError, "dynatemp_range is inf, not finite"),
        ({}, {"dry_base": 0.9}, fd.ArgumentError, "dry_base is 0.9, not 1 or above"),
        ({}, {"mirostat_eta": np.nan}, fd.ArgumentError, "mirostat_eta is nan, not finite"),
        ({"bias": np.zeros(8, np.float32)}, {}, fd.ShapeError, "bias is (8,): 8 elements where 9"),
        ({"bias": np.zeros(9, np.uint32)}, {}, fd.DTypeError, "takes f32"),
        ({"mask": np.zeros(9, np.uint32)}, {}, fd.ShapeError, "mask is (9,): 9 elements where 1"),
        ({"recent": np.zeros(63, np.int32)}, {}, fd.ShapeError, "dry_last_n = 64 takes as many"),
        ({"mu": np.zeros(1, np.float32)}, {}, fd.ShapeError, "mu is (1,), (2,) is the least"),
        (
            {"mu": np.zeros(2, np.float32)},
            {"top_k": 3},
            fd.ArgumentError,
            "unsupported filters beside mu, as mirostat takes their place; supported: penalties, "
            "DRY, temperature",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    rt: fd.Foundry,
    tensors: dict[str, Any],
    settings: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    with pytest.raises(error) as caught:
        Row(rt, logits_of(9), **tensors).draw(**settings)
    assert text in str(caught.value)


def test_dry_needs_a_scratch_of_its_own(rt: fd.Foundry) -> None:
    logits = rt.tensor(logits_of(9))
    token, recent = rt.empty((1,), fd.i32), rt.empty((64,), fd.i32)
    with pytest.raises(fd.ArgumentError, match="scratch"):
        rt.run(fd.ops.Sample(logits, logits, token, recent=recent))
