"""The commands of a chat: lines that begin with a slash and a word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from foundry.atomic_file import replaced
from foundry.cli import ui
from foundry.errors import ArgumentError
from foundry.generation.arguments import checked_text
from foundry.generation.messages import Message, checked_messages

_WORD = re.compile(r"(/[A-Za-z]+)(?:\s+(.*))?", re.DOTALL)
"""A path, which goes on with a slash, is text."""


@dataclass
class Conversation:
    """What has been said."""

    system: str | None
    turns: list[Message] = field(default_factory=list)
    """Without the system message."""
    shows_timings: bool = False

    def messages(self, turns: list[Message]) -> list[Message]:
        """With the system message before them."""
        opening: list[Message] = []
        if self.system is not None:
            opening = [{"role": "system", "content": self.system}]
        return [*opening, *turns]

    def asked(self) -> list[Message]:
        """The turns up to the last of the user's; `ArgumentError` where there is none."""
        for count in range(len(self.turns), 0, -1):
            if self.turns[count - 1]["role"] == "user":
                return self.turns[:count]
        raise ArgumentError("nothing has been asked yet")


class Next(Enum):
    """What the chat does after a command."""

    READ = auto()
    ANSWER = auto()
    """The last turn of the user's, once more."""
    LEAVE = auto()


@dataclass(frozen=True)
class Command:
    help: str
    run: Callable[[Conversation, str], Next]
    argument: str = ""
    """What it takes, as help shows it."""


def run_command(conversation: Conversation, line: str) -> Next | None:
    """Runs the command that `line` is; None for a line that is none. `ArgumentError` for one that
    is not there, and for what goes wrong in it."""
    match = _WORD.fullmatch(line)
    if match is None:
        return None
    name, argument = match[1].lower(), (match[2] or "").strip()
    command = COMMANDS.get(_SHORT.get(name, name))
    if command is None:
        raise ArgumentError(f"unsupported command {name!r}; supported: {', '.join(COMMANDS)}")
    if argument and not command.argument:
        raise ArgumentError(f"{name} takes nothing after it")
    return command.run(conversation, argument)


def _help(conversation: Conversation, argument: str) -> Next:
    rows = {f"{name} {command.argument}": command.help for name, command in COMMANDS.items()}
    rows |= {
        "Alt-Enter, \\": "A new line: before Enter, or a backslash at the end of one.",
        "Ctrl-C": "Stop the answer; twice: leave.",
    }
    width = max(map(len, rows))
    for keys, what in rows.items():
        ui.say(ui.stdout, (f"  {keys:<{width}}  ", "bold"), what)
    return Next.READ


def _clear(conversation: Conversation, argument: str) -> Next:
    conversation.turns = []
    ui.note("The conversation starts over.")
    return Next.READ


def _system(conversation: Conversation, argument: str) -> Next:
    if argument:
        conversation.system = checked_text(argument, "/system")
        ui.note("The system message is set; what has been said stays.")
    elif conversation.system is None:
        ui.note("There is no system message.")
    else:
        ui.say(ui.stdout, conversation.system, lines=True)
    return Next.READ


def _regenerate(conversation: Conversation, argument: str) -> Next:
    conversation.asked()
    return Next.ANSWER


def _undo(conversation: Conversation, argument: str) -> Next:
    conversation.turns = conversation.asked()[:-1]
    ui.note(f"The last question is taken back; {_counted(conversation)} left.")
    return Next.READ


def _save(conversation: Conversation, argument: str) -> Next:
    path = _path(argument, "/save")
    text = json.dumps(conversation.messages(conversation.turns), indent=2, ensure_ascii=False)
    try:
        with replaced(path) as part:
            part.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"/save: {error}") from error
    ui.note(f"{_counted(conversation)} saved to {path}.")
    return Next.READ


def _load(conversation: Conversation, argument: str) -> Next:
    path = _path(argument, "/load")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"/load: {path}: {error}") from error
    messages: list[Message] = [*checked_messages(found)]
    system = None
    if messages[0]["role"] == "system":
        system = messages.pop(0).get("content")
    if not isinstance(system, str | None):
        raise ArgumentError(f"/load: {path}: the system message is no text")
    conversation.system, conversation.turns = system, messages
    ui.note(f"{_counted(conversation)} loaded from {path}.")
    return Next.READ


def _timings(conversation: Conversation, argument: str) -> Next:
    conversation.shows_timings = not conversation.shows_timings
    shown = "are" if conversation.shows_timings else "are not"
    ui.note(f"Figures {shown} shown after an answer.")
    return Next.READ


def _exit(conversation: Conversation, argument: str) -> Next:
    return Next.LEAVE


def _path(argument: str, command: str) -> Path:
    if not argument:
        raise ArgumentError(f"{command}: expected the name of a file after it")
    try:
        return Path(argument).expanduser()
    except RuntimeError as error:
        raise ArgumentError(f"{command}: {error}") from error


def _counted(conversation: Conversation) -> str:
    count = len(conversation.turns)
    return "1 message" if count == 1 else f"{count} messages"


COMMANDS: Mapping[str, Command] = {
    "/help": Command("Show this.", _help),
    "/regen": Command("Answer the last question again.", _regenerate),
    "/undo": Command("Take the last question back.", _undo),
    "/clear": Command("Start over; the system message stays.", _clear),
    "/system": Command("Set the system message, or show it.", _system, "[TEXT]"),
    "/save": Command("Write the conversation, as JSON.", _save, "FILE"),
    "/load": Command("Go on with a conversation from a file.", _load, "FILE"),
    "/timings": Command("Show speed and memory after answers, or no longer.", _timings),
    "/exit": Command("Leave, as Ctrl-D does.", _exit),
}
_SHORT = {"/quit": "/exit", "/bye": "/exit", "/reset": "/clear", "/regenerate": "/regen"}
"""Other names that people know."""
