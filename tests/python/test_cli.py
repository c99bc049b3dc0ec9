"""The `foundry` command: what it prints, and its errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import foundry as fd
from processes import run_script
from tiny_llama import TinyLlama


def foundry(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foundry", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_no_start_imports_what_commands_need() -> None:
    done = run_script("""
        import sys
        import foundry
        import foundry.cli.app
        late = ("prompt_toolkit", "huggingface_hub", "safetensors", "tokenizers", "jinja2", "gguf",
                "foundry.models")
        print([name for name in late if name in sys.modules])
        """)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_models_import_late_what_few_of_them_need() -> None:
    done = run_script("""
        import sys
        import foundry.models
        late = ("gguf", "huggingface_hub", "jinja2", "safetensors", "foundry.export",
                "foundry.huggingface.folder", "foundry.models.adapters.reading")
        print([name for name in late if name in sys.modules])
        """)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_demo_answers_and_says_what_it_cost() -> None:
    done = foundry("demo", "What is the capital of Japan?")
    assert done.returncode == 0, done.stderr
    assert "Tokyo" in done.stdout
    for label in ("tokens per second", "time to first token", "dispatches per token", "peak mem"):
        assert label in done.stdout


def test_generate_continues_a_text(model_path: Path) -> None:
    done = foundry("generate", model_path, "The capital of France is", "--raw", "-n", "2")
    assert (done.returncode, done.stdout) == (0, " Paris.\n")
    assert "tokens per second" in done.stderr


def test_generate_reads_standard_input_and_stops(model_path: Path) -> None:
    done = foundry(
        *("generate", model_path, "-", "--stop", " Tokyo", "--no-statistics"),
        stdin="What is the capital of Japan?",
    )
    assert (done.returncode, done.stdout) == (0, "The capital of Japan is\n")
    assert done.stderr == ""


def test_chat_keeps_the_conversation(model_path: Path) -> None:
    turns = "What is the capital of Japan?\n/reset\n/quit\n"
    done = foundry("chat", model_path, "--temperature", "0", "-n", "24", stdin=turns)
    assert done.returncode == 0, done.stderr
    assert "The capital of Japan is Tokyo." in done.stdout


def test_devices_lists_one_at_least() -> None:
    done = foundry("devices")
    assert done.returncode == 0
    assert "threads per" in done.stdout and "KiB" in done.stdout


def test_inspect(model_path: Path) -> None:
    done = foundry("inspect", model_path, "--tensors")
    assert done.returncode == 0
    assert "GGUF 3" in done.stdout and "llama.block_count" in done.stdout
    assert "architecture: pairing" not in done.stdout, "as in most"
    assert "architecture: keys" in done.stdout and "attention.sliding_window" in done.stdout
    assert "blk.29.ffn_down.weight" in done.stdout and "(576, 1536)" in done.stdout


def test_bench_prints_json(model_path: Path) -> None:
    done = foundry(
        *("bench", model_path, "--prompt-tokens", "8", "-n", "4", "--repeat", "2", "--json")
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["runs"]["decode tokens/s"]) == 2
    assert all(speed > 0 for speed in report["runs"]["prefill tokens/s"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "nothing.gguf", "hi"], "GgufError: cannot open 'nothing.gguf'"),
        (["inspect", __file__], "GgufError: "),
        (
            ["generate", "MODEL", "hi", "--temp", "-1"],
            "ArgumentError: sampling: temperature is -1.0",
        ),
        (["generate", "MODEL", "hi", "--device", "gpu9"], "DeviceError: no device 'gpu9'"),
    ],
)
def test_an_error_is_one_line_and_status_1(
    model_path: Path, arguments: list[str], message: str
) -> None:
    done = foundry(*(str(model_path) if word == "MODEL" else word for word in arguments))
    assert done.returncode == 1
    assert message in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_version_and_perplexity(model_path: Path, tmp_path: Path) -> None:
    done = foundry("--version")
    assert (done.returncode, done.stdout) == (0, f"foundry {fd.__version__}\n")
    (tmp_path / "text").write_text("One two three four five six seven eight nine ten. " * 4)
    done = foundry("perplexity", model_path, tmp_path / "text", "-c", "16")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("perplexity ") and "tokens)" in done.stdout
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    done = foundry("perplexity", model_path, tmp_path / "bytes")
    assert done.returncode == 1
    assert "can't decode byte 0xff" in done.stderr


def test_convert_writes_a_file_that_inspect_shows(tmp_path: Path) -> None:
    TinyLlama().write(tmp_path / "tiny.gguf")
    done = foundry("convert", tmp_path / "tiny.gguf", tmp_path / "out.gguf", "--type", "q4_0")
    assert done.returncode == 0, done.stderr
    assert "out.gguf: " in done.stderr
    done = foundry("inspect", tmp_path / "out.gguf")
    assert done.returncode == 0 and "q4_0" in done.stdout
    done = foundry("convert", tmp_path / "tiny.gguf", tmp_path / "out.gguf", "--type", "q9")
    assert done.returncode == 1
    assert "unsupported type 'q9'; supported: f32" in done.stderr


def test_an_answer_is_held_to_a_form(model_path: Path, tmp_path: Path) -> None:
    question = "Is Tokyo a city?"
    done = foundry("generate", model_path, question, "--regex", "yes!{3}|no!{3}")
    assert done.returncode == 0, done.stderr
    assert done.stdout in ("yes!!!\n", "no!!!\n")
    schema = '{"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "maxItems": 2}'
    done = foundry("generate", model_path, question, "-j", schema)
    assert set(json.loads(done.stdout)) <= {1, 2}
    (tmp_path / "grammar").write_text('start: "a" "b"')
    done = foundry("generate", model_path, question, "--grammar-file", tmp_path / "grammar")
    assert done.stdout == "ab\n"
    done = foundry("generate", model_path, question, "-j", "{")
    assert done.returncode == 1
    assert "ArgumentError: generate: json_schema: " in done.stderr


def test_json_has_the_answer_and_the_file(model_path: Path, tmp_path: Path) -> None:
    done = foundry("generate", model_path, "The capital of France is", "--raw", "-n", "2", "--json")
    report = json.loads(done.stdout)
    assert (report["text"], report["finish_reason"]) == (" Paris.", "length")
    assert (report["tokens"], report["prompt_tokens"]) == ([7042, 30], 5)
    assert report["tokens_per_second"] > 0 and done.stderr == ""
    path = (
        TinyLlama()
        .changed({"x.nan": np.float32("nan"), "x.bytes": b"a\\xff"})
        .write(tmp_path / "tiny.gguf")
    )
    report = json.loads(foundry("inspect", path, "--json").stdout)
    assert report["bytes"] == path.stat().st_size
    assert report["metadata"]["llama.block_count"] == 2
    assert report["metadata"]["tokenizer.ggml.merges"] == ["a b", "ab c"]
    assert (report["metadata"]["x.nan"], report["metadata"]["x.bytes"]) == ("nan", "a\\xff")
    shapes = {tensor["name"]: tensor["shape"] for tensor in report["tensors"]}
    assert shapes["token_embd.weight"] == [40, 64]
