"""What the commands share on the terminal: consoles, tables, loading with progress bars."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

import foundry
from foundry.cli.terminal import printable
from foundry.generation.arguments import checked_text
from foundry.generation.messages import Message

_NARROWEST = 40  # columns; below, a table would lose its cells
_UNBOUNDED = 2**20  # columns: what reads a pipe reads lines, as long as they are


class _Console(Console):
    """A console whose broken pipe is the command's to handle. What is printed may look like markup
    or an emoji's name; it is neither."""

    def __init__(self, *, is_error: bool) -> None:
        super().__init__(stderr=is_error, highlight=False, markup=False, emoji=False)
        if not self.is_terminal:
            self.width = _UNBOUNDED
        elif self.width < _NARROWEST:
            self.width = _NARROWEST

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


stdout = _Console(is_error=False)
stderr = _Console(is_error=True)

Part = str | tuple[str, str]
"""A text, or a text with its style."""


def text(*parts: Part, lines: bool = False) -> Text:
    """The parts as one line, or as `lines` where they may hold several; safe to print."""
    result = Text()
    for part in parts:
        plain, style = (part, None) if isinstance(part, str) else part
        result.append(printable(plain, lines=lines), style)
    return result


def say(console: Console, *parts: Part, lines: bool = False, end: str = "\n") -> None:
    """Prints the parts; a long line is the terminal's to wrap."""
    console.print(text(*parts, lines=lines), end=end, soft_wrap=True)


def add_row(table: Table, *cells: str) -> None:
    """A row of plain texts."""
    table.add_row(*(text(cell) for cell in cells))


def note(line: str) -> None:
    """A word about what was done, on standard error."""
    say(stderr, (line, "dim"), lines=True)


def warn(line: str) -> None:
    """What did not work, where that does not end the command."""
    say(stderr, (line, "yellow"), lines=True)


def stream(piece: str, *, dim: bool = False) -> None:
    """Prints a piece of a model's answer at once, `dim` where a terminal can show that."""
    shown = printable(piece, lines=True)
    if dim and stdout.is_terminal and not stdout.is_dumb_terminal:
        shown = f"\x1b[2m{shown}\x1b[22m"
    sys.stdout.write(shown)
    sys.stdout.flush()


def read_text(path: Path) -> str:
    """A text file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise foundry.ArgumentError(f"{path}: {error}") from error


def read_texts(texts: Sequence[str], file: Path | None, separator: str) -> list[str]:
    """Those given, '-' standing for those of standard input, and then those of a file."""
    found: list[str] = []
    for text in texts:
        found += _separated(read_input(), separator) if text == "-" else [text]
    if file is not None:
        found += _separated(read_text(file), separator)
    if not found:
        raise foundry.ArgumentError("no texts; give some, '-' for standard input, or --file")
    return found


def _separated(text: str, separator: str) -> list[str]:
    if separator == "\n":
        return text.splitlines()
    return text.removesuffix("\n").split(separator)


def read_input() -> str:
    """All of standard input."""
    return checked_text(sys.stdin.read(), "standard input")


def show_warnings() -> None:
    """Python's warnings as one line each on standard error."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        say(stderr, (category.__name__, "yellow"), f": {message}", lines=True)

    warnings.showwarning = show


def messages(system: str | None, content: str) -> list[Message]:
    """The first turn of a chat."""
    head: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    return [*head, {"role": "user", "content": content}]


_COUNTED = ("preparing kernels",)
"""Stages of pieces; others are of bytes."""


class _Amount(ProgressColumn):
    """What is done, and all there is."""

    def render(self, task: Task) -> Text:
        done, total = task.completed, task.total or 0
        if task.description in _COUNTED:
            return Text(f"{done:.0f}/{total:.0f}", "progress.download")
        return Text(f"{done / 2**20:.1f}/{total / 2**20:.1f} MiB", "progress.download")


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A function that shows a bar for each stage, where standard error is a terminal."""
    columns = (
        TextColumn("{task.description:<20}", markup=False),
        BarColumn(),
        _Amount(),
        TimeElapsedColumn(),
    )
    hidden = not stderr.is_terminal
    with Progress(*columns, console=stderr, transient=True, disable=hidden) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(printable(stage), total=total)
            progress.update(tasks[stage], completed=done)

        yield report
