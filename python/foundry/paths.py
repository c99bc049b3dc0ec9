"""Paths that a caller gives."""

from __future__ import annotations

import os
from pathlib import Path

from foundry.call_errors import shown
from foundry.errors import ArgumentTypeError


def checked_path(value: object, what: str) -> Path:
    """`ArgumentTypeError` for what is none; `what` says whose it is: "export: folder"."""
    if isinstance(value, str | os.PathLike):
        named = os.fspath(value)
        if isinstance(named, str):
            return Path(named)
    raise ArgumentTypeError(f"{what} is {shown(value)}; expected a path")
