"""A titled table of figures, shown with rich and kept as JSON."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rich.table
from rich.console import Console

_console = Console(width=160)


def text(value: Any) -> str:
    """A cell: three or four digits are all that a measurement here is worth."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def ratio(own: float | None, other: float | None) -> str | None:
    return f"{own / other:.2f}" if own and other else None


@dataclass
class Table:
    title: str
    columns: list[str]
    rows: list[list[Any]] = field(default_factory=list)

    def add(self, *values: Any) -> None:
        self.rows.append(list(values))

    def show(self) -> None:
        table = rich.table.Table(title=self.title, title_justify="left", box=rich.box.SIMPLE)
        for position, column in enumerate(self.columns):
            table.add_column(column, justify="right" if position else "left")
        for row in self.rows:
            table.add_row(*[text(value) for value in row])
        _console.print(table)

    def as_markdown(self) -> str:
        """The table as docs/performance.md takes it."""
        lines = [f"**{self.title}**", "", "| " + " | ".join(self.columns) + " |"]
        lines.append("|---" + "|---:" * (len(self.columns) - 1) + "|")
        lines += ["| " + " | ".join(text(value) for value in row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "columns": self.columns, "rows": self.rows}


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: the best and the median of several."""

    best: float
    median: float


def time_call(call: Callable[[], object], repeats: int = 10, calls: int = 1) -> Timing:
    """Times `calls` calls together, `repeats` times, after one run that warms up."""
    times = []
    for repeat in range(repeats + 1):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        if repeat:
            times.append((time.perf_counter() - start) / calls)
    return Timing(min(times), statistics.median(times))
