"""Evaluates batches of tokens against the cache. Activations are f32."""

from __future__ import annotations

from collections.abc import Sequence

from foundry._foundry import Foundry, Tensor
from foundry.engine.cache import Cache
from foundry.engine.step import ACTIVATIONS, MakeStep, Step

_PROMPT = 32  # tokens of prompt_step(): every prompt of 5 and more takes the same kernels


class Forward:
    """Runs a model's steps; that of one token is kept."""

    def __init__(self, runtime: Foundry, cache: Cache, make_step: MakeStep) -> None:
        self._runtime = runtime
        self._cache = cache
        self._make_step = make_step
        self._decode: Step | None = None
        self._few: dict[int, Step] = {}
        self._generation = 0  # of the cache, when those steps were made

    def replace(self, make_step: MakeStep) -> None:
        """From now on the steps are these."""
        self._drop()
        self._make_step = make_step

    def run(self, tokens: Sequence[int], rows: int) -> Tensor:
        """Appends `tokens` to the cache; logits, f32 (rows, vocabulary), of the last `rows`.

        The result is valid until the next call.
        """
        start = len(self._cache.tokens)
        self._cache.reserve(start + len(tokens))
        if len(tokens) == 1:
            step = self.decode_step()
        else:
            with self._runtime.scope(ACTIVATIONS):
                step = self._make_step(len(tokens), rows)
        with self._cache.moving_to(start + len(tokens)):
            step.run(tokens, start)
        self._cache.tokens.extend(tokens)
        return step.logits

    def run_few(self, tokens: Sequence[int]) -> Tensor:
        """The same for up to `step.FEW` tokens, by a step that is kept; logits of all of them."""
        if len(tokens) == 1:
            return self.run(tokens, 1)
        start = len(self._cache.tokens)
        self._cache.reserve(start + len(tokens))
        self._check_generation()
        step = self._few.get(len(tokens))
        if step is None:
            step = self._few[len(tokens)] = self._make_step(len(tokens), len(tokens))
        with self._cache.moving_to(start + len(tokens)):
            step.run(tokens, start)
        self._cache.tokens.extend(tokens)
        return step.logits

    def _drop(self) -> None:
        self._decode = None
        self._few.clear()

    def _check_generation(self) -> None:
        """Drops the steps of a cache that is no more."""
        if self._generation != self._cache.generation:
            self._drop()  # their memory first
            self._generation = self._cache.generation

    def decode_step(self) -> Step:
        """The kernels for one token: always the same, on the same buffers and the cache of now."""
        self._cache.reserve(1)
        self._check_generation()
        if self._decode is None:
            self._decode = self._make_step(1, 1)
        return self._decode

    def prompt_step(self) -> Step:
        """The kernels for a prompt of any length, bound to memory of the scope."""
        tokens = min(_PROMPT, self._cache.limit)
        self._cache.reserve(tokens)
        return self._make_step(tokens, 1)

    def step(self, tokens: int) -> Step:
        """The kernels for so many tokens, bound to memory of the scope."""
        self._cache.reserve(len(self._cache.tokens) + tokens)
        return self._make_step(tokens, 1)
