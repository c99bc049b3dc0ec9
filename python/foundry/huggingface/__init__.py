"""Folders as `transformers` saves models, read as GGUF has them."""

from __future__ import annotations

from foundry.huggingface.folder import Folder, opened
from foundry.huggingface.sentences import Prompts

__all__ = ["Folder", "Prompts", "opened"]
