"""Log-probabilities, biases and bans of `generate`, and what of them does not fit."""

from __future__ import annotations

import dataclasses
import math
import typing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry.generation.sampling import SamplingOptions, SamplingParameters
from tiny_llama import TinyLlama

PROMPT = "The three primary colours are"


def log_softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    exact = logits.astype(np.float64)
    shifted = exact - exact.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.9, "top_k": 50, "repetition_penalty": 1.3, "logit_bias": {28: -5}},
        {"temperature": 1.0, "mirostat": 2},
    ],
    ids=str,
)
def test_log_probabilities_are_the_models_own(
    model: fd.models.LanguageModel, options: dict[str, Any]
) -> None:
    generation = model.generate(
        PROMPT, raw=True, max_tokens=12, seed=2, logprobs=5, ignore_end=True, **options
    )
    list(generation)
    tokens = [*generation.prompt, *generation.tokens]
    # The prompt's keys came of a prompt's kernels: rounded to f16 they move logits by up to 5e-3.
    rows = log_softmax(model.logits(tokens, batch=1)[len(generation.prompt) - 1 : -1])
    assert [entry.token for entry in generation.logprobs] == generation.tokens
    tolerance = 1e-2
    for entry, row in zip(generation.logprobs, rows, strict=True):
        assert entry.logprob == pytest.approx(row[entry.token], abs=tolerance)
        assert [value for _, value in entry.top] == pytest.approx(
            np.sort(row)[: -1 - 5 : -1], abs=tolerance
        )
        assert [value for _, value in entry.top] == pytest.approx(
            row[[token for token, _ in entry.top]], abs=tolerance
        )


def test_greedy_takes_the_first_of_the_likeliest(model: fd.models.LanguageModel) -> None:
    asked = model.generate(PROMPT, raw=True, max_tokens=9, logprobs=1, ignore_end=True)
    list(asked)
    assert [entry.top[0] for entry in asked.logprobs] == [
        (entry.token, entry.logprob) for entry in asked.logprobs
    ]
    chosen_alone = model.generate(PROMPT, raw=True, max_tokens=9, logprobs=0, ignore_end=True)
    list(chosen_alone)
    assert [entry.top for entry in chosen_alone.logprobs] == [()] * 9
    plain = model.generate(PROMPT, raw=True, max_tokens=9, ignore_end=True)
    list(plain)
    assert plain.tokens == asked.tokens and plain.logprobs == []


def test_a_banned_token_never_comes(model: fd.models.LanguageModel) -> None:
    free = model.generate(PROMPT, raw=True, max_tokens=20, ignore_end=True)
    list(free)
    banned = sorted(set(free.tokens[:6]))
    for options in (
        {"banned_tokens": set(banned)},
        {"logit_bias": dict.fromkeys(banned, -math.inf)},
    ):
        other = model.generate(PROMPT, raw=True, max_tokens=20, ignore_end=True, **options)
        list(other)
        assert not set(other.tokens) & set(banned)


def test_what_the_file_suppresses_never_comes(tmp_path: Path) -> None:
    suppressed = np.array([-1, *range(38), 4000], np.int32)  # ids that are none are passed over
    tiny = TinyLlama().changed({"tokenizer.ggml.suppress_tokens": suppressed})
    model = fd.models.load(tiny.write(tmp_path / "tiny.gguf"))
    for options in ({}, {"temperature": 2.0, "seed": 1}, {"logit_bias": {3: 50}}):
        generation = model.generate([1, 2, 3], max_tokens=12, ignore_end=True, **options)
        list(generation)
        assert set(generation.tokens) <= {38, 39}
    with pytest.raises(fd.ArgumentError, match="all 40 tokens are banned"):
        model.generate([1], banned_tokens=[38, 39])


def test_a_bias_brings_a_token(model: fd.models.LanguageModel) -> None:
    generation = model.generate(
        PROMPT, raw=True, max_tokens=5, logit_bias={99: 100}, ignore_end=True
    )
    list(generation)
    assert generation.tokens == [99] * 5


