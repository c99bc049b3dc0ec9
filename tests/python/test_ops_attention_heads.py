"""Attention with sinks, with large heads, and with values of another size than keys, against numpy;
the tolerances are those of test_ops_attention.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from test_ops_attention import FORMS, attended, check
from values import F64, normal, rng


def with_sinks(result: F64, q: F64, k: F64, sinks: F64, start: int, **settings: Any) -> F64:
    """Attention's result, of which each head's sink takes a share: it is one more position, whose
    value is 0."""
    tokens, heads, dim = q.shape
    keys = np.repeat(k[: start + tokens], heads // k.shape[1], axis=1)
    scores = np.einsum("thd,chd->htc", q, keys) / np.sqrt(dim)
    own = start + np.arange(tokens)[:, None]
    at = np.arange(start + tokens)[None, :]
    window = settings.get("window") or start + tokens
    scores = np.where((at <= own) & (at > own - window), scores, -np.inf)
    total = np.log(np.exp(scores - scores.max(-1, keepdims=True)).sum(-1)) + scores.max(-1)
    share = 1 / (1 + np.exp(sinks[:, None] - total))
    return result * share.T[:, :, None]


class Case:
    def __init__(
        self, rt: fd.Foundry, tokens: int, start: int, heads: int, kv_heads: int, *sizes: int
    ) -> None:
        key, value = sizes
        random = rng(tokens, start, heads, sizes)
        capacity = start + tokens + 3
        self.rt = rt
        self.start = start
        self.q = rt.tensor(random.standard_normal((tokens, heads, key)), fd.f32)
        self.k = rt.tensor(random.standard_normal((capacity, kv_heads, key)), fd.f16)
        self.v = rt.tensor(random.standard_normal((capacity, kv_heads, value)), fd.f16)

    def run(self, form: str, **settings: Any) -> fd.Tensor:
        y = self.rt.tensor(np.full((*self.q.shape[:2], self.v.shape[2]), np.nan), fd.f32)
        self.rt.run(
            fd.ops.Attention(
                q=self.q,
                k_cache=self.k,
                v_cache=self.v,
                y=y,
                start=self.start,
                form=fd.ops.AttentionForm[form],
                **settings,
            )
        )
        return y

    def exact(self) -> tuple[F64, F64, F64]:
        q, k, v = (t.copy_to_host().astype(np.float64) for t in (self.q, self.k, self.v))
        return q, k, v


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("key", "value"), [(512, 512), (320, 320), (192, 128), (64, 96), (2, 34), (576, 512)]
)
def test_large_heads_and_values_of_another_size(
    rt: fd.Foundry, form: str, key: int, value: int
) -> None:
    for tokens, start in ((1, 70), (9, 40)):
        case = Case(rt, tokens, start, 4, 2, key, value)
        check(case.run(form), *attended(*case.exact(), start=start))


def test_latent_attention_reads_values_from_its_keys(rt: fd.Foundry) -> None:
    """DeepSeek 2: one head of 576 elements, of which the first 512 are the values."""
    case = Case(rt, 1, 90, 16, 1, 576, 512)
    case.v = case.k[:, :, :512]
    scratch = rt.empty((fd.ops.attention_scratch(1, 16, 512),), fd.f32)
    expected = attended(*case.exact(), start=90)
    check(case.run("decode"), *expected)
    check(case.run("decode", scratch=scratch, splits=3), *expected)


@pytest.mark.parametrize(("dim", "value"), [(64, 64), (64, 32)])
@pytest.mark.parametrize("tokens", [1, 40])
@pytest.mark.parametrize("splits", [0, 3])
@pytest.mark.parametrize("window", [0, 20])
def test_sinks(rt: fd.Foundry, dim: int, value: int, tokens: int, splits: int, window: int) -> None:
    forms = ["decode"] if splits else FORMS
    sinks = rt.tensor(np.linspace(-3, 6, 8), fd.f16 if splits else fd.f32)
    sinks64 = sinks.copy_to_host().astype(np.float64)
    case = Case(rt, tokens, 33, 8, 2, dim, value)
    q, k, v = case.exact()
    result, magnitude = attended(q, k, v, start=33, window=window)
    expected = with_sinks(result, q, k, sinks64, 33, window=window)
    scratch = rt.empty((fd.ops.attention_scratch(tokens, 8, value, max(splits, 1)),), fd.f32)
    settings: dict[str, Any] = {"scratch": scratch, "splits": splits} if splits else {}
    for form in forms:
        found = case.run(form, sinks=sinks, window=window, **settings)
        check(found, expected, magnitude + np.abs(result) * 6)  # a sink of up to 6 has 2^-24 of it


@pytest.mark.parametrize(("dim", "value"), [(64, 64), (64, 32)])
@pytest.mark.parametrize(("tokens", "splits"), [(1, 0), (1, 3), (40, 0)])
def test_queries_and_gates_side_by_side(
    rt: fd.Foundry, dim: int, value: int, tokens: int, splits: int
) -> None:
    """A head's query, then its gate, whose logistic function the result is multiplied by."""
    case = Case(rt, tokens, 33, 8, 2, dim, value)
    both = rt.tensor(normal(tokens, 8, dim + value))
    case.q, gate = both[:, :, :dim], both[:, :, dim:]
    result, magnitude = attended(*case.exact(), start=33)
    share = 1 / (1 + np.exp(-gate.copy_to_host().astype(np.float64)))
    scratch = rt.empty((fd.ops.attention_scratch(tokens, 8, value, max(splits, 1)),), fd.f32)
    settings: dict[str, Any] = {"scratch": scratch, "splits": splits} if splits else {}
    for form in ["decode"] if splits else FORMS:
        check(case.run(form, gate=gate, **settings), result * share, magnitude)
    half = rt.tensor(gate.copy_to_host(), fd.f16)
    share = 1 / (1 + np.exp(-half.copy_to_host().astype(np.float64)))
    check(case.run("automatic", gate=half), result * share, magnitude)


