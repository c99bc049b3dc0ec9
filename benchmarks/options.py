"""What `./dev bench` was asked for, beside the sections."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Options:
    formats: list[str] = field(default_factory=list)
    """Of the GEMV table; empty: every policy there is."""
    models: list[str] = field(default_factory=list)
    """Files, or names of benchmarks/shapes.py; empty: SmolLM2."""
    rounds: int = 1
    """How often each competitor of a comparison runs, by turns; the best counts."""


OPTIONS = Options()
