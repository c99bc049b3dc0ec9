"""NaN and infinity in attention: what is seen shows, what is hidden does not leak.

The rules are those of docs/ops.md. `special` is one of NaN, +inf and -inf throughout.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import F32, normal, rng

SPECIAL = [np.nan, np.inf, -np.inf]


class Cache:
    """A cache of 70 positions beside queries at the last of `tokens`; the rest is NaN."""

    def __init__(self, rt: fd.Foundry, tokens: int, filled: int = 60) -> None:
        self.rt = rt
        self.tokens, self.filled = tokens, filled
        self.q = normal(tokens, 4, 64)
        self.k, self.v = normal(70, 2, 64, seed="k"), normal(70, 2, 64, seed="v")
        self.k[filled:] = np.nan
        self.v[filled:] = np.inf

    def run(self, form: str, **settings: Any) -> F32:
        y = self.rt.empty(self.q.shape, fd.f32)
        self.rt.run(
            fd.ops.Attention(
                q=self.rt.tensor(self.q),
                k_cache=self.rt.tensor(self.k, fd.f16),
                v_cache=self.rt.tensor(self.v, fd.f16),
                y=y,
                start=self.filled - self.tokens,
                form=fd.ops.AttentionForm[form],
                **settings,
            )
        )
        return np.asarray(y).copy()


def check_same(found: F32, expected: F32) -> None:
    """The prefill form adds in another order where a tile holds what is not finite: 60 values of
    about 1, rounded to 2^-24."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=60 * 2.0**-24)


FORMS = [("decode", 1), ("decode", 3), ("prefill", 3), ("prefill", 20)]


@pytest.mark.parametrize(("form", "tokens"), FORMS)
def test_attention_hides_what_no_query_may_see(rt: fd.Foundry, form: str, tokens: int) -> None:
    case = Cache(rt, tokens)
    clean = case.run(form)
    assert np.isfinite(clean).all(), "beyond the filled part nothing is read"
    windowed = case.run(form, window=5)
    for special in SPECIAL:
        before = case.filled - tokens - 4  # what the first token's window starts with
        case.k[:before], case.v[:before] = special, special
        check_same(case.run(form, window=5), windowed)


@pytest.mark.parametrize(("form", "tokens"), FORMS)
@pytest.mark.parametrize("per_head", [False, True])
def test_attention_hides_what_the_mask_hides(
    rt: fd.Foundry, form: str, tokens: int, per_head: bool
) -> None:
    case = Cache(rt, tokens)
    shape = (4, tokens, 60) if per_head else (tokens, 60)
    hidden = rng("hidden", shape).random(60) < 0.4
    hidden[-tokens:] = False
    values = np.zeros(shape, np.float32)
    values[..., hidden] = -np.inf
    mask = rt.tensor(values)
    clean = case.run(form, mask=mask)
    for special in SPECIAL:
        case.k[:60][hidden], case.v[:60][hidden] = special, special
        check_same(case.run(form, mask=mask), clean)


@pytest.mark.parametrize(("form", "tokens"), FORMS[1:])
def test_later_tokens_do_not_leak_into_earlier_ones(rt: fd.Foundry, form: str, tokens: int) -> None:
    case = Cache(rt, tokens)
    clean = case.run(form)
    for special in SPECIAL:
        case.v[case.filled - 1, 0, 3] = special
        found = case.run(form)
        check_same(found[:-1], clean[:-1])
        # Two of the four heads share the first key-value head.
        np.testing.assert_array_equal(np.isfinite(found[-1, :2]), np.arange(64)[None] != [[3]] * 2)
        check_same(found[-1, 2:], clean[-1, 2:])
        case.v[case.filled - 1, 0, 3] = 0.5
        case.k[case.filled - 1, 1, 3] = special
        found = case.run(form)
        check_same(found[:-1, 2:], clean[:-1, 2:])
        if np.isnan(special):
            assert np.isnan(found[-1, 2:]).all()
        case = Cache(rt, tokens)


@pytest.mark.parametrize(("form", "tokens"), FORMS)
@pytest.mark.parametrize("cap", [0.0, 30.0])
def test_attention_shows_what_is_seen(rt: fd.Foundry, form: str, tokens: int, cap: float) -> None:
    for at in (0, 31, 59):
        case = Cache(rt, tokens)
        case.k[at, 0] = np.nan
        found = case.run(form, soft_cap=cap)[-1]
        assert np.isnan(found[:2]).all() and np.isfinite(found[2:]).all()
        case = Cache(rt, tokens)
        case.q[-1, 1, 7] = np.nan
        found = case.run(form, soft_cap=cap)[-1]
        np.testing.assert_array_equal(np.isnan(found).all(axis=1), np.arange(4) == 1)
    if cap == 0:
        # Scores of infinity: softmax of +inf is NaN, and of nothing but -inf.
        for sign in (1, -1):
            case = Cache(rt, tokens)
            case.k[:60, 0] = 0
            case.k[:60, 0, 0] = 1
            case.q[-1, 0, 0] = sign * np.inf
            assert np.isnan(case.run(form)[-1, 0]).all()
    values = np.zeros((tokens, 60), np.float32)
    values[-1, 11] = np.nan
    assert np.isnan(Cache(rt, tokens).run(form, mask=rt.tensor(values))[-1]).all()


def test_a_split_context_keeps_to_the_same_rules(rt: fd.Foundry) -> None:
    scratch = rt.empty((fd.ops.attention_scratch(1, 4, 64),), fd.f32)
    case = Cache(rt, 1)
    settings: dict[str, Any] = {"scratch": scratch, "splits": 2}
    clean = case.run("decode", **settings)
    assert np.isfinite(clean).all()
    values = np.zeros((1, 60), np.float32)
    values[0, 3] = -np.inf
    masked = case.run("decode", mask=rt.tensor(values), **settings)
    case.k[3], case.v[3] = np.nan, np.nan
    np.testing.assert_array_equal(case.run("decode", mask=rt.tensor(values), **settings), masked)
    assert np.isnan(case.run("decode", **settings)).all()
