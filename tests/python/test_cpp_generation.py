"""Text generated in C++ from an exported folder: the same tokens as Python's, for the same seed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
from cpp_generator import PROGRAMS, CppGenerator, evaluate_as_cpp
from foundry.export.tokenizer_tables import tokenizer_tables
from foundry.generation.tokenizer import Tokenizer
from foundry.models import LanguageModel
from tiny_llama import TinyLlama

PROMPT = "Once upon a time there was a"
LONG = "The cat sat on the mat, and the dog lay by the fire. " * 24
"""More tokens than the largest step, and of a number that takes all the others."""
SAMPLINGS: dict[str, dict[str, Any]] = {
    "greedy": {},
    "seeded": {"temperature": 0.9, "top_k": 40, "top_p": 0.95, "min_p": 0.02},
    "penalised": {"repetition_penalty": 1.3, "frequency_penalty": 0.2},
}


@pytest.fixture(scope="module")
def folder(model: LanguageModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    model.export(folder)
    return folder


@pytest.fixture(scope="module")
def cpp(folder: Path, model_path: Path) -> Iterator[CppGenerator]:
    generator = CppGenerator(folder, model_path)
    yield generator
    generator.close()


@pytest.mark.parametrize("name", SAMPLINGS)
@pytest.mark.parametrize("prompt", [PROMPT, LONG])
def test_a_text_goes_on_as_in_python(
    model: LanguageModel, cpp: CppGenerator, prompt: str, name: str
) -> None:
    options = SAMPLINGS[name]
    evaluate_as_cpp(model, model.tokenizer.encode(prompt))
    expected = model.generate(prompt, raw=True, max_tokens=12, seed=7, ignore_end=True, **options)
    list(expected)
    found = cpp.ask("raw", prompt, **options)
    assert found.tokens == expected.tokens
    assert "".join(found.pieces) == expected.text
    assert found.reason == "length" and found.prompt_tokens == len(expected.prompt)


def test_a_conversation_is_pythons_and_keeps_its_cache(
    model: LanguageModel, cpp: CppGenerator
) -> None:
    messages = [
        {"role": "system", "content": "Answer in a word.\n"},
        {"role": "user", "content": "<|im_end|> Where is Rome?"},
    ]
    for turn in range(2):
        evaluate_as_cpp(model, model.tokenizer.encode(model.chat_templates.render(messages)))
        expected = model.generate(messages, max_tokens=20, seed=turn, temperature=0.5)
        answer = "".join(expected)
        texts = [text for message in messages for text in message.values()]
        found = cpp.ask("chat", *texts, max_tokens=20, seed=turn, temperature=0.5)
        assert found.tokens == expected.tokens and "".join(found.pieces) == answer
        assert found.prompt_tokens == len(expected.prompt)
        assert found.reason == expected.finish_reason
        if turn == 1:  # all but what follows the answer
            assert found.reused_tokens > found.prompt_tokens - 25
        messages += [
            {"role": "assistant", "content": answer},
            {"role": "user", "content": "And Paris? 🙂"},
        ]


def test_a_stop_ends_a_text_before_it(model: LanguageModel, cpp: CppGenerator) -> None:
    evaluate_as_cpp(model, model.tokenizer.encode(PROMPT))
    text = "".join(model.generate(PROMPT, raw=True, max_tokens=12, ignore_end=True))
    stop = text[12:17]
    found = cpp.ask("raw", PROMPT, stop=stop)
    assert "".join(found.pieces) == text[: text.index(stop)] and found.reason == "stop"


def test_the_cache_grows_in_the_midst_of_an_answer(model: LanguageModel, cpp: CppGenerator) -> None:
    prompt = "one two three four " * 62  # to 256 positions, where the cache begins
    tokens = model.tokenizer.encode(prompt)
    assert 240 < len(tokens) < 256
    evaluate_as_cpp(model, tokens)
    expected = model.generate(prompt, raw=True, max_tokens=24, ignore_end=True)
    list(expected)
    assert cpp.ask("raw", prompt, max_tokens=24).tokens == expected.tokens


def test_what_cannot_be_answered_is_refused_and_the_next_works(
    model: LanguageModel, cpp: CppGenerator
) -> None:
    def refused(*texts: str, **options: Any) -> str:
        with pytest.raises(RuntimeError) as error:
            cpp.ask(*texts, **options)
        return str(error.value)

    assert refused("raw", "") == "ArgumentError: generate: the prompt has no tokens"
    assert "max_tokens is 0" in refused("raw", "x", max_tokens=0)
    assert "unsupported role 'tool'" in refused("chat", "tool", "x")
    assert "the context holds 8192" in refused("raw", "a b " * 5000)
    assert "top_p" in refused("raw", "x", top_p=7)
    assert cpp.ask("raw", PROMPT).tokens


def started(folder: Path, weights: Path) -> str:
    """What a program says that cannot start."""
    done = subprocess.run(
        [PROGRAMS / "foundry_generate", folder, weights],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def test_another_models_weights_and_what_is_missing_are_named(
    folder: Path, model_path: Path, tmp_path: Path
) -> None:
    tiny = TinyLlama().write(tmp_path / "tiny.gguf")
    assert "the program was saved with (49152, 576)" in started(folder, tiny)
    assert "text.gguf: cannot be read as tables" in started(tmp_path, model_path)
    text = (folder / "text.gguf").read_bytes()
    (tmp_path / "text.gguf").write_bytes(text[:-9])
    assert "text.gguf: cannot be read as tables" in started(tmp_path, model_path)
    (tmp_path / "text.gguf").write_bytes(text)
    assert "step-256.foundry" in started(tmp_path, model_path)


def test_a_small_context_and_suppressed_tokens(tmp_path: Path) -> None:
    suppressed = np.array([*range(30)], np.int32)
    tiny = TinyLlama().changed({"tokenizer.ggml.suppress_tokens": suppressed})
    path = tiny.write(tmp_path / "tiny.gguf")
    model = fd.models.load(path)
    model.export(tmp_path / "exported")
    evaluate_as_cpp(model, model.tokenizer.encode("abc"))
    expected = model.generate("abc", raw=True, max_tokens=100, ignore_end=True)
    list(expected)
    generator = CppGenerator(tmp_path / "exported", path)
    found = generator.ask("raw", "abc", max_tokens=100)
    with pytest.raises(RuntimeError, match="the chat template is not made of fixed texts"):
        generator.ask("chat", "user", "abc")
    generator.close()
    assert found.tokens == expected.tokens and min(found.tokens) >= 30
    assert found.reason == expected.finish_reason == "context"


def test_what_ends_a_text_is_what_python_puts_there(tmp_path: Path) -> None:
    """A separator stands between two texts, and ends one in WordPiece alone."""
    ends = {
        "tokenizer.ggml.add_eos_token": True,
        "tokenizer.ggml.add_sep_token": True,
        "tokenizer.ggml.seperator_token_id": np.uint32(1),
    }
    tokenizer = Tokenizer(fd.Gguf(TinyLlama().changed(ends).write(tmp_path / "x.gguf")).metadata)
    assert tokenizer.encode("ab", add_end=True)[-1] == 0
    np.testing.assert_array_equal(tokenizer_tables(tokenizer)["tokenizer.last"], [0])


def test_the_step_of_one_token_is_a_program_as_any_other(
    model: LanguageModel, folder: Path, model_path: Path
) -> None:
    prompt = model.tokenizer.encode(PROMPT)
    rt = fd.Foundry()
    step = fd.Program.load(rt, folder / "step-1.foundry", weights=[model_path], trusted=True)
    assert step.parameters == ["position"]
    for position, token in enumerate(prompt):
        step.tensor("ids").copy_from(np.asarray([token], np.int32))
        step.replay(position=position)
    found = np.asarray(step.tensor("logits"))[0]
    # The same kernels on the same inputs.
    np.testing.assert_array_equal(found, model.logits(prompt, batch=1)[-1])
    with pytest.raises(fd.ProgramError, match="0 weight files given, it needs 1"):
        fd.Program.load(rt, folder / "step-1.foundry", trusted=True)


def test_an_export_that_cannot_be_written_is_refused(model: LanguageModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(fd.ArgumentError, match=r"export: '.*file' cannot be written"):
        model.export(tmp_path / "file")


def test_the_example_answers(folder: Path, model_path: Path) -> None:
    done = subprocess.run(
        [PROGRAMS / "foundry_generate_example", folder, model_path, "Where is Rome?", "And Paris?"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if " of them known; " in line]
    assert len(lines) == 2 and " 0 of them known" in lines[0] and " 0 of them" not in lines[1]
