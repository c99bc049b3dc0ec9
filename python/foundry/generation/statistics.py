"""What a generation cost."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass

from foundry.call_errors import typed_calls


def peak_memory() -> int:
    """The most resident memory that this process has held so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # getrusage(2): bytes, kibibytes


@typed_calls
@dataclass
class Statistics:
    """Counts and times of one generation; times in seconds."""

    prompt_tokens: int = 0
    reused_tokens: int = 0
    """Prompt tokens that the KV cache already held."""
    generated_tokens: int = 0
    time_to_first_token: float = 0.0
    decode_seconds: float = 0.0
    """From the first token to the last."""
    decode_dispatches: int = 0
    drafted_tokens: int = 0
    """Guesses that were evaluated."""
    accepted_tokens: int = 0
    """Those of them that were right."""

    @property
    def decode_steps(self) -> int:
        """Tokens after the first, which the prompt's evaluation gives."""
        return max(self.generated_tokens - 1, 0)

    @property
    def tokens_per_second(self) -> float:
        """Decoding speed; 0 where nothing was decoded."""
        return self.decode_steps / self.decode_seconds if self.decode_seconds > 0 else 0.0

    @property
    def prompt_tokens_per_second(self) -> float:
        """Speed of the prompt's evaluation, the choice of the first token included."""
        evaluated = self.prompt_tokens - self.reused_tokens
        return evaluated / self.time_to_first_token if self.time_to_first_token > 0 else 0.0

    @property
    def dispatches_per_token(self) -> float:
        """Kernel dispatches of one decode step, its sampling included."""
        return self.decode_dispatches / self.decode_steps if self.decode_steps else 0.0

    def rows(self) -> list[tuple[str, str]]:
        """Labels and figures for a table."""
        return [
            ("tokens per second", f"{self.tokens_per_second:.1f}"),
            ("time to first token", f"{self.time_to_first_token * 1000:.0f} ms"),
            ("prompt tokens", f"{self.prompt_tokens}"),
            ("dispatches per token", f"{self.dispatches_per_token:.0f}"),
            *self._drafts(),
            ("peak memory", f"{peak_memory() / 2**20:.0f} MiB"),
        ]

    def _drafts(self) -> list[tuple[str, str]]:
        if not self.drafted_tokens:
            return []
        return [("drafts accepted", f"{self.accepted_tokens} of {self.drafted_tokens}")]

    def __str__(self) -> str:
        return ", ".join(f"{label} {value}" for label, value in self.rows())
