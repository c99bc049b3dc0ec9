"""What sentence-transformers keeps in a folder: how states are pooled, and what precedes texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Prompts:
    """What is put before texts, by the names of their uses."""

    texts: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
