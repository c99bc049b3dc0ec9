"""The `foundry` command."""

from __future__ import annotations

from foundry.cli.app import main

__all__ = ["main"]
