"""Decoding as a replayed program: the device draws each token and goes on with it by itself.

The host encodes tokens ahead of the one it waits for, several to a command buffer where they are
short, and reads them from a ring buffer as a shared event tells that they are there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from foundry._foundry import Foundry, SharedEvent
from foundry.engine.cache import Cache
from foundry.engine.decode_program import MOST_AHEAD, DecodeProgram, DecodePrograms
from foundry.engine.decode_run import DecodeRun
from foundry.engine.forward import Forward
from foundry.engine.non_finite import Explainer
from foundry.engine.sampler import NO_TOKEN, Sampler
from foundry.errors import DeviceError

_AHEAD_SECONDS = 0.004
"""Device time that is encoded at once: long beside a round trip to the host, and short enough that
the tokens past the end of an answer, which nobody wants, cost little."""


class Decoder:
    """Decodes one run at a time; another run's tokens in flight are kept for it.

    An exception, a Ctrl-C at any point included, leaves the run's tokens right: what was in flight
    is drawn again if need be, and is the same again.
    """

    def __init__(self, runtime: Foundry, forward: Forward, cache: Cache, vocabulary: int) -> None:
        self._runtime = runtime
        self._forward = forward
        self._cache = cache
        self._vocabulary = vocabulary
        self._explainer = Explainer(runtime, forward, cache)
        self._programs = DecodePrograms(runtime, forward, cache, vocabulary)
        self._program: DecodeProgram | None = None
        self._run: DecodeRun | None = None
        self._encoded = 0  # tokens of the run, those in flight included
        self._batch = 1  # tokens of a command buffer
        self._is_measured = False  # whether _batch is for the device's speed
        self._event = SharedEvent(runtime)
        self._is_whole = True  # False while the state above is changed
        self.forced_batch: int | None = None
        """Tokens of every command buffer, where it is not to be chosen by time."""

    @property
    def dispatches(self) -> int:
        """Kernel dispatches of one token."""
        return len(self._program.program) if self._program is not None else 0

    def is_at(self, run: DecodeRun) -> bool:
        """Whether the next token of `run` can be drawn right away."""
        return self._run is run and self._is_whole

    def begin(self, run: DecodeRun) -> None:
        """Goes on with `run`, of whose tokens the cache holds all but the last."""
        self._is_whole = False
        program = self._programs.of(run)
        program.begin(run)
        self._program = program
        self._run = run
        self._encoded = len(run.tokens)
        self._batch = 1
        self._is_measured = False
        self._event = SharedEvent(self._runtime)
        self._is_whole = True

    def sampler(self, run: DecodeRun) -> Sampler:
        """What the next token of `run` is drawn with, outside of a program."""
        sampler = self._programs.sampler(run)
        sampler.begin(run)
        if run.constraint is not None:
            sampler.allow(run.constraint.bits())
        return sampler

    def release(self) -> None:
        """Takes in what is in flight; the cache is free for others then."""
        run = self._run
        try:
            while run is not None and self._is_whole and len(run.tokens) < self._encoded:
                self._take(run)
        except Exception:
            self.abandon()
            raise
        self._run = None

    def abandon(self) -> None:
        """Forgets the run after an exception; its tokens so far are right, what is in flight is not
        waited for. What a failed command buffer was to write is not read again."""
        self._run = None
        self._programs.drop()

    def drop_programs(self) -> None:
        """The next ones are recorded anew; nothing is in flight."""
        self._program = None
        self._programs.drop()

    def next(self, run: DecodeRun) -> None:
        """Waits for the next token of `run` and appends it, and has more encoded meanwhile."""
        begin = time.perf_counter()
        self._encode_ahead(run)
        self._take(run)
        if not self._is_measured:  # the first one after begin(): the device had nothing else to do
            seconds = time.perf_counter() - begin
            self._batch = max(1, min(int(_AHEAD_SECONDS / seconds), MOST_AHEAD))
            self._is_measured = True

    def _encode_ahead(self, run: DecodeRun) -> None:
        program = self._program
        assert program is not None
        # One batch runs while the host reads the tokens of the one before.
        batch = ahead = self.forced_batch or self._batch
        if run.constraint is not None:
            if self._encoded > len(run.tokens):
                return
            batch, ahead = 1, 0
            program.sampler.allow(run.constraint.bits())
        while self._encoded - len(run.tokens) <= ahead and self._encoded < run.limit:
            count = min(batch, run.limit - self._encoded)
            self._is_whole = False
            program.encode(self._encoded - 1, count, run.seed, self._event)
            self._encoded += count
            self._is_whole = True

    def check(self, tokens: Sequence[int], token: int) -> None:
        """`ModelError` where `token`, drawn after `tokens`, is none; the cache is empty then."""
        if token < 0:
            raise self._explainer.error(tokens, token)

    def _take(self, run: DecodeRun) -> None:
        program = self._program
        assert program is not None
        index = len(run.tokens)
        self._event.wait(index, self._runtime)
        token = program.sampler.read(run, index)
        if token == NO_TOKEN:
            # Its command buffer failed, and signalled nevertheless.
            program.sampler.wait()
            raise DeviceError(f"no token came for position {index}")
        self.check(run.tokens, token)
        run.append(token)
        self._cache.tokens = run.tokens[:-1]
