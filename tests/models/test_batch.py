"""Sequences that are decoded together have the tokens and log-probabilities that each has alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import model_of
from hypothesis import given, settings
from hypothesis import strategies as st
from writer import VOCABULARY

import foundry as fd
from foundry.models import Batch, BatchSequence, LanguageModel

# Keys and values, learned positions, windows, sinks and experts, latents, shared keys and values,
# norms of whole rows; convolutions, scans, delta nets.
ARCHITECTURES = (
    "llama", "gpt2", "gemma2", "gpt-oss", "deepseek2", "gemma4", "olmo2",
    "lfm2", "granitehybrid", "qwen3next",
)  # fmt: skip
_FAST = ("llama", "gpt-oss", "deepseek2", "granitehybrid")
# Norms of heads of fewer than 64 elements, and of groups of a scan, differ in the last bit.
CLOSE = ("gemma4", "lfm2", "granitehybrid", "qwen3next")
_RNG = np.random.default_rng(7)
PROMPTS = [
    [int(token) for token in _RNG.integers(1, VOCABULARY, length)] for length in (1, 5, 40, 12)
]
OPTIONS: list[dict[str, Any]] = [
    {"max_tokens": 12},
    {"max_tokens": 40, "temperature": 0.9, "top_k": 20, "seed": 5},
    {"max_tokens": 7, "repetition_penalty": 1.3},
    {"max_tokens": 25, "min_p": 0.05, "temperature": 1.2, "seed": 9},
]

Found = tuple[list[int], list[Any]]


def found_of(answer: Any) -> Found:
    return answer.tokens, answer.logprobs


def alone(model: LanguageModel, prompt: list[int], **options: Any) -> Found:
    model.logits([0])  # no prompt begins so: all of it is evaluated at once, as a batch does
    answer = model.generate(prompt, ignore_end=True, logprobs=3, **options)
    list(answer)
    return found_of(answer)


def joined(batch: Batch, prompt: list[int], **options: Any) -> BatchSequence:
    return batch.add(prompt, ignore_end=True, logprobs=3, **options)


def require_close(answer: BatchSequence, expected: Found) -> None:
    """The same tokens. Keys and values are rounded to f16, where a sum in another order may fall to
    the other side: 2^-11 of one."""
    for own, other in zip(answer.logprobs, expected[1], strict=True):
        assert own.token == other.token
        assert own.logprob == pytest.approx(other.logprob, abs=2e-3)


def steps_until_all_left(batch: Batch) -> None:
    while batch.sequences:
        batch.step()


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    path = model_of("llama").write(tmp_path_factory.mktemp("models") / "model.gguf")
    return fd.models.load(path)


@pytest.fixture
def pair(llama: LanguageModel) -> Iterator[Batch]:
    with llama.batch(2, context_length=64) as batch:
        yield batch


@pytest.mark.parametrize(
    "architecture",
    [
        pytest.param(name, marks=[] if name in _FAST else [pytest.mark.slow])
        for name in ARCHITECTURES
    ],
)
def test_sequences_join_and_leave(tmp_path: Path, architecture: str) -> None:
    model = fd.models.load(model_of(architecture).write(tmp_path / "model.gguf"))
    with model.batch(3) as batch:
        answers = [joined(batch, PROMPTS[0], **OPTIONS[0])]
        batch.step()
        answers.append(joined(batch, PROMPTS[1], **OPTIONS[1]))
        answers.append(joined(batch, PROMPTS[2], **OPTIONS[2]))
        while len(batch.sequences) == 3:
            batch.step()
        answers.append(joined(batch, PROMPTS[3], **OPTIONS[3]))  # in the place of the one that left
        steps_until_all_left(batch)
    for prompt, options, answer in zip(PROMPTS, OPTIONS, answers, strict=True):
        expected = alone(model, prompt, **options)
        assert answer.finish_reason == "length"
        if architecture in CLOSE:
            require_close(answer, expected)
        else:
            assert found_of(answer) == expected


def test_past_rings_and_growth(tmp_path: Path) -> None:
    """Positions go round a window's ring, and the caches grow under sequences of other lengths."""
    model = fd.models.load(model_of("gpt-oss").write(tmp_path / "model.gguf"))
    long = [int(token) for token in _RNG.integers(1, VOCABULARY, 285)]
    expected = [alone(model, long, max_tokens=20), alone(model, PROMPTS[3], max_tokens=30)]
    with model.batch(2) as batch:
        answers = [joined(batch, PROMPTS[3], max_tokens=30)]
        for _ in range(5):
            batch.step()
        answers.insert(0, joined(batch, long, max_tokens=20))
        steps_until_all_left(batch)
    assert [found_of(answer) for answer in answers] == expected


