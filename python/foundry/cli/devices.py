"""`foundry devices`: what kernels can run on."""

from __future__ import annotations

from rich.table import Table

import foundry
from foundry.cli import ui


def show() -> None:
    """Prints a table of the devices, the default one first."""
    table = Table(box=None, header_style="bold")
    for column in ("name", "unified memory", "threadgroup memory", "threads per threadgroup"):
        table.add_column(column)
    for device in foundry.devices():
        ui.add_row(
            table,
            device.name,
            "yes" if device.traits.has_unified_memory else "no",
            f"{device.max_threadgroup_memory / 1024:g} KiB",
            f"{max(device.max_threads_per_threadgroup)}",
        )
    ui.stdout.print(table)
