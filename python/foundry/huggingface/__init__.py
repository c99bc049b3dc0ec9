"""Folders as `transformers` saves models, read as GGUF has them."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundry._foundry import Gguf
from foundry.huggingface.prompts import Prompts

if TYPE_CHECKING:
    from foundry.huggingface.folder import Folder

__all__ = ["Folder", "Prompts", "opened"]


def opened(path: Path) -> Folder | Gguf:
    """A model's file: a folder that a model was saved to, or else what has to be a GGUF file."""
    # Any path: pathlib's own question raises for some.
    if not os.path.isfile(path / "config.json"):
        return Gguf(path)
    from foundry.huggingface.folder import Folder

    return Folder(path)


if not TYPE_CHECKING:  # which knows what is there

    def __getattr__(name: str) -> Any:
        # Only who opens a folder pays for reading one.
        if name == "Folder":
            return importlib.import_module("foundry.huggingface.folder").Folder
        raise AttributeError(f"module 'foundry.huggingface' has no attribute '{name}'")
