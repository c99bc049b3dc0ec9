"""The `foundry` command."""

from __future__ import annotations

from foundry.cli import terminal

__all__ = ["main"]


def main() -> None:
    """Runs a command. An error is one line on standard error and exit status 1."""
    terminal.prepare()
    with terminal.session():
        from foundry.cli.app import run  # a Ctrl-C may come while it is imported

        run()
