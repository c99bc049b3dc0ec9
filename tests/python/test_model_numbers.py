"""The demo model's logits against two independent references, and prefill against decode."""

# ruff: noqa: E501, the prompts

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
import reference_llama

Logits = NDArray[np.float32]

PROMPTS = {
    "prose": """It was a quiet morning in the harbour town. The fishermen had gone out before dawn,
        and the only sound on the quay was the slow creak of ropes against wood. Anna sat on an old
        crate with a book she had read twice, waiting for the ferry that would bring her brother
        home after three long years at sea, and she wondered if he would know her face.""",
    "code": """import heapq\n\ndef shortest_path(graph, start, goal):\n    queue = [(0, start, [])]
    seen = set()\n    while queue:\n        cost, node, path = heapq.heappop(queue)
        if node in seen:\n            continue\n        seen.add(node)\n        path = path + [node]
        if node == goal:\n            return cost, path\n        for other, weight in graph[node]:""",
    "numbers": """Year, population, area\n1990, 248709873, 9363520\n2000, 281421906, 9629091\n2010,
        308745538, 9826675\n2020, 331449281, 9833520\nThe mean of 12.5, 13.75 and 19.25 is 15.1667;
        2^10 = 1024 and 3 * 17 = 51.""",
    "languages": """Der schnelle braune Fuchs springt über den faulen Hund. Le cœur a ses raisons que
        la raison ne connaît point. El perro corre por la playa. 日本の首都は東京です。 Привет, мир! 🦙
        Ceci n'est pas une pipe, and this is not a translation of any of the sentences before it.""",
    "chat": """<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging
        Face<|im_end|>\n<|im_start|>user\nExplain in two sentences why the sky is blue, and then in
        one sentence why sunsets are red.<|im_end|>\n<|im_start|>assistant\nThe sky looks blue as
        sunlight is scattered by the gases of the atmosphere, and blue light is scattered more.""",
}


