"""Drafts of a smaller model."""

from __future__ import annotations

from collections.abc import Sequence

from foundry.engine.decode_run import DecodeRun
from foundry.engine.engine import Engine
from foundry.generation.sampling import SamplingParameters


class DraftModel:
    """The likeliest tokens of another model, with the same vocabulary."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def draft(self, tokens: Sequence[int], most: int) -> list[int]:
        limit = min(len(tokens) + most, self._engine.cache.limit)
        run = DecodeRun(tokens, SamplingParameters(), 0, limit)
        for index in range(len(tokens), limit):
            self._engine.next_token(run, index)
        return run.tokens[len(tokens) :]
