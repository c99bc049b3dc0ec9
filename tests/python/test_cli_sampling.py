"""Sampling parameters on the command line: each has an option, by the names that people know."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import foundry as fd
from foundry.cli.sampling_options import takes_sampling
from foundry.generation.sampling import SamplingParameters


def parse(*words: str, **defaults: Any) -> SamplingParameters:
    """The parameters that a command with these defaults gets."""
    got: list[SamplingParameters] = []

    def body(name: str, *, sampling: SamplingParameters) -> None:
        assert name == "x"
        got.append(sampling)

    app = typer.Typer()
    app.command()(takes_sampling(**defaults)(body))
    done = CliRunner().invoke(app, ["x", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return got[0]


def test_nothing_said_is_the_default() -> None:
    assert parse() == SamplingParameters()
    assert parse(top_k=40, temperature=0.7) == SamplingParameters(top_k=40, temperature=0.7)


def test_mirostat_takes_the_place_of_a_commands_own_filters() -> None:
    defaults = {"top_k": 40, "top_p": 0.95, "temperature": 0.7}
    expected = SamplingParameters(temperature=0.7, mirostat=2)
    assert parse("--mirostat", "2", **defaults) == expected
    with pytest.raises(fd.ArgumentError, match="unsupported top_k 20 beside mirostat"):
        parse("--mirostat", "2", "--top-k", "20", **defaults)


def test_every_parameter_has_an_option() -> None:
    given = {
        "dry_sequence_breakers": ("x", "yz"),
        "logit_bias": {28: -2.5},
        "banned_tokens": (7,),
        "mirostat": 0,
    }
    for item in dataclasses.fields(SamplingParameters):
        option = f"--{item.name.replace('_', '-')}"
        if item.name in given:
            value = given[item.name]
            words = ["28-2.5"] if isinstance(value, dict) else value
            words = words if isinstance(words, list | tuple) else [words]
        else:
            value = 3 if isinstance(item.default, int) else 0.5
            value = 1.25 if item.name == "dry_base" else value
            words = [value]
        pairs = [word for value_ in words for word in (option, str(value_))]
        assert getattr(parse(*pairs), item.name) == value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--temp", "0.5", "--repeat-penalty", "1.2", "--repeat-last-n", "9"],
         {"temperature": 0.5, "repetition_penalty": 1.2, "penalty_window": 9}),
        (["--temp", "1", "--typical", "0.5", "--top-nsigma", "-1"],
         {"temperature": 1, "typical_p": 0.5, "top_n_sigma": 0}),
        (["--temp", "1", "--mirostat", "2", "--mirostat-ent", "4", "--mirostat-lr", "0.2"],
         {"temperature": 1, "mirostat": 2, "mirostat_tau": 4, "mirostat_eta": 0.2}),
        (["-l", "3+1", "-l", "5-inf", "--ban", "9"],
         {"logit_bias": {3: 1, 5: -math.inf}, "banned_tokens": [9]}),
        (["--dry-sequence-breaker", "none"], {"dry_sequence_breakers": []}),
    ],
)  # fmt: skip
def test_names_that_people_know(words: list[str], expected: dict[str, Any]) -> None:
    assert parse(*words) == SamplingParameters(**expected)


@pytest.mark.parametrize("text", ["28", "x+1", "28+", "28+x", "-1+2", "28 + 1"])
def test_a_bias_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(fd.ArgumentError, match="supported: a token's id, then"):
        parse("--logit-bias", text)