def cosines(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    norms = np.linalg.norm(a64, axis=-1) * np.linalg.norm(b64, axis=-1)
    return np.sum(a64 * b64, axis=-1) / norms


def clear_disagreements(reference: NDArray[Any], other: NDArray[Any], margin: float) -> list[int]:
    """Positions where the top token differs although the reference's lead is above `margin`."""
    leaders = np.sort(reference, axis=-1)[:, -2:]
    lead = leaders[:, 1] - leaders[:, 0]
    differs = reference.argmax(axis=-1) != other.argmax(axis=-1)
    return [int(i) for i in np.flatnonzero(differs & (lead > margin))]


def prompt_ids(model: fd.models.LanguageModel, name: str) -> list[int]:
    ids = model.tokenizer.encode(PROMPTS[name])[:64]
    assert len(ids) == 64
    return ids


@pytest.fixture(scope="module")
def f32_cache_model(model_path: Path) -> fd.models.LanguageModel:
    return fd.models.load(model_path, cache_dtype=fd.f32)


@pytest.mark.parametrize("batch", [None, 1])
@pytest.mark.parametrize("name", PROMPTS)
def test_logits_are_the_float32_references(
    model: fd.models.LanguageModel, model_path: Path, name: str, batch: int | None
) -> None:
    ids = prompt_ids(model, name)
    logits = model.logits(ids, batch=batch)
    assert logits.dtype == np.float32 and logits.shape == (64, len(model.tokenizer))
    reference = reference_llama.load(str(model_path)).logits(ids)
    # f16 activations keep 0.99994 on this model; a wrong RoPE pairing or scale falls below 0.9.
    assert cosines(reference, logits).min() >= 0.9999
    assert clear_disagreements(reference, logits, margin=0.1) == []


@pytest.mark.parametrize("name", PROMPTS)
def test_prefill_and_decode_agree(f32_cache_model: fd.models.LanguageModel, name: str) -> None:
    """In f16 a key may lie so close to the middle between two numbers that the order of sums
    decides which it becomes: "chat" has one, 2^-24 of itself away, that alone moves the cosine of
    a later position by 2e-5. f32 keeps what differs as small as it is."""
    ids = prompt_ids(f32_cache_model, name)
    together, one_by_one = f32_cache_model.logits(ids), f32_cache_model.logits(ids, batch=1)
    # The order of sums, and decoding's 16-bit inputs: 1.3e-7 at most on these prompts.
    assert cosines(together, one_by_one).min() >= 0.999999
    assert clear_disagreements(together, one_by_one, margin=0.01) == []


@pytest.mark.parametrize("name", PROMPTS)
def test_a_decoded_token_continues_a_prompt(model: fd.models.LanguageModel, name: str) -> None:
    """Both read the same f16 keys and values of the tokens before: the prompt's."""
    ids = prompt_ids(model, name)
    together = model.logits(ids)
    places = range(7, 64, 7)
    decoded = np.stack([model.logits(ids[: at + 1], batch=at)[at] for at in places])
    # The order of sums, 16-bit inputs, and how the token's own key and value are rounded.
    assert cosines(together[places], decoded).min() >= 0.99999
    assert clear_disagreements(together[places], decoded, margin=0.1) == []


@pytest.mark.parametrize("dtype", [fd.f32, fd.bf16])
def test_caches_of_other_formats(
    f32_cache_model: fd.models.LanguageModel, model_path: Path, dtype: fd.DType
) -> None:
    is_f32 = dtype == fd.f32
    other = f32_cache_model if is_f32 else fd.models.load(model_path, cache_dtype=dtype)
    ids = prompt_ids(other, "prose")
    reference = reference_llama.load(str(model_path)).logits(ids)
    # f32: decoding's 16-bit inputs; bf16: keys and values to 2^-9 of themselves.
    bound = 1e-6 if is_f32 else 1e-3
    for batch in (None, 1):
        logits = other.logits(ids, batch=batch)
        assert 1 - cosines(reference, logits).min() <= bound


def test_batches_of_any_size_agree(model: fd.models.LanguageModel) -> None:
    ids = prompt_ids(model, "prose")
    together = model.logits(ids)
    for batch in (7, 33):
        assert cosines(together, model.logits(ids, batch=batch)).min() >= 0.99999


def test_the_cache_grows_without_a_trace(model_path: Path) -> None:
    """300 tokens: two batches, and a cache that starts with room for 256."""
    fresh = fd.models.load(model_path)
    text = " ".join(prompt for name, prompt in PROMPTS.items() if name != "chat")
    ids = fresh.tokenizer.encode(text)[:300]
    assert len(ids) == 300
    reference = reference_llama.load(str(model_path)).logits(ids)
    logits = fresh.logits(ids)
    assert cosines(reference, logits).min() >= 0.9999
    assert clear_disagreements(reference, logits, margin=0.1) == []
    small = fresh.logits(ids, batch=100)
    assert cosines(logits, small).min() >= 0.99999


def test_greedy_choices_are_llama_cpps(
    model: fd.models.LanguageModel, greedy_records: list[dict[str, Any]]
) -> None:
    """Teacher forcing: each step sees llama.cpp's own tokens. Two right implementations part only
    where the lead of the first token is small (at most 0.33 between llama.cpp's own CPU paths)."""
    agreed, clear = [], []
    for record in greedy_records:
        prompt, generated = record["prompt_ids"], record["generated_ids"]
        logits = model.logits([*prompt, *generated[:-1]])[len(prompt) - 1 :]
        same = logits.argmax(axis=-1) == np.asarray(generated)
        lead = np.asarray(record["step_top1_minus_top2_logit"])
        agreed.extend(same)
        clear.extend(same[lead > 0.5])
    assert all(clear)
    assert np.mean(agreed) >= 0.97
    assert len(agreed) == 256


def test_the_reference_itself_agrees_with_llama_cpp(
    model_path: Path, greedy_records: list[dict[str, Any]]
) -> None:
    reference = reference_llama.load(str(model_path))
    for record in greedy_records:
        prompt, generated = record["prompt_ids"], record["generated_ids"]
        logits = reference.logits([*prompt, *generated[:-1]])[len(prompt) - 1 :]
        same = logits.argmax(axis=-1) == np.asarray(generated)
        assert all(same[np.asarray(record["step_top1_minus_top2_logit"]) > 0.5])
