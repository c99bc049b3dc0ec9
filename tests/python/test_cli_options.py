"""The command line's options: which model, which prompt, by names that people know; completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

import foundry as fd
from foundry.cli.app import app
from foundry.cli.model_options import CacheType, ModelOptions, takes_model
from foundry.cli.options import WrongUsage
from foundry.convert import convert
from test_cli import foundry
from tiny_llama import TinyLlama

FILE = Path("a.gguf")


def parsed(*words: str, then: str | None = "prompt", **settings: Any) -> tuple[ModelOptions, Any]:
    """The model and what follows it, as a command gets them."""
    got: list[tuple[ModelOptions, Any]] = []

    def body(model: ModelOptions, prompt: Annotated[str | None, typer.Argument()] = None) -> None:
        got.append((model, prompt))

    command = typer.Typer()
    command.command()(takes_model(then=then, **settings)(body))
    done = CliRunner().invoke(command, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return got[0]


@pytest.mark.parametrize(
    "words",
    [["a.gguf", "hi"], ["-m", "a.gguf", "hi"], ["hi", "--model", "a.gguf"], ["-ma.gguf", "hi"]],
    ids=" ".join,
)
def test_a_model_is_an_argument_or_an_option(words: list[str]) -> None:
    model, prompt = parsed(*words)
    assert (model.file, model.repository, prompt) == (FILE, None, "hi")


@pytest.mark.parametrize("name", ["-hf", "--hf-repo"])
def test_a_model_may_be_the_hubs(name: str) -> None:
    words = ["hi", name, "u/m:Q8_0", "-hff", "x.gguf", "-hft", "key", "--offline"]
    model, prompt = parsed(*words)
    assert (model.file, model.repository, prompt) == (None, "u/m:Q8_0", "hi")
    assert (model.hub_file, model.token, model.offline) == ("x.gguf", "key", True)


def test_how_a_model_is_loaded() -> None:
    words = ["a.gguf", "-c", "512", "-ctk", "f32", "-dev", "gpu", "-t", "2"]
    model, _ = parsed(*words)
    expected = (512, CacheType.f32, "gpu", 2)
    assert (model.ctx_size, model.cache_type, model.device, model.threads) == expected
    default = parsed("a.gguf")[0]
    assert (default.ctx_size, default.cache_type) == (0, CacheType.f16)
    assert (default.device, default.threads) == (None, None)
    assert parsed("a.gguf", loads=False)[0] == default


@pytest.mark.parametrize(
    ("words", "then", "message"),
    [
        ([], None, "the model is missing; give its path, --model or --hf-repo"),
        (["-m", "a", "-hf", "u/m"], None, "the model is given twice; give its path, --model or"),
        (["a", "-m", "b"], None, "the model is given twice"),
        (["a", "hi", "-m", "b"], "prompt", "the model is given twice"),
        (["a", "--hf-file", "b"], None, "--hf-file is a file of --hf-repo, which is not given"),
    ],
)
def test_a_model_is_named_once(words: list[str], then: str | None, message: str) -> None:
    with pytest.raises(WrongUsage, match=message):
        parsed(*words, then=then)


# The commands of llama.cpp's and mlx-lm's that ours have counterparts of: words that they take.
KNOWN = {
    "generate": """--model -m --hf-repo -hf --hf-file -hff --hf-token -hft --offline --prompt -p
        --file -f --n-predict -n --max-tokens --ctx-size -c --threads -t --seed -s --temp --top-k
        --top-p --min-p --typical --repeat-penalty --repeat-last-n --presence-penalty
        --frequency-penalty --dry-multiplier --xtc-probability --mirostat --logit-bias -l
        --ignore-eos --json-schema -j --json-schema-file -jf --grammar-file --prompt-cache -sys
        --system-prompt --cache-type-k -ctk --cache-type-v -ctv --device -dev -no-cnv
        --ignore-chat-template""",
    "chat": "-m -hf -n -c -t -s --temp --top-p --min-p -sys --system-prompt --show-timings",
    "perplexity": "-m -hf -f --file -c --ctx-size -t",
    "convert": "-hf --outfile --outtype",
    "bench": "-m -hf -p --n-prompt -n --n-gen -r --repetitions -t",
    "inspect": "-m -hf --json",
}


@pytest.mark.parametrize("command", KNOWN)
def test_options_have_the_names_that_people_know(command: str) -> None:
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    names = {name for parameter in found.params for name in parameter.opts}
    assert set(KNOWN[command].split()) <= names


def test_a_prompt_is_an_argument_an_option_or_a_file(model_path: Path, tmp_path: Path) -> None:
    text = "The capital of France is"
    (tmp_path / "prompt").write_text(text)
    for words in ([text], ["-p", text], ["-f", tmp_path / "prompt"]):
        done = foundry("generate", "-m", model_path, *words, "--raw", "-n", "2", "-t", "1")
        assert (done.returncode, done.stdout) == (0, " Paris.\n"), done.stderr
    done = foundry("generate", "-m", model_path, text, "-p", text)
    message = "Error: the prompt is given twice; give it, --prompt, --file or --prompts\n"
    assert (done.returncode, done.stderr) == (2, message)
    assert foundry("generate", model_path).stderr.startswith("Error: the prompt is missing")


def test_a_prompt_cache_is_kept_and_taken_up(model_path: Path, tmp_path: Path) -> None:
    text, cache = "The capital of France is", tmp_path / "cache"
    words = ("generate", model_path, text, "--raw", "-n", "2", "--prompt-cache", cache, "--json")
    first, second = (json.loads(foundry(*words, "--logprobs", "2").stdout) for _ in range(2))
    assert (first["reused_tokens"], second["reused_tokens"]) == (0, 4)
    assert first["text"] == second["text"] == " Paris."
    assert [found["token"] for found in first["logprobs"]] == first["tokens"]
    top = first["logprobs"][0]["top"]
    assert len(top) == 2 and top[str(first["tokens"][0])] == first["logprobs"][0]["logprob"]
    done = foundry("generate", model_path, text, "--logprobs", "2")
    assert (done.returncode, done.stderr) == (2, "Error: --logprobs goes with --json\n")


def test_perplexity_and_convert_take_their_files_as_options(tmp_path: Path) -> None:
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    (tmp_path / "text").write_text("ab" * 40)
    words = ("-f", tmp_path / "text", "-c", "8")
    plain = foundry("perplexity", path, *words)
    assert plain.returncode == 0, plain.stderr
    report = json.loads(foundry("perplexity", "-m", path, *words, "--json").stdout)
    assert f"{report['value']:.4f} +- {report['error']:.4f}" in plain.stdout
    done = foundry("convert", "-m", path, "--outtype", "q4_0", "--outfile", tmp_path / "out.gguf")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.gguf").exists()
    done = foundry("convert", path)
    message = "Error: the file to write is missing; give it or --outfile\n"
    assert (done.returncode, done.stderr) == (2, message)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["generat"], "'generate'"),
        (["metal", "chek"], "'check'"),
        (["generate", "--top-kk", "1"], "--top-k"),
        (["generate", "--hf-rep", "1"], "--hf-repo"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_typo_is_told_what_is_near(words: list[str], near: str) -> None:
    done = foundry(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: No such ") and near in done.stderr.splitlines()[0]


# Completion.

SCRIPTS = {
    "bash": "complete -o default -F _foundry_completion foundry",
    "zsh": "#compdef foundry",
    "fish": "complete --command foundry",
}


def completing(**variables: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'foundry'; from foundry.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


@pytest.mark.parametrize("shell", SCRIPTS)
def test_shells_complete_commands_options_and_values(shell: str) -> None:
    script = completing(_FOUNDRY_COMPLETE=f"source_{shell}")
    assert script.returncode == 0 and SCRIPTS[shell] in script.stdout

    def offered(line: str) -> str:
        words = line.split(" ")
        done = completing(
            _FOUNDRY_COMPLETE=f"complete_{shell}",
            COMP_WORDS=line,
            COMP_CWORD=str(len(words) - 1),
            _TYPER_COMPLETE_ARGS=line,
            _TYPER_COMPLETE_FISH_ACTION="get-args",
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert "--temperature" in offered("foundry chat --te")
    assert "q4_k" in offered("foundry convert a b --type q4")


def test_the_script_is_shown_and_installed(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "foundry"
    command.write_text(f"#!{sys.executable}\nfrom foundry.cli import main\nmain()\n")
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"
    lines = "foundry --show-completion && foundry --install-completion; exit $?"
    done = subprocess.run(
        ["bash", "-c", lines],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert SCRIPTS["bash"] in done.stdout and "bash completion installed in" in done.stdout
    assert SCRIPTS["bash"] in (tmp_path / ".bash_completions" / "foundry.sh").read_text()


# Progress.


def test_progress_is_of_bytes_and_of_kernels(tmp_path: Path) -> None:
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    steps: dict[str, tuple[int, int]] = {}

    def progress(stage: str, done: int, total: int) -> None:
        assert steps.get(stage, (0, total))[0] <= done <= total
        steps[stage] = (done, total)

    fd.models.load(path, progress=progress)
    nbytes = sum(tensor.nbytes for tensor in fd.Gguf(path).tensors.values())
    assert steps["reading weights"] == (nbytes, nbytes)
    assert steps["preparing kernels"][0] == steps["preparing kernels"][1] > 0
    convert(path, tmp_path / "out.gguf", type="f16", progress=progress)
    nbytes = sum(tensor.nbytes for tensor in fd.Gguf(tmp_path / "out.gguf").tensors.values())
    assert steps["converting"] == (nbytes, nbytes)


# Pipes.


def test_piped_output_is_never_wrapped(model_path: Path, tmp_path: Path) -> None:
    name = "a" * 70
    path = TinyLlama().changed({f"x.{name}": name[:50]}).write(tmp_path / f"{name}.gguf")
    narrow = {**os.environ, "COLUMNS": "40"}

    def lines(*words: str | Path) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "foundry", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            env=narrow,
        )
        return (done.stdout + done.stderr).splitlines()

    shown = lines("inspect", path, "--tensors")
    assert any(line.split() == [f"x.{name}", f"'{name[:50]}'"] for line in shown)
    assert any(f"{name}.gguf: GGUF 3" in line for line in shown)
    answer = lines("generate", model_path, "Count: one two three", "-n", "40", "--no-statistics")
    assert max(map(len, answer)) > 40
    assert len(lines("generate", tmp_path / f"{name}-none.gguf", "x")) == 1
    assert len(lines("devices")) == len(fd.devices()) + 1
