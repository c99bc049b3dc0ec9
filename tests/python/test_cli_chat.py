"""`foundry chat`: its commands, its line editor, what it prints."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import foundry as fd
from foundry.cli.chat_commands import COMMANDS, Conversation, Next, run_command
from foundry.cli.chat_input import history_path, line_editor
from foundry.cli.reasoning import TAGS, ReasoningParts

USER, ASSISTANT = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
NEW_LINE = "\x1b\r"  # Alt-Enter


def conversation() -> Conversation:
    return Conversation("be brief", [USER, ASSISTANT, USER, ASSISTANT])


def chat(*arguments: str | Path, stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foundry", "chat", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# Commands.


@pytest.mark.parametrize("line", ["hello", "/usr/bin is a folder", "//", "/", "/2", "a /help"])
def test_what_is_no_command_is_text(line: str) -> None:
    assert run_command(conversation(), line) is None


def test_an_unknown_command_lists_those_there_are() -> None:
    supported = ", ".join(COMMANDS)
    message = f"unsupported command '/hlep'; supported: {supported}"
    with pytest.raises(fd.ArgumentError, match=f"^{re.escape(message)}$"):
        run_command(conversation(), "/hlep me")
    with pytest.raises(fd.ArgumentError, match="/clear takes nothing after it"):
        run_command(conversation(), "/clear all")


def test_clear_and_undo_and_regen() -> None:
    talk = conversation()
    assert run_command(talk, "/regen") is Next.ANSWER
    assert talk.asked() == [USER, ASSISTANT, USER]
    assert run_command(talk, "/undo") is Next.READ
    assert talk.turns == [USER, ASSISTANT]
    assert run_command(talk, "/reset") is Next.READ
    assert (talk.turns, talk.system) == ([], "be brief")
    for line in ("/regen", "/undo"):
        with pytest.raises(fd.ArgumentError, match="nothing has been asked yet"):
            run_command(talk, line)
    assert run_command(talk, "/exit") is run_command(talk, "/QUIT") is Next.LEAVE


def test_system_is_set_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    talk = Conversation(None, [USER])
    assert talk.messages(talk.turns) == [USER]
    run_command(talk, "/system")
    assert "There is no system message." in capsys.readouterr().err
    run_command(talk, "/system be\nbrief")
    assert talk.messages(talk.turns) == [{"role": "system", "content": "be\nbrief"}, USER]
    run_command(talk, "/system")
    assert capsys.readouterr().out == "be\nbrief\n"


def test_a_conversation_is_saved_and_loaded(tmp_path: Path) -> None:
    talk, path = conversation(), tmp_path / "a b.json"
    run_command(talk, f"/save {path}")
    assert json.loads(path.read_text()) == talk.messages(talk.turns)
    other = Conversation(None)
    run_command(other, f"/load {path}")
    assert (other.system, other.turns) == (talk.system, talk.turns)
    path.write_text(json.dumps([USER]))
    run_command(other, f"/load {path}")
    assert (other.system, other.turns) == (None, [USER])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "/load: {path}: .*No such file"),
        ("{", "/load: {path}: Expecting property name"),
        ("[" * 100_000, "/load: {path}: "),
        ('{"role": "user"}', "messages is a dict; expected a list"),
        ("[]", "messages is empty"),
        (
            '[{"role": "user", "content": 1}]',
            r"messages\[0\]\['content'\] is a int; expected a str",
        ),
        ('[{"role": "system", "content": ["a"]}]', "/load: {path}: the system message is no text"),
    ],
)
def test_a_file_that_is_no_conversation_is_refused_and_changes_nothing(
    text: str | None, message: str, tmp_path: Path
) -> None:
    talk, path = conversation(), tmp_path / "x.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises((fd.ArgumentError, fd.ArgumentTypeError), match=message.format(path=path)):
        run_command(talk, f"/load {path}")
    assert talk == conversation()


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(fd.ArgumentError, match=r"^/save: .*No such file or directory"):
        run_command(conversation(), f"/save {tmp_path}/none/x")
    for line in ("/save", "/load"):
        with pytest.raises(fd.ArgumentError, match=f"^{line}: expected the name of a file after"):
            run_command(conversation(), line)


# The line editor.


def typed(keys: str, history: Path | None = None) -> str:
    with (
        create_pipe_input() as pipe,
        create_app_session(input=pipe, output=DummyOutput()),
    ):
        pipe.send_text(keys)
        return line_editor(history).prompt()


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("hello\r", "hello"),
        ("helo\x1b[Dl\r", "hello"),
        (f"one{NEW_LINE}two\r", "one\ntwo"),
        ("one\\\rtwo\r", "one\ntwo"),
        ("a\\b\r", "a\\b"),
        ("\x1b[200~one\ntwo\n\x1b[201~\r", "one\ntwo\n"),
        ("discarded\x03kept\r", "kept"),
        ("東京\r", "東京"),
    ],
)
def test_a_turn_is_edited(keys: str, text: str) -> None:
    assert typed(keys) == text


def test_ctrl_c_and_ctrl_d_on_an_empty_line_are_exceptions() -> None:
    with pytest.raises(KeyboardInterrupt):
        typed("\x03")
    with pytest.raises(EOFError):
        typed("\x04")


def test_history_outlives_the_process_and_is_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = history_path()
    assert path == tmp_path / "foundry" / "chat_history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    typed(f"first{NEW_LINE}line\r", path)
    typed("second\r", path)
    assert typed("\x1b[A\x1b[A\r", path) == "first\nline"
    path.unlink()
    path.mkdir()
    assert history_path() is None
    assert typed("kept in memory\r", None) == "kept in memory"


def test_commands_and_their_files_are_completed(tmp_path: Path) -> None:
    def offered(text: str) -> list[str]:
        completer = line_editor(None).completer
        assert completer is not None
        return [found.text for found in completer.get_completions(Document(text), CompleteEvent())]

    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        assert offered("/") == list(COMMANDS)
        assert offered("/s") == ["/system", "/save"]
        assert offered("hello /s") == offered("/system /") == []
        (tmp_path / "chat.json").touch()
        assert offered(f"/load {tmp_path}/ch") == ["at.json"]


# Reasoning.


def parts(pieces: Sequence[str], prompt: str = "") -> list[tuple[str, bool]]:
    """Neighbours of one kind joined."""
    cut = ReasoningParts(prompt)
    found = [part for piece in pieces for part in cut.push(piece)] + list(cut.finish())
    joined: list[tuple[str, bool]] = []
    for text, inside in found:
        if joined and joined[-1][1] == inside:
            text = joined.pop()[0] + text
        joined.append((text, inside))
    return joined


@given(
    st.lists(st.sampled_from([*TAGS, *TAGS.values(), "a", "<", "<th", "ink>", "[", "\n"])),
    st.randoms(use_true_random=False),
    st.sampled_from(["", "<think>\n"]),
)
def test_reasoning_is_told_however_the_text_is_cut(
    words: list[str], random: object, prompt: str
) -> None:
    text = "".join(words)
    at = sorted(random.randrange(len(text) + 1) for _ in range(4))  # type: ignore[attr-defined]
    pieces = [text[a:b] for a, b in zip([0, *at], [*at, len(text)], strict=True)]
    # The definition, over the whole text.
    opening = "|".join(map(re.escape, TAGS))
    expected, inside, rest = [], TAGS.get(prompt.strip()), text
    while rest:
        found = re.search(opening if inside is None else re.escape(inside), rest)
        if inside is None:
            end = found.start() if found else len(rest)
            expected += [(rest[:end], False)] if end else []
            inside = TAGS[found[0]] if found else None
            rest = rest[end:]
            if found:
                expected.append((found[0], True))
                rest = rest[len(found[0]) :]
        else:
            end = found.end() if found else len(rest)
            expected.append((rest[:end], True))
            inside = None if found else inside
            rest = rest[end:]
    assert "".join(part for part, _ in expected) == text
    merged = parts([text], prompt)
    assert parts(pieces, prompt) == merged
    flat = [(character, kind) for part, kind in merged for character in part]
    assert flat == [(character, kind) for part, kind in expected for character in part]


# Whole chats.


def test_lines_of_standard_input_are_turns(model_path: Path, tmp_path: Path) -> None:
    saved = tmp_path / "chat.json"
    turns = [
        "/hlep",
        "/system You are\\",
        "brief.",
        "What is the capital of Japan?",
        "/regen",
        f"/save {saved}",
        "/undo",
        f"/load {saved}",
        "/exit",
        "not read",
    ]
    done = chat(model_path, "--temp", "0", "-n", "24", stdin="\n".join(turns))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Tokyo") == 2 and "> " not in done.stdout
    assert "unsupported command '/hlep'; supported: /help, /regen" in done.stderr
    assert "3 messages" not in done.stderr and "2 messages loaded" in done.stderr
    assert "0 messages left" in done.stderr
    assert "tokens per second" not in done.stderr, "figures only when asked"
    messages = json.loads(saved.read_text())
    assert [message["role"] for message in messages] == ["system", "user", "assistant"]
    assert messages[0]["content"] == "You are\nbrief."


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [(["--show-timings"], ""), ([], "/timings\n")],
    ids=["option", "command"],
)
def test_figures_are_shown_when_asked(model_path: Path, arguments: list[str], stdin: str) -> None:
    done = chat(model_path, "-n", "4", *arguments, stdin=f"{stdin}Hello.\n")
    assert done.returncode == 0 and "tokens per second" in done.stderr


class Terminal:
    """A chat on a terminal of its own, where keys are the terminal's to send."""

    def __init__(self, arguments: Sequence[str | Path], state: Path, kind: str = "xterm") -> None:
        self._master, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "foundry", "chat", *map(str, arguments)],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            # Its controlling terminal.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
            env={
                **os.environ,
                "TERM": kind,
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "XDG_STATE_HOME": str(state),
            },
        )
        os.close(terminal)
        self.seen = ""
        self._read = 0

    def until(self, wanted: str) -> None:
        """Reads what the terminal shows next, up to `wanted`."""
        while (at := self.seen.find(wanted, self._read)) < 0:
            ready, _, _ = select.select([self._master], [], [], 60)
            assert ready, self.seen
            self.seen += os.read(self._master, 4096).decode(errors="replace")
        self._read = at + len(wanted)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def ended(self) -> int:
        """The exit status, once it has left."""
        status = self.process.wait(60)
        try:
            while select.select([self._master], [], [], 1)[0]:
                self.seen += os.read(self._master, 4096).decode(errors="replace")
        except OSError:  # all was read, and nobody has it open
            pass
        os.close(self._master)
        return status


