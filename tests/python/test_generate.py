"""Generation: streaming, stopping, sampling, cache reuse, limits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import foundry as fd

CHAT = [{"role": "user", "content": "What is the capital of Japan?"}]


def test_a_text_is_a_users_message_or_continued(model: fd.models.LanguageModel) -> None:
    for text in ("What is the capital of Japan?", "a<|im_end|>b"):
        message = [{"role": "user", "content": text}]
        assert model.generate(text).prompt == model.generate(message).prompt
        assert model.generate(text, raw=True).prompt == model.tokenizer.encode(text)


def test_a_chat_answer(model: fd.models.LanguageModel) -> None:
    generation = model.generate(CHAT, max_tokens=32)
    pieces = list(generation)
    assert "".join(pieces) == generation.text == "The capital of Japan is Tokyo."
    assert generation.finish_reason == "end"
    assert len(pieces) > 3, "the text comes in pieces"


def test_text_is_continued_as_llama_cpp_does(
    model: fd.models.LanguageModel, greedy_records: list[dict[str, Any]]
) -> None:
    record = greedy_records[0]
    # Up to the first step at which llama.cpp's two likeliest tokens are closer than 0.5.
    clear = next(i for i, lead in enumerate(record["step_top1_minus_top2_logit"]) if lead < 0.5)
    generation = model.generate(record["prompt"], raw=True, max_tokens=clear)
    text = "".join(generation)
    assert generation.tokens == record["generated_ids"][:clear]
    assert text == model.tokenizer.decode(record["generated_ids"][:clear])
    assert generation.finish_reason == "length"


def test_token_ids_are_a_prompt_too(model: fd.models.LanguageModel) -> None:
    by_text = model.generate("The capital of France is", raw=True, max_tokens=3)
    by_ids = model.generate([504, 3575, 282, 4649, 314], max_tokens=3)
    assert "".join(by_text) == "".join(by_ids)
    assert by_text.tokens == by_ids.tokens


def test_generation_stops_before_a_stop_string(model: fd.models.LanguageModel) -> None:
    generation = model.generate(CHAT, max_tokens=32, stop=[" Tokyo", "never"])
    assert "".join(generation) == "The capital of Japan is"
    assert generation.finish_reason == "stop"


def test_a_second_turn_reuses_the_cache(model: fd.models.LanguageModel) -> None:
    first = model.generate(CHAT, max_tokens=32)
    list(first)
    turns = [
        *CHAT,
        {"role": "assistant", "content": first.text},
        {"role": "user", "content": "Why?"},
    ]
    second = model.generate(turns, max_tokens=4)
    list(second)
    assert second.statistics.reused_tokens >= first.statistics.prompt_tokens
    fresh = fd.models.load(model.path).generate(turns, max_tokens=4)
    list(fresh)
    assert fresh.statistics.reused_tokens == 0
    assert fresh.tokens == second.tokens


def test_two_generations_take_turns(model: fd.models.LanguageModel) -> None:
    expected = [
        "".join(model.generate(prompt, raw=True, max_tokens=6)) for prompt in ("One two", "A B C")
    ]
    one, two = (model.generate(prompt, raw=True, max_tokens=6) for prompt in ("One two", "A B C"))
    texts = ["", ""]
    while one.finish_reason is None or two.finish_reason is None:
        texts[0] += next(one, "")
        texts[1] += next(two, "")
    assert texts == expected


def test_threads_may_share_a_model(model: fd.models.LanguageModel) -> None:
    prompts = ["One two", "A B C", "red green"]
    expected = {
        prompt: "".join(model.generate(prompt, raw=True, max_tokens=4)) for prompt in prompts
    }
    found: dict[str, str] = {}

    def run(prompt: str) -> None:
        found[prompt] = "".join(model.generate(prompt, raw=True, max_tokens=4))

    threads = [threading.Thread(target=run, args=(prompt,)) for prompt in prompts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_a_seed_repeats_and_another_differs(model: fd.models.LanguageModel) -> None:
    def run(seed: int) -> list[int]:
        generation = model.generate(
            "Once upon a time",
            raw=True,
            max_tokens=12,
            temperature=1.0,
            top_k=50,
            top_p=0.95,
            seed=seed,
        )
        list(generation)
        return generation.tokens

    assert run(1) == run(1)
    assert len({tuple(run(seed)) for seed in range(4)}) > 1


def test_top_k_of_one_is_greedy(model: fd.models.LanguageModel) -> None:
    greedy = model.generate("Once upon a time", raw=True, max_tokens=6)
    narrow = model.generate(
        "Once upon a time", raw=True, max_tokens=6, temperature=1.5, top_k=1, seed=3
    )
    assert "".join(greedy) == "".join(narrow)


def test_a_strong_penalty_forbids_repetition(model: fd.models.LanguageModel) -> None:
    generation = model.generate(
        "la la la la la la la", raw=True, max_tokens=12, frequency_penalty=100.0, ignore_end=True
    )
    list(generation)
    assert len(set(generation.tokens)) == len(generation.tokens)


def test_what_decoding_costs(model_path: Path) -> None:
    # Of its own: after a long text of another test's attention goes in parts, which takes a kernel
    # more to merge them.
    model = fd.models.load(model_path)
    generation = model.generate("Once upon a time", raw=True, max_tokens=8)
    list(generation)
    cost = generation.statistics
    assert cost.generated_tokens == 8 and cost.prompt_tokens == 4
    assert cost.time_to_first_token > 0 and cost.tokens_per_second > 0
    # Five kernels a layer, and the embedding, the last norm with the output, the choice, its place
    # among the tokens.
    assert 0 < cost.dispatches_per_token <= 5 * model.config.layers + 4


def test_a_prompt_longer_than_the_context_is_an_error(model_path: Path) -> None:
    small = fd.models.load(model_path, context_length=16)
    with pytest.raises(fd.ContextLengthError, match="17 tokens; the context holds 16"):
        small.logits([1] * 17)
    with pytest.raises(fd.ContextLengthError, match="prompt of 20 tokens; the context holds 16"):
        small.generate([1] * 20)
    generation = small.generate("Once upon a time", raw=True, max_tokens=100, ignore_end=True)
    list(generation)
    assert generation.finish_reason == "context"
    assert len(generation.tokens) + 4 == 16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model: model.generate("x", raw=True, max_tokens=0),
            "max_tokens is 0, it must be positive",
        ),
        (lambda model: model.generate("", raw=True), "the prompt has no tokens"),
        (lambda model: model.generate([]), "the prompt has no tokens"),
        (lambda model: model.logits([]), "no token ids"),
        (
            lambda model: model.logits([1, 49152]),
            "token 49152 at index 1; the vocabulary has 49152",
        ),
        (lambda model: model.logits([-1]), "token -1 at index 0; the vocabulary has 49152"),
        (lambda model: model.logits([1], batch=0), "batch is 0, it must be positive"),
        (lambda model: model.generate("x", raw=True, temperature=-1.0), "temperature is -1.0"),
    ],
)
def test_bad_arguments_are_typed_errors(
    model: fd.models.LanguageModel, call: Any, message: str
) -> None:
    with pytest.raises(fd.ArgumentError, match=message):
        call(model)
    assert model.logits([504]).shape == (1, 49152), "the model goes on working"