def test_a_nan_in_a_gate_stays_in_its_element(rt: fd.Foundry) -> None:
    case = Case(rt, 2, 9, 4, 2, 32, 32)
    gate = normal(2, 4, 32)
    gate[1, 2, 3] = np.nan
    for form in FORMS:
        found = np.isnan(np.asarray(case.run(form, gate=rt.tensor(gate))))
        assert found[1, 2, 3] and found.sum() == 1
    with pytest.raises(fd.ShapeError, match="gate"):
        case.run("decode", gate=rt.tensor(gate[:1]))


@pytest.mark.parametrize("form", FORMS)
def test_a_sink_of_minus_infinity_is_none_and_nan_shows(rt: fd.Foundry, form: str) -> None:
    case = Case(rt, 2, 9, 4, 2, 32, 32)
    without = np.asarray(case.run(form)).copy()
    sinks = np.array([-np.inf, np.nan, np.inf, -np.inf], np.float32)
    found = np.asarray(case.run(form, sinks=rt.tensor(sinks)))
    np.testing.assert_array_equal(found[:, [0, 3]], without[:, [0, 3]])
    assert not np.isfinite(found[:, 1]).any(), "a NaN shows in its own head"
    assert np.isnan(found[:, 2]).all() or (found[:, 2] == 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_a_query_that_sees_a_sink_alone_gives_zeros(rt: fd.Foundry, form: str) -> None:
    case = Case(rt, 2, 9, 4, 2, 32, 32)
    mask = rt.tensor(np.full((2, 11), -np.inf, np.float32))
    found = case.run(form, sinks=rt.tensor(normal(4)), mask=mask)
    np.testing.assert_array_equal(np.asarray(found), 0)


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    def refused(error: type[Exception], sizes: tuple[int, int] = (32, 32), **changed: Any) -> str:
        case = Case(rt, 1, 2, 4, 2, *sizes)
        settings = {"q": case.q, "k_cache": case.k, "v_cache": case.v, "start": 2}
        settings["y"] = rt.empty((1, 4, sizes[1]), fd.f32)
        with pytest.raises(error) as caught:
            rt.run(fd.ops.Attention(**{**settings, **changed}))
        return str(caught.value)

    assert refused(fd.ShapeError, sinks=rt.tensor(normal(3))) == (
        "Attention: sinks is (3,): 3 elements where 4 are needed"
    )
    assert refused(fd.DTypeError, sinks=rt.tensor(np.zeros(4, np.int32))).startswith(
        "Attention: sinks takes f32, f16 or bf16, got "
    )
    for sizes in ((578, 64), (64, 580), (64, 33)):
        odd = next(size for size in sizes if size > 576 or size % 2)
        assert refused(fd.ShapeError, sizes) == (
            f"Attention: heads of {odd} elements; even sizes up to 576 are possible"
        )
    assert "y is (1, 4, 32): 128 elements where 256 are needed" in refused(
        fd.ShapeError, (32, 64), y=rt.empty((1, 4, 32), fd.f32)
    )
    other = rt.tensor(normal(6, 1, 32), fd.f16)
    assert refused(fd.ShapeError, v_cache=other) == (
        "Attention: k_cache is (6, 2, 32), v_cache is (6, 1, 32)"
    )


def test_traffic_counts_both_sizes(rt: fd.Foundry) -> None:
    case = Case(rt, 1, 5, 4, 2, 64, 32)
    y, sinks = rt.empty((1, 4, 32), fd.f32), rt.tensor(normal(4))
    attention = fd.ops.Attention(
        q=case.q, k_cache=case.k, v_cache=case.v, y=y, start=5, sinks=sinks
    )
    read = case.q.nbytes + sinks.nbytes + 6 * 2 * (64 + 32) * 2
    assert (attention.traffic.reads, attention.traffic.writes) == (read, y.nbytes)
