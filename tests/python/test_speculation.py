"""Drafts change how fast a text comes, and nothing of the text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry.engine.speculation import Lookup, Speculation
from tiny_llama import METADATA, TinyLlama

Model = fd.models.LanguageModel
PROMPT = [1, 5, 9, 3, 7, 2, 8, 5, 9, 3]
DRAFTS: list[dict[str, Any]] = [
    {"ngram": 3},
    {"ngram": 1, "draft_tokens": 3},
    {"ngram": 2, "draft_tokens": 5, "draft_min": 2},
]
PARAMETERS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.8, "top_k": 12, "repetition_penalty": 1.3, "penalty_window": 8},
    {
        "temperature": 1.2,
        "dry_multiplier": 0.7,
        "dry_allowed_length": 1,
        "logprobs": 3,
        "dry_sequence_breakers": [],
    },
    {"temperature": 1.0, "mirostat": 2, "mirostat_tau": 2.0},
    {"temperature": 1.0, "regex": "[a-e]{1,30}"},
    {"logit_bias": {5: 2.5}, "banned_tokens": [3], "frequency_penalty": 0.4},
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return fd.models.load(TinyLlama().write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The same weights, whose drafts are right where draws are greedy."""
    return fd.models.load(TinyLlama().write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


def answer(model: Model, **options: Any) -> fd.models.Generation:
    generation = model.generate(PROMPT, **{"max_tokens": 40, "ignore_end": True, **options})
    "".join(generation)
    return generation


@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda p: " ".join(p) or "greedy")
def test_the_text_is_that_without_drafts(
    tiny: Model, twin: Model, parameters: dict[str, Any]
) -> None:
    accepted = 0
    for seed in range(3):
        plain = answer(tiny, seed=seed, **parameters)
        for drafts in [*DRAFTS, {"draft": twin}, {"draft": twin, "draft_tokens": 1}]:
            found = answer(tiny, seed=seed, **parameters, **drafts)
            assert found.tokens == plain.tokens, drafts
            assert found.text == plain.text
            assert found.finish_reason == plain.finish_reason
            assert found.logprobs == plain.logprobs
            accepted += found.statistics.accepted_tokens
    assert accepted > 0


def test_a_right_draft_is_accepted_whole(tiny: Model, twin: Model) -> None:
    cost = answer(tiny, draft=twin).statistics
    assert cost.drafted_tokens == cost.accepted_tokens
    # 40 tokens: one after the prompt, then 4, 8, 8, 8 and 8 at once, and what is left.
    assert cost.accepted_tokens == 40 - 1 - 6
    assert str(cost).count("drafts accepted 33 of 33")


def test_other_generations_come_between(tiny: Model) -> None:
    plain = [answer(tiny, seed=seed, temperature=0.9).text for seed in range(2)]
    settings: list[dict[str, Any]] = [{"ngram": 2, "seed": 0}, {"seed": 1}]
    open_ones = [
        tiny.generate(PROMPT, max_tokens=40, ignore_end=True, temperature=0.9, **own)
        for own in settings
    ]
    while any(one.finish_reason is None for one in open_ones):
        for one in open_ones:
            next(one, None)
    assert [one.text for one in open_ones] == plain


def test_draws_have_the_same_distribution(tiny: Model) -> None:
    """The third token after the prompt, by drafts and without, over seeds of their own."""
    counts = np.zeros((2, len(tiny.tokenizer)))
    for row, drafts in enumerate([{}, {"ngram": 1}]):
        for seed in range(400):
            found = answer(
                tiny, seed=1000 * row + seed, max_tokens=3, temperature=4.0, top_k=8, **drafts
            )
            counts[row, found.tokens[2]] += 1
    kept = counts[:, counts.sum(axis=0) >= 10]
    expected = kept.sum(axis=0) / 2
    chi = (((kept - expected) ** 2) / expected).sum()
    freedom = kept.shape[1] - 1
    # Five deviations of a chi-square above its mean: once in thousands of choices of seeds.
    assert chi < freedom + 5 * np.sqrt(2 * freedom)


