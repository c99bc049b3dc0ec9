"""Where a chat's turns come from: a terminal with line editing, or lines of standard input."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from foundry.cli import ui
from foundry.cli.chat_commands import COMMANDS

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.history import History

Read = Callable[[], str]
"""The next turn. `EOFError` at the end, `KeyboardInterrupt` for Ctrl-C."""

_PLACEHOLDER = "Send a message; /help lists commands"
_CONTINUES = "\\"
"""At the end of a line: the turn goes on with the next."""


def reader() -> Read:
    """Of this process's terminal, or what its standard input is instead."""
    dumb = ui.stdout.is_dumb_terminal or not os.environ.get("TERM")
    if sys.stdin.isatty() and sys.stdout.isatty() and not dumb:
        session = line_editor(history_path())
        return lambda: session.prompt()
    return _read_lines


def _read_lines() -> str:
    if ui.stdout.is_terminal or sys.stdin.isatty():
        console = ui.stdout if ui.stdout.is_terminal else ui.stderr
        ui.say(console, ("> ", "bold green"), end="")
        console.file.flush()
    lines: list[str] = []
    while True:
        line = sys.stdin.readline()
        if not line:
            if not lines:
                raise EOFError
            break
        line = line.removesuffix("\n")
        lines.append(line.removesuffix(_CONTINUES))
        if not line.endswith(_CONTINUES):
            break
    return "\n".join(lines)


def history_path() -> Path | None:
    """The file of earlier turns, in the user's folder for state (the XDG Base Directory
    Specification), which only the user may read; None where it cannot be written."""
    try:
        home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        path = Path(home) / "foundry" / "chat_history"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except (OSError, RuntimeError):
        return None
    return path


def line_editor(history: Path | None) -> PromptSession[str]:
    """Reads turns of one or several lines, with history and completion of commands."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.application import get_app
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith(_CONTINUES):
            buffer.delete_before_cursor(len(_CONTINUES))
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c")
    def _interrupt(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    return PromptSession(
        [("ansigreen bold", "> ")],
        multiline=True,
        prompt_continuation=lambda width, number, wrapped: " " * width,
        placeholder=lambda: [("ansibrightblack", "" if get_app().is_done else _PLACEHOLDER)],
        key_bindings=keys,
        completer=_completer(),
        history=_history(history),
        enable_suspend=True,
        enable_open_in_editor=True,
    )


def _completer() -> Completer:
    """Of commands, and of the files that they take."""
    from prompt_toolkit import completion
    from prompt_toolkit.document import Document

    files = completion.PathCompleter(expanduser=True)

    class Commands(completion.Completer):
        def get_completions(
            self, document: Document, event: completion.CompleteEvent
        ) -> Iterable[completion.Completion]:
            text = document.text_before_cursor
            name, space, rest = text.partition(" ")
            if space:
                if name in COMMANDS and COMMANDS[name].argument == "FILE":
                    yield from files.get_completions(Document(rest), event)
                return
            if not text.startswith("/"):
                return
            for known, command in COMMANDS.items():
                if known.startswith(text):
                    yield completion.Completion(known, -len(text), display_meta=command.help)

    return Commands()


def _history(path: Path | None) -> History:
    """In `path`; what cannot be written there is remembered as long as the process runs."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class Kept(FileHistory):
        def store_string(self, string: str) -> None:
            with contextlib.suppress(OSError, UnicodeError):
                super().store_string(string)

    return InMemoryHistory() if path is None else Kept(path)
