"""One decode step as a replayed program: the device draws each token and goes on with it."""

from __future__ import annotations

import numpy as np

from foundry._foundry import Foundry, Parameter, SharedEvent
from foundry.engine.cache import Cache
from foundry.engine.decode_run import DecodeRun
from foundry.engine.forward import Forward
from foundry.engine.recurrent_states import Mark
from foundry.engine.sampler import Sampler
from foundry.generation.sampling import SamplingParameters

MOST_AHEAD = 16
"""Tokens of a command buffer at most."""


class DecodeProgram:
    """One step, recorded: evaluates the token at `position`, draws the next, and leaves it where
    the step after reads its own, and in the sampler's ring."""

    def __init__(self, runtime: Foundry, forward: Forward, cache: Cache, sampler: Sampler) -> None:
        self._cache = cache
        self._bound = cache.generation
        self.sampler = sampler
        step = forward.decode_step()
        self._token = step.ids
        position, seed = Parameter("position"), Parameter("seed")
        with runtime.record("decode") as self.program:
            step.encode(position)
            for operation in sampler.operations(step.logits, self._token, seed, position + 1):
                runtime.run(operation)

    def begin(self, run: DecodeRun) -> None:
        """The device's state after the run's tokens."""
        self.sampler.begin(run)
        self._token.copy_from(np.asarray(run.tokens[-1:], np.int32))

    def encode(self, position: int, count: int, seed: int, event: SharedEvent) -> None:
        """Draws the tokens after `position` and the `count` - 1 that follow."""
        self._cache.reserve(position + count)
        if self._bound != self._cache.generation:
            for tensor in self._cache.tensors:
                self.program.bind(tensor.name, tensor)
            self._bound = self._cache.generation
        self.sampler.expect(range(position + 1, position + 1 + count))
        parameters = {"seed": seed} if self.sampler.is_seeded else {}
        self._cache.recurrent.snapshot(Mark.AHEAD)
        with self._cache.moving_to(position + count):
            self.program.replay_range("position", position, count, event, **parameters)


class DecodePrograms:
    """The program and the sampler of the sampling parameters in use: another's take their place."""

    def __init__(self, runtime: Foundry, forward: Forward, cache: Cache, vocabulary: int) -> None:
        self._runtime = runtime
        self._forward = forward
        self._cache = cache
        self._vocabulary = vocabulary
        self._key: tuple[SamplingParameters, int | None, bool] | None = None
        self._sampler: Sampler | None = None
        self._program: DecodeProgram | None = None

    def sampler(self, run: DecodeRun) -> Sampler:
        # All that is plain is one.
        sampling = SamplingParameters() if run.sampling.plain else run.sampling
        key = (sampling, run.top, run.constraint is not None)
        if self._sampler is None or self._key != key:
            self.drop()  # its memory first
            self._sampler = self._new_sampler(*key)
            self._key = key
        return self._sampler

    def of(self, run: DecodeRun) -> DecodeProgram:
        sampler = self.sampler(run)
        if self._program is None:
            self._program = self._record(sampler)
        return self._program

    def drop(self) -> None:
        """The next ones have memory of their own."""
        self._sampler = None
        self._program = None

    def _new_sampler(
        self, sampling: SamplingParameters, top: int | None, is_constrained: bool
    ) -> Sampler:
        return Sampler(
            self._runtime, self._vocabulary, sampling, top, 3 * MOST_AHEAD, is_constrained
        )

    def _record(self, sampler: Sampler) -> DecodeProgram:
        return DecodeProgram(self._runtime, self._forward, self._cache, sampler)
