"""Files that are there when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundry.errors import ArgumentError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to. What is there when the block ends takes the place of
    `path`; after an exception nothing is left of it. `ArgumentError` for a path without a name."""
    if not path.name:
        raise ArgumentError(f"'{path}' names no file to write")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
