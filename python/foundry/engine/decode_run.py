"""The tokens of one generation, and what their draws left."""

from __future__ import annotations

from collections.abc import Sequence

from foundry._foundry import Tensor
from foundry.engine.speculation import Speculation
from foundry.generation.constraint import Constraint
from foundry.generation.log_probabilities import TokenLogProbability
from foundry.generation.sampling import SamplingParameters


class SharedPrompt:
    """A prompt that several runs have."""

    def __init__(self) -> None:
        self.logits: Tensor | None = None
        """After the last of its tokens, once it was evaluated."""
        self.version = 0
        """The engine's, when it was."""


class DecodeRun:
    """The tokens of one generation, some of which its reader may not have seen yet."""

    def __init__(
        self,
        prompt: Sequence[int],
        sampling: SamplingParameters,
        seed: int,
        limit: int,
        top: int | None = None,
        constraint: Constraint | None = None,
        speculation: Speculation | None = None,
        shared: SharedPrompt | None = None,
    ) -> None:
        self.prompt_tokens = len(prompt)
        self.tokens = list(prompt)
        """The prompt and what was drawn after it."""
        self.sampling = sampling
        self.seed = seed
        self.limit = limit
        """Tokens at most, the prompt's included."""
        self.top = top
        """Likeliest tokens to give log-probabilities of; None: no log-probabilities."""
        self.constraint = constraint
        """Says what may come next, once all before it is known: nothing runs ahead then."""
        self.speculation = speculation
        """Guesses the next tokens; nothing runs ahead then."""
        self.shared = shared
        self.log_probabilities: dict[int, TokenLogProbability] = {}
        """By the token's position."""
        self.mu: dict[int, float] = {}
        """Mirostat's, by the position of the token that it is for."""

    def append(self, token: int) -> None:
        """The next token, which was drawn."""
        if self.constraint is not None:
            self.constraint.take(token)
        self.tokens.append(token)
