"""Answers that are held to a form: whatever the model would like, they have it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import foundry as fd

PROMPT = "Tell me about Tokyo."
SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 20},
        "people": {"type": "integer", "minimum": 0, "maximum": 99999999},
        "is_capital": {"type": "boolean"},
        "seasons": {
            "type": "array",
            "items": {"enum": ["spring", "summer", "autumn", "winter"]},
            "minItems": 1,
            "maxItems": 3,
        },
    },
    "required": ["city", "people", "is_capital", "seasons"],
    "additionalProperties": False,
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"temperature": 1.5, "seed": 3, "top_k": 40},
    {"temperature": 2.0, "seed": 4, "repetition_penalty": 1.2, "logprobs": 2},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_an_answer_has_its_schema(model: fd.models.LanguageModel, settings: dict[str, Any]) -> None:
    generation = model.generate(PROMPT, max_tokens=200, json_schema=SCHEMA, **settings)
    answer = json.loads("".join(generation))
    assert generation.finish_reason == "end"
    assert list(answer) == SCHEMA["required"]
    assert type(answer["city"]) is str and len(answer["city"]) <= 20
    assert type(answer["people"]) is int and 0 <= answer["people"] <= 99999999
    assert type(answer["is_capital"]) is bool
    assert 1 <= len(answer["seasons"]) <= 3
    assert set(answer["seasons"]) <= {"spring", "summer", "autumn", "winter"}
    if "logprobs" in settings:
        assert len(generation.logprobs) == len(generation.tokens)


@pytest.mark.parametrize("pattern", ["[0-9]{3}-[A-F]{2}", "(yes|no), (yes|no)", "été ☃+!"])
def test_an_answer_matches_its_pattern(model: fd.models.LanguageModel, pattern: str) -> None:
    for seed in range(3):
        options: dict[str, Any] = {"max_tokens": 60, "temperature": 1.5, "seed": seed}
        generation = model.generate(PROMPT, regex=pattern, **options)
        text = "".join(generation)
        if generation.finish_reason == "end":
            assert re.fullmatch(pattern, text), text
        else:  # a run of snowmen without an end
            assert generation.finish_reason == "length" and text.startswith("été ☃☃")


def test_a_grammar_and_other_generations_between(model: fd.models.LanguageModel) -> None:
    lark = 'start: sum "=" NUMBER\nsum: NUMBER ("+" NUMBER){1,3}\nNUMBER: /[0-9]{1,3}/\n'
    options: dict[str, Any] = {"max_tokens": 40, "temperature": 1.0, "seed": 2, "grammar": lark}
    alone = "".join(model.generate(PROMPT, **options))
    assert re.fullmatch(r"\d{1,3}(\+\d{1,3}){1,3}=\d{1,3}", alone)
    text = ""
    generation = model.generate(PROMPT, **options)
    for piece in generation:
        text += piece
        next(model.generate("Once upon", raw=True, max_tokens=3))  # takes the cache in between
    assert text == alone
    assert generation.finish_reason == "end"


def test_nothing_runs_ahead_of_a_constraint(model: fd.models.LanguageModel) -> None:
    model.engine.decoder.forced_batch = 8
    try:
        text = "".join(model.generate(PROMPT, max_tokens=30, regex="(ab){10}"))
    finally:
        model.engine.decoder.forced_batch = None
    assert text == "ab" * 10


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"json_schema": {"type": "thing"}}, fd.ArgumentError, "generate: json_schema: "),
        ({"json_schema": "{"}, fd.ArgumentError, "generate: json_schema: "),
        ({"json_schema": {"a": object()}}, fd.ArgumentTypeError, "json_schema is no JSON: "),
        ({"json_schema": 3}, fd.ArgumentTypeError, "json_schema is a int; expected a dict or its"),
        ({"regex": "(a"}, fd.ArgumentError, "generate: regex: "),
        ({"regex": 3}, fd.ArgumentTypeError, "generate: regex"),
        ({"grammar": "start: nothing"}, fd.ArgumentError, "generate: grammar: "),
        (
            {"regex": "a", "grammar": 'start: "a"'},
            fd.ArgumentError,
            "generate: regex and grammar are given; an answer is held to one",
        ),
        (
            {"json_schema": {"allOf": [{"type": "string"}, {"type": "integer"}]}},
            fd.ArgumentError,
            "generate: json_schema: ",
        ),
    ],
)
def test_what_cannot_be_met_says_why(
    model: fd.models.LanguageModel,
    arguments: dict[str, Any],
    error: type[fd.Error],
    message: str,
) -> None:
    with pytest.raises(error, match=message) as caught:
        "".join(model.generate(PROMPT, max_tokens=4, **arguments))
    assert len(str(caught.value)) < 500
    assert "".join(model.generate(PROMPT, max_tokens=1))