ENDINGS: dict[str, tuple[Callable[[Terminal], None], int]] = {
    "ctrl-c": (lambda terminal: terminal.press("\x03"), 130),
    "ctrl-d": (lambda terminal: terminal.press("\x04"), 0),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_chat_on_a_terminal(model_path: Path, tmp_path: Path, ending: str) -> None:
    terminal = Terminal([model_path, "-n", "2000", "--temp", "0"], tmp_path)
    terminal.until("Send a message; /help lists commands")
    terminal.press("/help\r")
    terminal.until("Leave, as Ctrl-D does.")
    terminal.until("Send a message")
    terminal.press("What is the capital of Japan?\r")
    terminal.until("Tokyo")
    terminal.until("Send a message")
    terminal.press("/clear\r")
    terminal.until("Send a message")
    terminal.press("Write a long story about the sea.\r")
    terminal.until("mysterious")  # with 200 words to follow
    terminal.press("\x03")
    terminal.until("(stopped)")
    terminal.until("Send a message")
    leave, status = ENDINGS[ending]
    leave(terminal)
    assert terminal.ended() == status
    assert "Traceback" not in terminal.seen and "tokens per second" not in terminal.seen
    history = (tmp_path / "foundry" / "chat_history").read_text()
    assert "+What is the capital of Japan?" in history


def test_one_ctrl_c_asks_and_a_second_leaves(model_path: Path, tmp_path: Path) -> None:
    terminal = Terminal([model_path], tmp_path)
    terminal.until("Send a message")
    terminal.press("\x03")
    terminal.until("Ctrl-C once more, /exit or Ctrl-D leaves.")
    terminal.until("Send a message")
    terminal.press("\x03")
    assert terminal.ended() == 130
    assert "Traceback" not in terminal.seen


def test_a_dumb_terminal_is_asked_for_plain_lines(model_path: Path, tmp_path: Path) -> None:
    terminal = Terminal([model_path, "-n", "24", "--temp", "0"], tmp_path, "dumb")
    terminal.until("> ")
    terminal.press("What is the capital of Japan?\n")
    terminal.until("Tokyo")
    terminal.press("\x04")
    assert terminal.ended() == 0
    assert "\x1b" not in terminal.seen
