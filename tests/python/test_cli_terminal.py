"""The `foundry` command on a terminal: no text of others is obeyed, no end is a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry.cli import ui
from foundry.cli.terminal import printable
from foundry.generation.segmentation.byte_alphabet import BYTES

COMMAND = [sys.executable, "-m", "foundry"]
# Sets the title, clears, colours, moves; one-byte controls; reordering; markup and an emoji's name.
HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\r\x08\u202eevil\u2066[bold red]x[/] :bomb: [/nope]"
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def run(
    arguments: Sequence[str | bytes | Path], *, stdin: bytes = b"", **environment: str
) -> tuple[int, str, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def run_in_shell(line: str, *arguments: str | Path, **environment: str) -> tuple[int, str]:
    """`line` in bash, `"$@"` being the command; its status and standard error."""
    done = subprocess.run(
        ["bash", "-c", line, "bash", *COMMAND, *arguments],
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stderr.decode()


@pytest.fixture(scope="module")
def hostile_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose name, keys, values, tensors, template and answers hold terminal commands."""
    hidden, inner, layers = 64, 64, 1
    stand_in = {byte: character for character, byte in BYTES.items()}
    said = "".join(stand_in[byte] for byte in HOSTILE.encode())
    tokens = [*stand_in.values(), *(f"{said}{index}" for index in range(43)), "ab"]
    random = np.random.default_rng(7)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return random.standard_normal((rows, columns)).astype(np.float32)

    path = tmp_path_factory.mktemp("hostile") / "evil\x1b[31m\u202e [bold].gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(HOSTILE)
    writer.add_string(f"a.{HOSTILE}", HOSTILE)
    sizes = {
        "block_count": layers,
        "context_length": 256,
        "embedding_length": hidden,
        "feed_forward_length": inner,
        "attention.head_count": 2,
        "attention.head_count_kv": 2,
        "rope.dimension_count": hidden // 2,
    }
    for key, value in sizes.items():
        writer.add_uint32(f"llama.{key}", value)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_float32("llama.rope.freq_base", 10_000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(tokens))
    writer.add_array("tokenizer.ggml.merges", [f"{stand_in[97]} {stand_in[98]}"])
    writer.add_chat_template("{{ messages[0].content }}")
    embedding = matrix(len(tokens), hidden)
    weights = {"token_embd.weight": embedding, "output_norm.weight": np.ones(hidden, np.float32)}
    output = embedding.copy()
    output[:256] = output[-1] = 0  # the likeliest is one of the hostile tokens
    weights["output.weight"] = output
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        weights[f"blk.0.{name}.weight"] = matrix(hidden, hidden) / 8
    for name in ("attn_norm", "ffn_norm"):
        weights[f"blk.0.{name}.weight"] = np.ones(hidden, np.float32)
    for name, values in weights.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def hostile_file(hostile_model: Path) -> Path:
    """Only metadata and a tensor's name; no model."""
    path = hostile_model.with_name(f"{HOSTILE.replace('/', '')}.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string(f"key.{HOSTILE}", HOSTILE)
    writer.add_array("array", [HOSTILE])
    writer.add_tensor(f"t{HOSTILE}"[:60], np.zeros(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@given(st.text())
def test_printable_text_holds_no_command_and_loses_nothing(text: str) -> None:
    shown = printable(text)
    assert not OBEYED.search(shown) and "\n" not in shown
    assert not any("\ud800" <= character <= "\udfff" for character in shown)
    plain = [character for character in text if not OBEYED.search(character)]
    kept = iter(shown)
    assert all(character in kept for character in plain if character.isprintable())


def test_what_printable_keeps_and_spells() -> None:
    assert printable("a\x1b[31m\x9b\u202e\ud800\n") == "a\\x1b[31m\\x9b\\u202e\\ud800\\n"
    assert printable("a\tb\nc\r", lines=True) == "a\tb\nc\\r"
    for text in (
        "naïve 東京 \u0645\u0631\u062d\u0628\u0627",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "[bold]:smile:",
    ):
        assert printable(text) == text
    assert ui.text(("[red]x[/]", "bold"), "\x1b").plain == "[red]x[/]\\x1b"


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "FILE", "--tensors"],
        ["inspect", "MODEL", "--tensors"],
        ["generate", "FILE", "x"],
        ["generate", f"missing {HOSTILE}", "x"],
        ["generate", "MODEL", "x", "-n", "4"],
        ["generate", "MODEL", "x", "--device", HOSTILE],
        ["generate", "MODEL", "x", "-n", HOSTILE],
        ["generate", "MODEL", "x", HOSTILE],
        ["generate", "MODEL", "x", f"--{HOSTILE}"],
        [HOSTILE],
        ["bench", "MODEL", "--prompt-tokens", "4", "-n", "2", "--repeat", "1"],
        ["bench", "MODEL", "--prompt-tokens", "4", "-n", "2", "--repeat", "1", "--json"],
        ["chat", "MODEL", "-n", "4"],
        ["chat", "FILE"],
    ],
    ids=lambda arguments: " ".join(arguments)[:24].encode("ascii", "replace").decode(),
)
def test_no_command_prints_what_a_terminal_obeys(
    arguments: list[str], hostile_model: Path, hostile_file: Path
) -> None:
    names = {"FILE": hostile_file, "MODEL": hostile_model}
    status, out, error = run(
        [names.get(word, word) for word in arguments], stdin=HOSTILE.encode() + b"\n"
    )
    assert status in (0, 1, 2)
    assert not OBEYED.search(out), out
    assert not OBEYED.search(error), error
    assert "Traceback" not in error
    assert out or error