def test_what_is_looked_up() -> None:
    lookup = Lookup(3)
    assert lookup.draft([1, 2, 3, 4], 4) == []
    assert lookup.draft([1, 2, 3, 4, 9, 2, 3], 2) == [4, 9]
    # The longest n-gram counts before a later one, and a later one before an earlier.
    assert lookup.draft([1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3], 2) == [4, 9]
    assert lookup.draft([1, 2, 3, 4, 9, 2, 3, 5, 1, 2, 3, 7, 2, 3], 2) == [7, 2]
    # What repeats goes on.
    assert Lookup(2).draft([6, 7, 8, 6, 7, 8, 6, 7], 7) == [8, 6, 7, 8, 6, 7, 8]


def test_drafts_grow_and_shrink() -> None:
    speculation = Speculation(Lookup(1), 7, 2)
    tokens = [1, 2] * 8
    lengths = []
    for accepted in (3, 7, 2, 0, 0):
        found = speculation.draft(tokens, 99)
        lengths.append(len(found))
        speculation.learn(len(found), accepted)
    assert lengths == [3, 7, 7, 5, 2]
    assert speculation.draft(tokens, 1) == []
    assert (speculation.drafted, speculation.accepted) == (24, 12)


def test_refusals(tiny: Model, tmp_path: Path) -> None:
    def refused(error: type[Exception], text: str, **options: Any) -> None:
        with pytest.raises(error, match=re.escape(text)):
            tiny.generate(PROMPT, **options)

    tokens = [*METADATA["tokenizer.ggml.tokens"]]
    tokens[7] = "z!"
    other = fd.models.load(
        TinyLlama().changed({"tokenizer.ggml.tokens": tokens}).write(tmp_path / "other.gguf")
    )
    refused(
        fd.ArgumentError,
        "generate: draft has another vocabulary: token 7 is b'z!', the model's b'g'",
        draft=other,
    )
    refused(fd.ArgumentError, "draft is the model itself; expected a smaller one", draft=tiny)
    refused(fd.ArgumentTypeError, "draft is 'x'; expected a LanguageModel", draft="x")
    refused(fd.ArgumentError, "draft and ngram are given", draft=other, ngram=2)
    refused(fd.ArgumentError, "draft_tokens and draft_min go with draft or ngram", draft_tokens=3)
    refused(fd.ArgumentError, "draft_tokens is 8, it lies in [1, 7]", ngram=2, draft_tokens=8)
    refused(fd.ArgumentError, "draft_min is 5, it lies in [0, 4]", ngram=2, draft_tokens=4,
            draft_min=5)  # fmt: skip
    refused(fd.ArgumentError, "ngram is 0, it must be positive", ngram=0)


def test_many_answers_are_those_of_their_seeds(tiny: Model) -> None:
    alone = []
    for seed in range(3, 7):
        tiny.logits([0])  # nothing of the prompt is left
        alone.append(answer(tiny, seed=seed, temperature=1.1, logprobs=1))
    tiny.logits([0])
    many = tiny.generate_many(
        PROMPT, 4, seed=3, max_tokens=40, ignore_end=True, temperature=1.1, logprobs=1
    )
    for found, expected in zip(many, alone, strict=True):
        assert "".join(found) == expected.text
        assert found.logprobs == expected.logprobs
    assert [one.statistics.reused_tokens for one in many] == [0, *[len(PROMPT)] * 3]
    assert len({one.text for one in many}) > 1
    with pytest.raises(fd.ArgumentError, match="n is 0, it must be positive"):
        tiny.generate_many(PROMPT, 0)


def test_many_answers_by_turns(tiny: Model) -> None:
    alone = [answer(tiny, seed=seed, temperature=1.1, max_tokens=9).text for seed in (8, 9)]
    many = tiny.generate_many(
        PROMPT, 2, seed=8, max_tokens=9, ignore_end=True, temperature=1.1, ngram=2
    )
    while any(one.finish_reason is None for one in many):
        for one in many:
            next(one, None)
    assert [one.text for one in many] == alone
