"""Where a generation's tokens come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from foundry.engine.decode_run import DecodeRun


@dataclass(frozen=True)
class StepCost:
    """What choosing one token took."""

    dispatches: int
    reused_tokens: int


class TokenSource(Protocol):
    """A model's engine, or a batch's."""

    @property
    def limit(self) -> int:
        """Tokens of a run at most."""

    def next_token(self, run: DecodeRun, index: int) -> tuple[int, StepCost]:
        """The token at `index` of the run, at most one past those it has."""