def test_an_answer_keeps_its_lines_and_spells_its_commands(hostile_model: Path) -> None:
    status, out, error = run(["generate", hostile_model, "x", "-n", "2", "--no-statistics"])
    assert (status, error) == (0, "")
    assert (
        out.count("\\x1b]0;owned\\x07\\x1b[2J\\x1b[31m\\x9b31m\\r\\x08\\u202eevil\\u2066[bold") == 2
    )


TERMINALS = [
    {"TERM": "dumb"},
    {"NO_COLOR": "1"},
    {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"COLUMNS": "1", "LINES": "1"},
    {"COLUMNS": "0"},
    {"COLUMNS": "x"},
    {"TERM": ""},
]


@pytest.mark.parametrize("environment", TERMINALS, ids=str)
def test_any_terminal_will_do(environment: dict[str, str], hostile_file: Path) -> None:
    for arguments in (["inspect", hostile_file, "--tensors"], ["nothing\u2028é"]):
        done = subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            timeout=300,
            check=False,
            env={**os.environ, **environment},
        )
        assert done.returncode == (2 if "nothing" in str(arguments[0]) else 0)
        assert b"Traceback" not in done.stderr
        assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ('"$@" >/dev/full', 1, "OSError: [Errno 28] No space left on device"),
        ('"$@" >/dev/full 2>&1', 1, ""),
        ('"$@" >&-', 0, ""),
        ('"$@" >&- 2>&- <&-', 0, ""),
        ('"$@" <&-', 0, ""),
        ('"$@" | true; exit ${PIPESTATUS[0]}', 141, ""),
        ('"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', 141, ""),
    ],
)
@pytest.mark.parametrize("arguments", [["inspect", "FILE"], ["--help"]], ids=str)
def test_an_output_that_is_not_there_ends_quietly(
    line: str, status: int, message: str, arguments: list[str], hostile_file: Path
) -> None:
    given = [hostile_file if word == "FILE" else word for word in arguments]
    found, error = run_in_shell(line, *given)
    assert (found, error.strip()) == (status, message)


