"""Sampling parameters, stop strings and statistics, without a model."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import foundry as fd
from foundry.generation.sampling import SamplingParameters
from foundry.generation.statistics import Statistics, peak_memory
from foundry.generation.stopping import StopText


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("temperature", -1.0, "temperature is -1.0, it cannot be negative"),
        ("temperature", math.nan, "temperature is nan, not a finite number"),
        ("top_k", -2, "top_k is -2, it cannot be negative"),
        ("top_p", 0.0, r"top_p is 0.0, it lies in \(0, 1\]"),
        ("top_p", 1.5, r"top_p is 1.5, it lies in \(0, 1\]"),
        ("min_p", 1.0, r"min_p is 1.0, it lies in \[0, 1\)"),
        ("repetition_penalty", 0.0, "repetition_penalty is 0.0, it must be positive"),
        ("penalty_window", -1, "penalty_window is -1, it cannot be negative"),
    ],
)
def test_a_parameter_out_of_range_is_an_error(name: str, value: float, message: str) -> None:
    with pytest.raises(fd.ArgumentError, match=message):
        SamplingParameters(**{name: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        SamplingParameters(**{name: value})  # type: ignore[arg-type]


def test_the_default_is_greedy() -> None:
    assert SamplingParameters().greedy and not SamplingParameters().penalises
    assert not SamplingParameters(temperature=0.7).greedy
    assert SamplingParameters(repetition_penalty=1.1).penalises


def test_text_stops_before_the_stop_string() -> None:
    stop = StopText(["END", "\n\n"])
    assert [stop.push(piece) for piece in ("a E", "N", "x EN", "D more")] == ["a ", "", "ENx ", ""]
    assert stop.matched == "END"
    assert stop.push("after") == stop.finish() == ""


def test_text_held_back_is_shown_at_the_end() -> None:
    stop = StopText("stop")
    assert stop.push("do not st") == "do not "
    assert stop.finish() == "st"
    assert stop.matched is None


@given(
    text=st.text(alphabet="ab", max_size=30), stop=st.text(alphabet="ab", min_size=1, max_size=4)
)
def test_streaming_and_searching_agree(text: str, stop: str) -> None:
    stopper = StopText(stop)
    shown = "".join(map(stopper.push, text)) + stopper.finish()
    assert shown == text.partition(stop)[0]
    assert (stopper.matched == stop) == (stop in text)


@pytest.mark.parametrize("stop", ["", ["x", ""], [3]])
def test_an_empty_stop_string_is_an_error(stop: object) -> None:
    with pytest.raises(fd.ArgumentError, match="is not a text of at least one character"):
        StopText(stop)  # type: ignore[arg-type]


def test_statistics() -> None:
    cost = Statistics(
        prompt_tokens=20,
        reused_tokens=10,
        generated_tokens=5,
        time_to_first_token=0.5,
        decode_seconds=0.2,
        decode_dispatches=608,
    )
    assert cost.tokens_per_second == pytest.approx(20)
    assert cost.prompt_tokens_per_second == pytest.approx(20)
    assert cost.dispatches_per_token == 152
    assert str(cost).startswith("tokens per second 20.0, time to first token 500 ms, ")
    assert "dispatches per token 152, peak memory" in str(cost)
    assert Statistics().tokens_per_second == 0
    assert peak_memory() > 10 * 2**20
