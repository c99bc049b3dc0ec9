"""`foundry generate` with several prompts: what it prints, its queue, and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import foundry as fd
from foundry.cli import terminal
from foundry.cli.generate_many import answer_many, read_prompts
from foundry.models import Batch
from test_cli import foundry

TEXTS = ["The capital of France is", "One two three four", "Once upon a time", "A", "Red and blue"]
TOO_LONG = "one two three four five " * 20


def alone(model: fd.models.LanguageModel, text: str, **options: object) -> str:
    return "".join(model.generate(text, raw=True, **options))  # type: ignore[arg-type]


def test_answers_stand_under_their_prompts(
    model: fd.models.LanguageModel, model_path: Path, tmp_path: Path
) -> None:
    """More prompts than places, of ragged lengths, two of which cannot be answered."""
    lines = [*TEXTS[:2], TOO_LONG, "", *TEXTS[2:]]
    (tmp_path / "prompts").write_text("\n".join(lines) + "\n")
    done = foundry(
        *("generate", model_path, "--prompts", tmp_path / "prompts", "-np", "2", "--raw"),
        *("-n", "6", "-c", "64", "--no-statistics"),
    )
    assert done.stdout == "".join(
        f"==> {number} of {len(lines)}: {text} <==\n{alone(model, text, max_tokens=6)}\n"
        for number, text in enumerate(lines, 1)
        if text in TEXTS
    )
    told = done.stderr.splitlines()
    assert told[0].startswith("prompt 3 of 7: ContextLengthError: prompt of 1")
    assert told[1:] == ["prompt 4 of 7: ArgumentError: generate: the prompt has no tokens"]
    assert done.returncode == 1


def test_json_lines_and_seeds(model: fd.models.LanguageModel, model_path: Path) -> None:
    done = foundry(
        *("generate", model_path, "--prompts", "-", "--raw", "--json", "-n", "5", "--temp", "0.9"),
        *("--seed", "7"),
        stdin="".join(json.dumps({"prompt": text, "id": 1}) + "\n" for text in [*TEXTS[:2], ""]),
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.pop("index") for each in found] == [0, 1, 2]
    assert found[2] == {"error": "ArgumentError: generate: the prompt has no tokens"}
    for index, text in enumerate(TEXTS[:2]):
        wanted = alone(model, text, max_tokens=5, temperature=0.9, seed=7 + index)
        assert found[index]["text"] == wanted
        assert set(found[index]) == {"text", "finish_reason", "tokens", "prompt_tokens"}
    assert done.returncode == 1 and "tokens per second of all" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b", "--ngram", "3"], "--ngram goes with one prompt, not with several prompts"),
        (["--prompts", "-", "-md", "x"], "--model-draft goes with one prompt, not with --prompts"),
        (["a", "b", "--prompt-cache", "x"], "--prompt-cache goes with one prompt, not with sev"),
        (["a", "--prompts", "-"], "the prompt is given twice; give it, --prompt, --file or --pro"),
    ],
)
def test_what_goes_with_one_prompt(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    from foundry.cli.app import app

    monkeypatch.setattr("foundry.cli.ui.read_input", lambda: "one\ntwo\n")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(terminal.Leave) as left:
        app(["generate", "-m", "none.gguf", *words], standalone_mode=False)
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith(f"Error: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{0}: no prompts; expected one a line"),
        ('{"prompt": "a"}\n{"text": "b"}\n', '{0}: line 2: expected {"prompt": TEXT}, found \'{"t'),
        ('{"prompt": 3}', '{0}: line 1: expected {"prompt": TEXT}, found \'{"prompt": 3}\''),
        ('{"prompt": "a"}\n\n', "{0}: line 2 is no JSON: Expecting value"),
    ],
)
def test_a_file_without_prompts(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prompts"
    path.write_text(text)
    with pytest.raises(fd.ArgumentError) as raised:
        read_prompts(path)
    assert str(raised.value).startswith(message.replace("{0}", str(path)))


def test_a_prompt_a_line(tmp_path: Path) -> None:
    path = tmp_path / "prompts"
    path.write_text("one\u2028still\n\n{not JSON}\n", encoding="utf-8")
    assert read_prompts(path) == ["one\u2028still", "", "{not JSON}"]
    path.write_text('{"prompt": "two\\nlines"}\n')
    assert read_prompts(path) == ["two\nlines"]


def test_an_interrupt_leaves_what_is_whole(
    model: fd.models.LanguageModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second prompt's answer waits for the first one's, which is not whole yet."""
    stop = alone(model, TEXTS[1], max_tokens=6)[-3:]
    whole = alone(model, TEXTS[1], stop=stop)
    step = Batch.step

    def interrupted(batch: Batch) -> object:
        if len(batch.sequences) == 1:
            raise KeyboardInterrupt
        return step(batch)

    monkeypatch.setattr(Batch, "step", interrupted)
    texts = TEXTS[:2]
    with pytest.raises(KeyboardInterrupt):
        answer_many(model, texts, texts, parallel=2, statistics=True, as_json=False, stop=stop)
    assert whole and capsys.readouterr().out == f"==> 2 of 2: {TEXTS[1]} <==\n{whole}\n"