def test_an_answer_into_a_broken_pipe_or_a_full_device(hostile_model: Path) -> None:
    given = ("generate", hostile_model, "x", "-n", "200", "--no-statistics")
    assert run_in_shell('"$@" | true; exit ${PIPESTATUS[0]}', *given)[0] == 141
    status, error = run_in_shell('"$@" >/dev/full', *given)
    assert (status, error) == (1, "OSError: [Errno 28] No space left on device\n")
    assert run_in_shell('"$@" >&-', *given) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ([b"generate", b"\xff\xfe.gguf", b"x"], b"", "GgufError: cannot open '\\xff\\xfe.gguf'"),
        ([b"inspect", b"\xff"], b"", "GgufError: cannot open '\\xff'"),
        ([b"generate", b"MODEL", b"\xff"], b"",
         "ArgumentError: messages[0]['content']: unsupported lone surrogate '\\udcff' at index 0"),
        ([b"generate", b"MODEL", b"\xff", b"--raw"], b"",
         "ArgumentError: encode: text: unsupported lone surrogate '\\udcff' at index 0"),
        ([b"generate", b"MODEL", b"-"], b"a\xff",
         "ArgumentError: standard input: unsupported lone surrogate '\\udcff' at index 1"),
        ([b"generate", b"MODEL", b"x", b"--stop", b"\xff"], b"", "ArgumentError: stop: unsupp"),
        ([b"generate", b"MODEL", b"x", b"--stop", b""], b"", "ArgumentError: stop: '' is not"),
        ([b"generate", b"MODEL", b"x", b"--system", b"\xff"], b"", "messages[0]['content']: unsup"),
        ([b"generate", b"MODEL", b""], b"", "ArgumentError: generate: the prompt has no tokens"),
        ([b"generate", b"MODEL", b"x", b"--temp", b"nan"], b"", "ArgumentError: sampling: tempera"),
        ([b"generate", b"MODEL", b"x", b"--top-k", b"-1"], b"", "ArgumentError: sampling: top_k"),
        ([b"generate", b"", b"x"], b"", "GgufError: "),
        ([b"generate", b"/", b"x"], b"", "GgufError: "),
    ],
)  # fmt: skip
def test_bad_arguments_are_one_typed_error(
    arguments: list[bytes], stdin: bytes, message: str, hostile_model: Path
) -> None:
    given = [os.fsencode(hostile_model) if word == b"MODEL" else word for word in arguments]
    status, out, error = run(given, stdin=stdin)
    assert status == 1 and out in ("", "\n")
    assert message in error
    assert "Traceback" not in error


def test_a_mistyped_command_line_shows_the_usage() -> None:
    status, _, error = run(["inspect", "x", "y"])
    assert status == 2 and error.startswith("Error: Got unexpected extra argument")
    assert error.endswith("\nUsage: python -m foundry inspect [OPTIONS] [model]\n")
    status, out, error = run([])
    assert status == 2 and "Usage" in out + error and "Error" not in error


def test_any_seed_is_one(hostile_model: Path) -> None:
    for seed in ("-1", str(2**64), "-" + "9" * 40):
        status, _, error = run(
            ["generate", hostile_model, "x", "-n", "1", "--temp", "1", "--seed", seed]
        )
        assert (status, "Traceback" in error) == (0, False), error


def test_a_chat_goes_on_after_a_turn_that_cannot_be_and_ends_with_its_input(
    hostile_model: Path,
) -> None:
    turns = b"\xff\n" + b"x" * 5000 + b"\n\nhello\n"
    status, out, error = run(["chat", hostile_model, "-n", "2", "--temp", "0"], stdin=turns)
    assert status == 0 and "Traceback" not in error
    assert "your turn: unsupported lone surrogate '\\udcff' at index 0; supported" in error
    assert "the context holds 256" in error
    assert out.count("\\x1b]0;owned") == 2
    assert run(["chat", hostile_model], stdin=b"")[0] == 0


def test_ctrl_c_leaves_quietly_with_130(model_path: Path) -> None:
    words = ["generate", str(model_path), "Count to a thousand.", "-n", "2000"]
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.read(8)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"")
    assert out.endswith(b"\n")
