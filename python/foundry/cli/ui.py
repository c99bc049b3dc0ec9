"""What the commands share on the terminal: consoles, errors, loading with progress bars."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

import foundry
from foundry.generation.messages import Message

stdout = Console(highlight=False)
stderr = Console(stderr=True, highlight=False)


def fail(error: BaseException) -> NoReturn:
    """Prints an error with the causes behind it and leaves with status 1."""
    stderr.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}")
    cause = error.__cause__
    while cause is not None:
        stderr.print(f"  [dim]because {type(cause).__name__}: {escape(str(cause))}[/]")
        cause = cause.__cause__
    sys.exit(1)


def messages(system: str | None, text: str) -> list[Message]:
    """The first turn of a chat."""
    head: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    return [*head, {"role": "user", "content": text}]


def load_model(path: Path, device: str | None = None) -> foundry.models.Llama:
    """Loads a model with a bar for each stage: weights, kernels."""
    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    hidden = not stderr.is_terminal
    with Progress(*columns, console=stderr, transient=True, disable=hidden) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage)
            progress.update(tasks[stage], completed=done, total=total)

        return foundry.models.load(path, device=device, progress=report)