def test_more_than_eight_are_close(llama: LanguageModel) -> None:
    """They take the kernels of prompts, which sum in another order."""
    prompts = [PROMPTS[2][: 3 + index] for index in range(16)]
    with llama.batch(16) as batch:
        answers = [joined(batch, prompt, max_tokens=6) for prompt in prompts]
        steps_until_all_left(batch)
    for prompt, answer in zip(prompts, answers, strict=True):
        require_close(answer, alone(llama, prompt, max_tokens=6))


@settings(max_examples=12, deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 4), st.integers(1, 20), st.integers(1, 9)), min_size=2, max_size=7
    )
)
def test_any_order_of_joining(llama: LanguageModel, plan: list[tuple[int, int, int]]) -> None:
    """Steps before a sequence joins, its prompt's length, its tokens."""
    with llama.batch(3) as batch:
        answers = []
        for steps, length, count in plan:
            for _ in range(steps):
                batch.step()
            while len(batch.sequences) == batch.size:
                batch.step()
            answers.append(joined(batch, PROMPTS[2][:length], max_tokens=count))
        steps_until_all_left(batch)
    for (_, length, count), answer in zip(plan, answers, strict=True):
        assert found_of(answer) == alone(llama, PROMPTS[2][:length], max_tokens=count)


def test_texts_stream_and_stop(llama: LanguageModel, pair: Batch) -> None:
    options: dict[str, Any] = {"max_tokens": 30, "ignore_end": True}
    wanted = llama.generate(PROMPTS[1], **options)
    whole = "".join(wanted)
    stop = whole[len(whole) // 2 :][:2]
    stopped, streamed = pair.add(PROMPTS[1], **options, stop=stop), pair.add(PROMPTS[1], **options)
    pieces = [pair.step()[streamed]]
    pieces += [pair.step()[streamed] for _ in range(3)]
    rest = list(streamed)  # what was not read is there too
    assert "".join(rest) == streamed.text == whole
    assert whole.startswith("".join(pieces))
    assert stopped.text == whole[: whole.index(stop)] and stopped.finish_reason == "stop"
    assert repr(streamed) == f"BatchSequence(30 tokens, length: {whole[-40:]!r})"


def test_a_regular_expression_holds_for_its_sequence(pair: Batch) -> None:
    bound, free = pair.add([4, 5], regex="[ab]{4}c"), joined(pair, [4, 5], max_tokens=9)
    steps_until_all_left(pair)
    assert set(bound.text[:4]) <= set("ab") and bound.text[4:] == "c"
    assert len(free.tokens) == 9


def test_many_prompts_are_answered_in_their_order(llama: LanguageModel) -> None:
    answers = llama.generate_batch(
        PROMPTS, sequences=2, seed=3, temperature=1.0, max_tokens=10, ignore_end=True, logprobs=3
    )
    for index, (prompt, answer) in enumerate(zip(PROMPTS, answers, strict=True)):
        wanted = alone(llama, prompt, seed=3 + index, temperature=1.0, max_tokens=10)
        assert found_of(answer) == wanted
    assert llama.generate_batch([]) == []


def test_answers_come_as_they_end(llama: LanguageModel, pair: Batch) -> None:
    """More prompts than places, from an iterator; one of them is too long, one has no tokens."""
    prompts: list[list[int]] = [PROMPTS[0], [1] * 64, PROMPTS[2], [], PROMPTS[3], PROMPTS[1]]
    options: dict[str, Any] = {"temperature": 1.0, "max_tokens": 30}
    found = dict(pair.answers(iter(prompts), seed=3, ignore_end=True, logprobs=3, **options))
    assert sorted(found) == list(range(6)) and pair.sequences == ()
    assert isinstance(found[1], fd.ContextLengthError)
    assert isinstance(found[3], fd.ArgumentError)
    assert str(found[3]) == "generate: the prompt has no tokens"
    for index in (0, 4, 5):
        assert found_of(found[index]) == alone(llama, prompts[index], seed=3 + index, **options)
    wanted = alone(llama, prompts[2], seed=5, **options | {"max_tokens": 24})
    assert found_of(found[2]) == wanted, "as far as the batch's context goes"


def test_answers_that_are_left_are_closed(llama: LanguageModel, pair: Batch) -> None:
    answers = pair.answers([[1] * 62, PROMPTS[2]], max_tokens=9, ignore_end=True)
    index, first = next(answers)
    assert index == 0 and isinstance(first, BatchSequence) and len(first.tokens) == 2
    assert len(pair.sequences) == 1
    answers.close()  # type: ignore[attr-defined]
    assert not pair.sequences


def test_a_failing_device_fails_the_live_answers(
    pair: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = fd.DeviceError("the device is gone")

    def step(self: Batch) -> None:
        for sequence in self.sequences:
            sequence.close()
        raise failure

    monkeypatch.setattr(Batch, "step", step)
    found = list(pair.answers(PROMPTS[:3]))
    assert found == [(0, failure), (1, failure), (2, failure)]


def test_the_context_of_a_batch_ends_a_text(pair: Batch) -> None:
    answer = joined(pair, PROMPTS[2], max_tokens=100)
    steps_until_all_left(pair)
    assert (len(answer.tokens), answer.finish_reason) == (64 - 40, "context")


def test_a_closed_sequence_leaves_its_place(llama: LanguageModel, pair: Batch) -> None:
    first, second = joined(pair, PROMPTS[1]), joined(pair, PROMPTS[2], max_tokens=9)
    with pytest.raises(fd.BatchFullError) as full:
        pair.add(PROMPTS[3])
    assert str(full.value) == ("batch: all 2 sequences are live; step until one ends, or close one")
    pair.step()
    first.close()
    first.close()
    third = joined(pair, PROMPTS[3], max_tokens=5)
    assert pair.sequences == (second, third)
    steps_until_all_left(pair)
    assert found_of(second) == alone(llama, PROMPTS[2], max_tokens=9)
    assert found_of(third) == alone(llama, PROMPTS[3], max_tokens=5)
    assert first.finish_reason is None and len(first.tokens) == 1
    next(first)  # what it had
    with pytest.raises(fd.ArgumentError) as closed:
        next(first)
    assert str(closed.value) == (
        "batch: the sequence was closed after 1 tokens, before its end; add its prompt again"
    )


def test_a_closed_batch(llama: LanguageModel) -> None:
    batch = llama.batch(1)
    answer = batch.add(PROMPTS[1])
    batch.close()
    batch.close()
    for call in (batch.step, lambda: batch.add(PROMPTS[1]), lambda: batch.answers(PROMPTS)):
        with pytest.raises(fd.ArgumentError) as closed:
            call()
        assert str(closed.value) == "batch: it is closed; make another with `LanguageModel.batch`"
    assert answer.finish_reason is None and "closed" in repr(answer)


def test_what_a_batch_refuses(llama: LanguageModel, pair: Batch) -> None:
    def refuses(error: type[fd.Error], text: str, call: Any) -> None:
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value) == text

    refuses(
        fd.ContextLengthError,
        "prompt of 64 tokens; the context holds 64, and the answer needs one at least",
        lambda: pair.add([1] * 64),
    )
    refuses(
        fd.ArgumentError,
        "batch: ngram is given; a step of a batch is one token of each sequence, nothing is "
        "guessed",
        lambda: pair.add([1], ngram=3),
    )
    refuses(
        fd.ArgumentError,
        "batch: sequences is 0, it must be positive",
        lambda: llama.batch(0),
    )
    refuses(
        fd.ArgumentError,
        "batch: context_length is 513, it lies in [1, 512]",
        lambda: llama.batch(1, context_length=513),
    )
    refuses(
        fd.ArgumentTypeError,
        "generate_batch: prompts is a str; expected a sequence of prompts",
        lambda: llama.generate_batch("Once upon"),
    )
    assert pair.sequences == ()
