"""What a model for embeddings wants before its texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Prompts:
    """What is put before texts, by the names of their uses."""

    texts: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
