"""Decoding as a replayed program: the same tokens as one step at a time, whatever the batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import foundry as fd
from foundry.engine.decode_run import DecodeRun
from foundry.engine.sampler import Sampler
from foundry.generation.sampling import SamplingParameters
from foundry.generation.sampling_tokens import for_vocabulary

PROMPT = "Once upon a time there was a"
SAMPLINGS = {
    "greedy": SamplingParameters(),
    "seeded": SamplingParameters(temperature=0.9, top_k=40, top_p=0.95, min_p=0.02),
    "penalised": SamplingParameters(repetition_penalty=1.3, frequency_penalty=0.2),
    "short window": SamplingParameters(
        temperature=0.7, presence_penalty=1.0, repetition_penalty=1.2, penalty_window=5
    ),
    "unlikely": SamplingParameters(
        temperature=0.9, typical_p=0.8, top_n_sigma=2.5, xtc_probability=0.5, dynatemp_range=0.4
    ),
    "mirostat": SamplingParameters(temperature=0.9, mirostat=2, mirostat_tau=3, mirostat_eta=0.3),
    "no repetition": SamplingParameters(
        dry_multiplier=2,
        dry_allowed_length=1,
        dry_penalty_last_n=20,
        penalty_window=9,
        frequency_penalty=0.1,
    ),
    "biased": SamplingParameters(
        temperature=0.6, logit_bias={30: 3, 28: -1.5}, banned_tokens=[284, 253]
    ),
}


@pytest.fixture(autouse=True)
def free_batch(model: fd.models.LanguageModel) -> Iterator[None]:
    yield
    model.engine.decoder.forced_batch = None


def one_at_a_time(
    model: fd.models.LanguageModel,
    prompt: list[int],
    sampling: SamplingParameters,
    seed: int,
    count: int,
) -> list[int]:
    """Plain decoding, every token by way of the host, with a sampler that is made for it."""
    rt, vocabulary = model.runtime, len(model.tokenizer)
    token = rt.dedicated((1,), fd.i32)
    sampling = for_vocabulary(sampling, model.tokenizer, model.context_length)
    run = DecodeRun(prompt, sampling, seed, len(prompt) + count)
    model.engine.decoder.release()
    model.engine.cache.keep(0)
    logits = model.engine.forward.run(run.tokens, rows=1)
    while True:
        sampler = Sampler(rt, vocabulary, sampling, top=None, most_ahead=1)
        sampler.begin(run)
        for operation in sampler.operations(logits, token, seed, len(run.tokens)):
            rt.run(operation)
        sampler.wait()
        run.tokens.append(sampler.read(run, len(run.tokens)))
        if len(run.tokens) == run.limit:
            return run.tokens[len(prompt) :]
        logits = model.engine.forward.run(run.tokens[-1:], rows=1)


@pytest.mark.parametrize("batch", [1, 5, 16])
@pytest.mark.parametrize("kind", SAMPLINGS)
def test_tokens_are_those_of_plain_decoding(
    model: fd.models.LanguageModel, kind: str, batch: int
) -> None:
    prompt = model.tokenizer.encode(PROMPT)
    sampling = SAMPLINGS[kind]
    expected = one_at_a_time(model, prompt, sampling, seed=7, count=40)
    model.engine.decoder.forced_batch = batch
    generation = model.generate(
        prompt, raw=True, max_tokens=40, sampling=sampling, seed=7, ignore_end=True
    )
    list(generation)
    assert generation.tokens == expected


def test_several_tokens_share_a_command_buffer(model: fd.models.LanguageModel) -> None:
    model.engine.decoder.forced_batch = 8
    generation = model.generate(PROMPT, raw=True, max_tokens=33, ignore_end=True)
    next(generation)
    before = model.runtime.statistics["command_buffers"]
    pieces = list(generation)
    assert model.runtime.statistics["command_buffers"] - before == 4
    assert len(pieces) > 16, "the text comes token by token all the same"


def test_tokens_past_the_end_are_dropped(model: fd.models.LanguageModel) -> None:
    chat = [{"role": "user", "content": "What is the capital of Japan?"}]
    model.engine.decoder.forced_batch = 16
    generation = model.generate(chat, max_tokens=200)
    assert "".join(generation) == "The capital of Japan is Tokyo."
    assert generation.finish_reason == "end"
    assert len(generation.tokens) < 12
    # What was decoded past the end is no part of the next turn.
    again = model.generate(chat, max_tokens=200)
    assert "".join(again) == "The capital of Japan is Tokyo."


def test_the_cache_grows_under_the_program(model_path: Path) -> None:
    model = fd.models.load(model_path)
    assert model.engine.cache.capacity == 256
    prompt = (model.tokenizer.encode("The quick brown fox jumps over the lazy dog. ") * 30)[:250]
    expected = one_at_a_time(model, prompt, SamplingParameters(), seed=0, count=20)
    model = fd.models.load(model_path)
    model.engine.decoder.forced_batch = 4
    generation = model.generate(prompt, raw=True, max_tokens=20, ignore_end=True)
    next(generation)
    assert model.engine.cache.capacity == 256
    list(generation)
    assert model.engine.cache.capacity == 512
    assert generation.tokens == expected


def test_generations_that_take_turns_keep_their_tokens(model: fd.models.LanguageModel) -> None:
    model.engine.decoder.forced_batch = 4
    prompts = ("One two three", "A B C D")
    expected = []
    for prompt in prompts:
        generation = model.generate(prompt, raw=True, max_tokens=12, ignore_end=True)
        list(generation)
        expected.append(generation.tokens)
    turns = [model.generate(prompt, raw=True, max_tokens=12, ignore_end=True) for prompt in prompts]
    while any(generation.finish_reason is None for generation in turns):
        for generation in turns:
            next(generation, None)
    assert [generation.tokens for generation in turns] == expected


def test_an_interrupted_generation_goes_on(
    model: fd.models.LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.engine.decoder.forced_batch = 3
    expected = model.generate(PROMPT, raw=True, max_tokens=24, ignore_end=True)
    list(expected)
    generation = model.generate(PROMPT, raw=True, max_tokens=24, ignore_end=True)
    decoder = type(model.engine.decoder)
    take, calls = decoder._take, 0

    def interrupted(self: object, run: object) -> None:
        nonlocal calls
        calls += 1
        if calls in (2, 3, 9):
            raise KeyboardInterrupt
        take(self, run)  # type: ignore[arg-type]
        if calls == 12:
            raise KeyboardInterrupt  # the token is there, its reader has not seen it

    monkeypatch.setattr(decoder, "_take", interrupted)
    text, interrupts = "", 0
    while generation.finish_reason is None:
        try:
            text += next(generation, "")
        except KeyboardInterrupt:
            interrupts += 1
    assert interrupts == 4
    assert generation.tokens == expected.tokens and text == expected.text


def test_what_a_program_of_one_step_holds(model: fd.models.LanguageModel) -> None:
    list(model.generate(PROMPT, raw=True, max_tokens=3, ignore_end=True))
    program = model.engine.decoder._program
    assert program is not None
    assert program.program.parameters == ["position"]
    assert {"ids", "logits", "tokens", "key cache 0", "token_embd.weight"} <= set(
        program.program.tensors
    )


@pytest.mark.parametrize("kind", ["mirostat", "no repetition", "biased"])
def test_what_a_sampler_keeps_is_its_runs(model: fd.models.LanguageModel, kind: str) -> None:
    """Runs that take turns, and one that is interrupted with tokens in flight."""
    model.engine.decoder.forced_batch = 4
    prompts, expected = ("One two three", "A B C D"), []
    options: dict[str, Any] = {"max_tokens": 14, "sampling": SAMPLINGS[kind], "ignore_end": True}
    for prompt in prompts:
        generation = model.generate(prompt, raw=True, seed=5, **options)
        list(generation)
        expected.append(generation.tokens)
    turns = [model.generate(prompt, raw=True, seed=5, **options) for prompt in prompts]
    while any(generation.finish_reason is None for generation in turns):
        for generation in turns:
            next(generation, None)
            if len(generation.tokens) == 7:
                model.engine.decoder.abandon()
    assert [generation.tokens for generation in turns] == expected