def test_repetitions_end(model: fd.models.LanguageModel) -> None:
    prompt = "The cat sat on the mat. " * 6
    options: dict[str, Any] = {"max_tokens": 16, "ignore_end": True}
    again = model.generate(prompt, raw=True, **options)
    assert "The cat sat on" in "".join(again)
    other = model.generate(prompt, raw=True, dry_multiplier=5, dry_sequence_breakers=[], **options)
    assert "The cat sat on" not in "".join(other)
    # A breaker in every sentence keeps repetitions from being seen, long as they are.
    broken = model.generate(
        prompt,
        raw=True,
        dry_multiplier=5,
        dry_allowed_length=7,
        dry_sequence_breakers=["."],
        **options,
    )
    list(broken)
    assert broken.tokens == again.tokens


def test_the_keywords_of_a_call_are_the_parameters() -> None:
    hints = typing.get_type_hints(SamplingParameters)
    assert typing.get_type_hints(SamplingOptions) == hints
    assert list(hints) == [item.name for item in dataclasses.fields(SamplingParameters)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"logprobs": -1}, fd.ArgumentError, r"generate: logprobs is -1, it lies in \[0, 1024\]"),
        ({"logprobs": 1025}, fd.ArgumentError, "logprobs is 1025"),
        ({"logprobs": True}, fd.ArgumentTypeError, "logprobs is True; expected an int"),
        ({"logit_bias": [1]}, fd.ArgumentTypeError, r"logit_bias is \[1\]; expected a dict"),
        ({"logit_bias": {"a": 1}}, fd.ArgumentTypeError, "logit_bias's token is 'a'; expected an"),
        ({"logit_bias": {1: math.inf}}, fd.ArgumentError, r"logit_bias\[1\] is inf, not a finite"),
        ({"logit_bias": {1: "x"}}, fd.ArgumentTypeError, r"logit_bias\[1\] is 'x'; expected a num"),
        ({"logit_bias": {10**6: 1}}, fd.ArgumentError, "token 1000000 at index 0; the vocabulary"),
        ({"banned_tokens": 3}, fd.ArgumentTypeError, "banned_tokens is 3; expected a list"),
        (
            {"banned_tokens": [-1]},
            fd.ArgumentError,
            r"banned_tokens\[0\] is -1, token ids are 0",
        ),
        ({"banned_tokens": range(49152)}, fd.ArgumentError, "all 49152 tokens are banned"),
        (
            {"dry_multiplier": 1, "dry_sequence_breakers": ["\n never within one"]},
            fd.ArgumentError,
            "which is within no token of the vocabulary; supported: ids, texts within one",
        ),
        ({"dry_sequence_breakers": [""]}, fd.ArgumentError, "breakers\\[0\\] is '', a text of at"),
        ({"dry_sequence_breakers": "x"}, fd.ArgumentTypeError, "breakers is 'x'; expected a list"),
        ({"mirostat": 1}, fd.ArgumentError, r"mirostat is 1, unsupported; supported: 0 \(off\), 2"),
        (
            {"mirostat": 2, "top_k": 40},
            fd.ArgumentError,
            "unsupported top_k 40 beside mirostat, which takes the place of filters; supported: te",
        ),
        ({"typical_p": 0}, fd.ArgumentError, r"typical_p is 0.0, it lies in \(0, 1\]"),
        ({"xtc_probability": 2}, fd.ArgumentError, r"xtc_probability is 2.0, it lies in \[0, 1\]"),
        ({"dry_base": 0.5}, fd.ArgumentError, "dry_base is 0.5, it is at least 1"),
        ({"dynatemp_range": -1}, fd.ArgumentError, "dynatemp_range is -1.0, it cannot be negative"),
        ({"tempratur": 1}, fd.ArgumentTypeError, "tempratur"),
    ],
)
def test_what_does_not_fit_is_a_typed_error(
    model: fd.models.LanguageModel, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.generate(PROMPT, raw=True, **options)
