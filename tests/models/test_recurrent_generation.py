"""Recurrent layers: whatever was evaluated before, a text is as of a model that is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cases import model_of
from writer import VOCABULARY

import foundry as fd

NAMES = ("lfm2", "mamba2", "granitehybrid", "falcon-h1", "nemotron_h", "qwen3next", "qwen35")
PROMPT = [int(token) for token in np.random.default_rng(5).integers(1, VOCABULARY, 30)]


@pytest.fixture(scope="module", params=NAMES)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_of(request.param).write(tmp_path_factory.mktemp("models") / "model.gguf")


@pytest.fixture(scope="module")
def loaded(path: Path) -> fd.models.LanguageModel:
    return fd.models.load(path, cache_dtype=fd.f32)


@pytest.fixture
def model(loaded: fd.models.LanguageModel) -> Iterator[fd.models.LanguageModel]:
    loaded.engine.decoder.forced_batch = 4
    yield loaded
    loaded.engine.decoder.forced_batch = None


def answer(model: fd.models.LanguageModel, tokens: list[int], count: int) -> fd.models.Generation:
    return model.generate(tokens, max_tokens=count, ignore_end=True)


def as_new(model: fd.models.LanguageModel, tokens: list[int], count: int) -> list[int]:
    """One token at a time after all of the prompt, of logits that start from nothing."""
    found: list[int] = []
    for _ in range(count):
        found.append(int(model.logits([*tokens, *found])[-1].argmax()))
    return found


def whole(model: fd.models.LanguageModel, tokens: list[int], count: int) -> tuple[list[int], int]:
    generation = answer(model, tokens, count)
    list(generation)
    return generation.tokens, generation.statistics.reused_tokens


def test_generations_that_take_turns(model: fd.models.LanguageModel) -> None:
    prompts = [PROMPT, PROMPT[:12] + PROMPT[5:20], PROMPT[7:]]
    expected = [as_new(model, prompt, 14) for prompt in prompts]
    turns = [answer(model, prompt, 14) for prompt in prompts]
    while any(turn.finish_reason is None for turn in turns):
        for turn in turns:
            next(turn, None)
    assert [turn.tokens for turn in turns] == expected


def test_a_text_goes_on_from_where_its_reader_stopped(model: fd.models.LanguageModel) -> None:
    expected = as_new(model, PROMPT, 9)
    other = [*PROMPT, *expected, 3, 7]
    wanted = as_new(model, other, 6)
    begun = answer(model, PROMPT, 200)
    while len(begun.tokens) < 9:  # tokens past the ninth are in the state by then
        next(begun)
    assert begun.tokens == expected
    found, reused = whole(model, other, 6)
    assert found == wanted
    # The command buffer that the reader was in had four tokens.
    assert len(PROMPT) + 9 - 4 <= reused < len(PROMPT) + 9


def test_a_prompt_that_is_answered_again(model: fd.models.LanguageModel) -> None:
    expected = as_new(model, PROMPT, 8)
    assert whole(model, PROMPT, 8)[0] == expected
    assert whole(model, PROMPT, 8) == (expected, len(PROMPT) - 1)


def test_prompts_that_begin_alike(model: fd.models.LanguageModel) -> None:
    shared = PROMPT[:20]
    prompts = [[*shared, 9, token, 4] for token in (11, 12, 13)]
    expected = [as_new(model, prompt, 5) for prompt in prompts]
    model.logits([1])
    found = [whole(model, prompt, 5) for prompt in prompts]
    assert [tokens for tokens, _ in found] == expected
    # The second one shows where they part; from then on that is where they begin.
    assert found[1][1] == 0 and found[2][1] == len(shared) + 1


def test_an_interrupted_generation_goes_on(
    model: fd.models.LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = as_new(model, PROMPT, 16)
    generation = answer(model, PROMPT, 16)
    decoder = model.engine.decoder
    take, calls = type(decoder)._take, 0

    def interrupted(self: object, run: object) -> None:
        nonlocal calls
        calls += 1
        if calls in (2, 3, 9):
            raise KeyboardInterrupt
        take(self, run)  # type: ignore[arg-type]
        if calls == 12:
            decoder._is_whole = False  # as in the middle of encoding
            raise KeyboardInterrupt

    monkeypatch.setattr(type(decoder), "_take", interrupted)
    interrupts = 0
    while generation.finish_reason is None:
        try:
            next(generation, "")
        except KeyboardInterrupt:
            interrupts += 1
    assert interrupts == 4
    assert generation.tokens == expected


def test_a_prompt_cache_holds_the_state(
    model: fd.models.LanguageModel, path: Path, tmp_path: Path
) -> None:
    tokens, _ = whole(model, PROMPT, 9)
    kept = model.save_prompt_cache(tmp_path / "cache")
    assert kept == len(model.engine.cache.tokens)
    other = fd.models.load(path, cache_dtype=fd.f32)
    assert other.load_prompt_cache(tmp_path / "cache") == kept
    more = [*PROMPT, *tokens[:8], 5, 6]
    expected = as_new(model, more, 6)
    assert whole(other, more, 6) == (expected, len(PROMPT) + 8)
    assert other.load_prompt_cache(tmp_path / "cache") == kept
    assert whole(other, PROMPT, 8)[1] == len(PROMPT) - 1
    other.engine.cache.forget()
    other.save_prompt_cache(tmp_path / "empty")
    assert other.load_prompt_cache(tmp_path / "empty") == 0


def test_a_program_begins_anew_at_position_0(
    model: fd.models.LanguageModel, path: Path, tmp_path: Path
) -> None:
    expected = model.logits(PROMPT, batch=1)[-1]
    model.export(tmp_path)
    program = tmp_path / "step-1.foundry"
    step = fd.Program.load(fd.Foundry(), program, weights=[path], trusted=True)
    for _ in range(2):
        for position, token in enumerate(PROMPT):
            step.tensor("ids").copy_from(np.asarray([token], np.int32))
            step.replay(position=position)
        found = step.tensor("logits").copy_to_host().reshape(-1)
        np.testing.assert_array_equal(found, expected)


def test_what_is_no_cache_of_it_is_named(model: fd.models.LanguageModel, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    model.logits(PROMPT)
    model.save_prompt_cache(tmp_path / "cache")
    arrays = load_file(tmp_path / "cache")
    kept = {name: array for name, array in arrays.items() if not name.startswith("states.")}
    described = {"kind": "foundry prompt cache 1", "dtype": "f32", "model": model._fingerprint()}
    size = model.engine.cache.recurrent.size

    def load(**more: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> int:
        save_file({**kept, **more}, tmp_path / "changed", metadata=described)
        return model.load_prompt_cache(tmp_path / "changed")

    state = np.zeros(size, np.float32)
    with pytest.raises(fd.ModelError, match=rf"states.30 has shape \(3,\); expected \({size},\)"):
        load(**{"states.30": state[:3]})
    for name in ("states.31", "states.0", "states.x"):
        with pytest.raises(fd.ModelError, match=rf"{name} is no state after 1 to 30 tokens"):
            load(**{name: state})
    assert load(**{"states.12": state}) == 12
    assert load() == 0
