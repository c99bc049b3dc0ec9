"""GatedDeltaNet and the norm after it, against float64 numpy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foundry as fd
from delta_rule import delta_rule
from foundry import ops
from values import F64, normal

# Sums of up to 256 products in f32, and a few hundred steps that each correct the last one's error.
TOLERANCE: Any = {"rtol": 2.0**-14, "atol": 2.0**-16}


class Case:
    """Queries, keys and values side by side in one tensor, as a convolution leaves them."""

    def __init__(
        self,
        rt: fd.Foundry,
        tokens: int,
        key_heads: int,
        heads: int,
        keys: int,
        values: int,
        dtype: fd.DType = fd.f32,
    ) -> None:
        self.rt = rt
        of_keys, of_values = key_heads * keys, heads * values
        mixed = rt.tensor(normal(tokens, 2 * of_keys + of_values, seed=keys), dtype)
        self.q = mixed[:, :of_keys].reshape(tokens, key_heads, keys)
        self.k = mixed[:, of_keys : 2 * of_keys].reshape(tokens, key_heads, keys)
        self.v = mixed[:, 2 * of_keys :].reshape(tokens, heads, values)
        self.decay = rt.tensor(normal(tokens, heads, seed="decay"))
        self.beta = rt.tensor(normal(tokens, heads, seed="beta"))
        self.decay_scale = rt.tensor(-np.exp(normal(heads, seed="scale")))
        self.decay_bias = rt.tensor(normal(heads, seed="bias"))
        self.state = rt.tensor(normal(heads, keys, values, seed="state"))
        self.y = rt.empty((tokens, heads, values), fd.f32)
        self.start = 1

    def operation(self, **settings: Any) -> ops.GatedDeltaNet:
        given: dict[str, Any] = {
            "decay_scale": self.decay_scale,
            "decay_bias": self.decay_bias,
            **{name: getattr(self, name) for name in ("q", "k", "v", "decay", "beta")},
        }
        return ops.GatedDeltaNet(
            state=self.state, y=self.y, **{**given, "start": self.start, **settings}
        )

    def expected(self, **settings: Any) -> tuple[F64, F64]:
        q, k, v, decay, beta, state, scale, bias = (
            tensor.copy_to_host().astype(np.float64)
            for tensor in (
                self.q,
                self.k,
                self.v,
                self.decay,
                self.beta,
                self.state,
                self.decay_scale,
                self.decay_bias,
            )
        )
        kept = np.exp(scale * np.logaddexp(0, decay + bias))
        return delta_rule(q, k, v, kept, 1 / (1 + np.exp(-beta)), state, **settings)

    def check(self, lanes: int = 0, **settings: Any) -> None:
        answers, state = self.expected(**settings)
        self.rt.run(self.operation(lanes=lanes, **settings))
        np.testing.assert_allclose(self.y.copy_to_host(), answers, **TOLERANCE)
        np.testing.assert_allclose(self.state.copy_to_host(), state, **TOLERANCE)


@pytest.mark.parametrize(
    ("tokens", "key_heads", "heads", "keys", "values"),
    [
        (1, 1, 1, 1, 1),
        (1, 2, 4, 128, 128),
        (3, 2, 2, 24, 40),
        (70, 1, 3, 33, 33),
        (300, 2, 4, 64, 32),
        (5, 3, 6, 256, 7),
    ],
)
def test_answers_and_state_are_the_rules(
    rt: fd.Foundry, tokens: int, key_heads: int, heads: int, keys: int, values: int
) -> None:
    case = Case(rt, tokens, key_heads, heads, keys, values)
    case.check()
    case.check(scale=0.25, epsilon=0.5, tiled=True)  # goes on from the state


@pytest.mark.parametrize("lanes", [1, 2, 8, 32])
def test_lanes_that_share_a_column_change_nothing(rt: fd.Foundry, lanes: int) -> None:
    for keys, values in ((128, 40), (20, 3)):
        Case(rt, 9, 1, 2, keys, values).check(lanes=lanes)


@pytest.mark.parametrize("dtype", [fd.f16, fd.bf16])
def test_inputs_of_other_types(rt: fd.Foundry, dtype: fd.DType) -> None:
    Case(rt, 4, 2, 4, 32, 16, dtype).check()


def test_tokens_one_by_one_leave_what_all_at_once_leave(rt: fd.Foundry) -> None:
    case = Case(rt, 12, 2, 4, 48, 40)
    start = case.state.copy_to_host()
    rt.run(case.operation())
    answers, state = case.y.copy_to_host(), case.state.copy_to_host()
    case.state.copy_from(start)
    for t in range(12):
        one = {name: getattr(case, name)[t : t + 1] for name in ("q", "k", "v", "decay", "beta")}
        y = rt.empty((1, 4, 40), fd.f32)
        rt.run(
            ops.GatedDeltaNet(
                **one,
                state=case.state,
                y=y,
                decay_scale=case.decay_scale,
                decay_bias=case.decay_bias,
                start=1 + t,
            )
        )
        np.testing.assert_array_equal(y.copy_to_host()[0], answers[t])
    np.testing.assert_array_equal(case.state.copy_to_host(), state)


def test_the_first_token_finds_zeros(rt: fd.Foundry) -> None:
    case = Case(rt, 5, 1, 2, 32, 32)
    case.state.copy_from(np.zeros(case.state.shape, np.float32))
    expected = case.expected()
    case.state.copy_from(np.full(case.state.shape, np.nan, np.float32))
    rt.run(case.operation(start=0))
    np.testing.assert_allclose(case.y.copy_to_host(), expected[0], **TOLERANCE)
    np.testing.assert_allclose(case.state.copy_to_host(), expected[1], **TOLERANCE)


def test_decays_may_be_given_as_they_are_and_gates_side_by_side(rt: fd.Foundry) -> None:
    case = Case(rt, 6, 2, 6, 32, 32)
    # For each key head its heads' betas, then their decays: Qwen 3 Next's ssm_ba.
    gates = normal(6, 2, 6, seed="gates")
    both = rt.tensor(gates)
    kept = -np.abs(gates[:, :, 3:])
    decays = rt.tensor(kept.reshape(6, 6))
    q, k, v, state = (
        t.copy_to_host().astype(np.float64) for t in (case.q, case.k, case.v, case.state)
    )
    rates = np.exp(kept.astype(np.float64)).reshape(6, 6)
    taken = 1 / (1 + np.exp(-gates[:, :, :3].astype(np.float64))).reshape(6, 6)
    expected = delta_rule(q, k, v, rates, taken, state)
    without: dict[str, Any] = {"decay_scale": None, "decay_bias": None}
    rt.run(case.operation(decay=decays, beta=both[:, :, :3], **without))
    np.testing.assert_allclose(case.y.copy_to_host(), expected[0], **TOLERANCE)
    np.testing.assert_allclose(case.state.copy_to_host(), expected[1], **TOLERANCE)


def test_a_decay_of_almost_nothing_keeps_its_precision(rt: fd.Foundry) -> None:
    case = Case(rt, 4, 1, 2, 32, 32)
    case.decay.copy_from(np.linspace(-30, 12, 8, dtype=np.float32).reshape(4, 2))
    case.check()


def test_nan_stays_in_the_columns_that_it_goes_into(rt: fd.Foundry) -> None:
    def run(name: str, at: tuple[int, ...]) -> tuple[Any, Any]:
        case = Case(rt, 4, 1, 2, 32, 40)
        tensor = getattr(case, name)
        values = tensor.copy_to_host()
        values[at] = np.nan
        operation: ops.GatedDeltaNet = case.operation(**{name: rt.tensor(values)})
        rt.run(operation)
        return np.isnan(case.y.copy_to_host()), np.isnan(case.state.copy_to_host())

    answers, state = run("v", (2, 1, 5))
    assert answers[2:, 1, 5].all() and answers.sum() == 2
    assert state[1, :, 5].all() and state.sum() == 32
    answers, state = run("k", (1, 0, 3))
    assert answers[1:].all() and not answers[0].any() and state.all()
    answers, state = run("q", (1, 0, 3))
    assert answers[1].all() and answers.sum() == 80 and not state.any()
    answers, state = run("decay", (3, 1))
    assert answers[3, 1].all() and answers.sum() == 40 and state[1].all() and not state[0].any()
    answers, state = run("beta", (3, 0))
    assert answers[3, 0].all() and answers.sum() == 40 and state[0].all() and not state[1].any()


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    case = Case(rt, 3, 2, 4, 16, 8)

    def fails(error: type[Exception], text: str, **changed: Any) -> None:
        with pytest.raises(error, match=re.escape(text)):
            rt.run(case.operation(**changed))

    fails(fd.ShapeError, "q is (3, 32), not (tokens, heads, elements)", q=rt.zeros((3, 32)))
    fails(fd.ShapeError, "k is (3, 2, 8), not (3, 2, 16)", k=rt.zeros((3, 2, 8)))
    fails(fd.ShapeError, "v has 3 heads, not a multiple of q's 2", v=rt.zeros((3, 3, 8)))
    fails(
        fd.ShapeError,
        "decay is (3, 3), not (3, 4) or (3, groups, heads of a group)",
        decay=rt.zeros((3, 3)),
    )
    fails(fd.ShapeError, "decay_bias is (3,): 3 elements", decay_bias=rt.zeros((3,)))
    fails(
        fd.ShapeError,
        "q must have its innermost dimension contiguous",
        q=rt.zeros((3, 16, 2)).transpose(0, 2, 1),
    )
    wide = rt.zeros((3, 2, 264))
    fails(fd.ShapeError, "keys of 264 elements, up to 256 are possible", q=wide, k=wide)
    fails(fd.DTypeError, "q is f32, k and v have to be, too", k=rt.zeros((3, 2, 16), fd.f16))
    fails(fd.ArgumentError, "3 lanes to a column; a power of two up to 32, or 0", lanes=3)
    case.state = rt.zeros((4, 8, 16))
    fails(fd.ShapeError, "state is (4, 8, 16), not (4, 16, 8)")
    case.state = rt.zeros((4, 16, 8), fd.f16)
    fails(fd.DTypeError, "state takes f32, got")


@pytest.mark.parametrize("dtype", [fd.f32, fd.f16])
def test_a_norm_is_multiplied_by_silu_of_its_gate(rt: fd.Foundry, dtype: fd.DType) -> None:
    x, gate = rt.tensor(normal(12, 40)), rt.tensor(normal(12, 40, seed="gate") * 4, dtype)
    weight, residual = rt.tensor(normal(40)), rt.tensor(normal(12, 40, seed="residual"))
    y = rt.empty((12, 40), fd.f32)
    rt.run(ops.RmsNorm(x=x, y=y, weight=weight, gate=gate, residual=residual))
    a, g, w, r = (t.copy_to_host().astype(np.float64) for t in (x, gate, weight, residual))
    normed = a / np.sqrt((a**2).mean(-1, keepdims=True) + 1e-5) * w
    # As RmsNorm's own test has it, and SiLU to a few units in the last place.
    np.testing.assert_allclose(y.copy_to_host(), normed * g / (1 + np.exp(-g)) + r, atol=2e-5)
    with pytest.raises(fd.ShapeError, match="gate"):
        rt.run(ops.RmsNorm(x=x, y=y, gate=weight))
    with pytest.raises(fd.ArgumentError, match="a prologue takes no gate"):
        rt.run(ops.Linear(weights=rt.zeros((8, 40)), x=x, y=y, prologue=ops.RmsNorm(gate=gate)))
