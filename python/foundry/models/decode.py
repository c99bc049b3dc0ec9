"""Decoding as a replayed program: the device draws each token and goes on with it by itself.

The host encodes tokens ahead of the one it waits for, several to a command buffer where they are
short, and reads them from a ring buffer as a shared event tells that they are there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from foundry import ops
from foundry._foundry import DType, Foundry, Parameter, Program, SharedEvent, Tensor
from foundry.errors import DeviceError
from foundry.generation.sampling import SamplingParameters
from foundry.models.forward import Forward
from foundry.models.kv_cache import KvCache
from foundry.models.non_finite import Explainer

_AHEAD_SECONDS = 0.004
"""Device time that is encoded at once: long beside a round trip to the host, and short enough that
the tokens past the end of an answer, which nobody wants, cost little."""
_MOST_AHEAD = 16
"""Tokens of a command buffer at most."""
_NO_TOKEN = -(2**31)
"""What no draw gives: those below zero say that no token can be drawn (`ops.Argmax`)."""


class DecodeRun:
    """The tokens of one generation, some of which its reader may not have seen yet."""

    def __init__(
        self, prompt: Sequence[int], sampling: SamplingParameters, seed: int, limit: int
    ) -> None:
        self.tokens = list(prompt)
        """The prompt and what was drawn after it."""
        self.sampling = sampling
        self.seed = seed
        self.limit = limit
        """Tokens at most, the prompt's included."""


class Decoder:
    """Decodes one run at a time; another run's tokens in flight are kept for it.

    An exception, a Ctrl-C at any point included, leaves the run's tokens right: what was in flight
    is drawn again if need be, and is the same again.
    """

    def __init__(self, runtime: Foundry, forward: Forward, cache: KvCache, vocabulary: int) -> None:
        self._runtime = runtime
        self._forward = forward
        self._cache = cache
        self._vocabulary = vocabulary
        self._explainer = Explainer(runtime, forward, cache)
        self._programs = _Programs(runtime, forward, cache, vocabulary)
        self._program: _DecodeProgram | None = None
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
        program = self._programs.of(run.sampling)
        program.begin(run)
        self._program = program
        self._run = run
        self._encoded = len(run.tokens)
        self._batch = 1
        self._is_measured = False
        self._event = SharedEvent(self._runtime)
        self._is_whole = True

    def record(self, sampling: SamplingParameters) -> Program:
        """A program of one step of its own, for the cache as it is."""
        return self._programs.make(sampling).program

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

    def next(self, run: DecodeRun) -> None:
        """Waits for the next token of `run` and appends it, and has more encoded meanwhile."""
        begin = time.perf_counter()
        self._encode_ahead(run)
        self._take(run)
        if not self._is_measured:  # the first one after begin(): the device had nothing else to do
            seconds = time.perf_counter() - begin
            self._batch = max(1, min(int(_AHEAD_SECONDS / seconds), _MOST_AHEAD))
            self._is_measured = True

    def _encode_ahead(self, run: DecodeRun) -> None:
        program = self._program
        assert program is not None
        batch = self.forced_batch or self._batch
        # One batch runs while the host reads the tokens of the one before.
        while self._encoded - len(run.tokens) <= batch and self._encoded < run.limit:
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
        token = program.read(index)
        if token == _NO_TOKEN:
            # Its command buffer failed, and signalled nevertheless.
            program.check()
            raise DeviceError(f"no token came for position {index}")
        self.check(run.tokens, token)
        run.tokens.append(token)
        self._cache.tokens = run.tokens[:-1]


class _DecodeProgram:
    """One step, recorded: evaluates the token at `position`, draws the next, and leaves it where
    the step after reads its own, and in the ring."""

    def __init__(
        self,
        runtime: Foundry,
        forward: Forward,
        cache: KvCache,
        vocabulary: int,
        sampling: SamplingParameters,
    ) -> None:
        self._cache = cache
        self._bound = cache.generation
        self._window = sampling.penalty_window if sampling.penalises else 0
        # Longer than the window and what is encoded ahead of what is read, together.
        capacity = 1 << (self._window + 3 * _MOST_AHEAD).bit_length()
        self._ring = runtime.dedicated((capacity,), DType.i32, name="tokens")
        self._counts = (
            runtime.dedicated((vocabulary,), DType.u32, name="token counts")
            if sampling.penalises
            else None
        )
        step = forward.decode_step()
        self._token = step.ids
        position = Parameter("position")
        self.is_seeded = not (sampling.greedy and not sampling.penalises)
        with runtime.record("decode") as self.program:
            step.encode(position)
            runtime.run(
                draw(
                    step.logits.reshape(vocabulary),
                    self._token,
                    sampling,
                    scratch=runtime.dedicated((vocabulary,), DType.f32, name="sampling scratch")
                    if self.is_seeded
                    else None,
                    counts=self._counts,
                    seed=Parameter("seed"),
                    step=position + 1,
                )
            )
            runtime.run(
                ops.AppendToken(
                    token=self._token,
                    ring=self._ring,
                    counts=self._counts,
                    position=position + 1,
                    window=self._window,
                )
            )

    def begin(self, run: DecodeRun) -> None:
        """The device's state after `run.tokens`."""
        self._slots = np.asarray(self._ring)  # waits; after this the host reads what it was told
        first = max(len(run.tokens) - self._slots.size, 0)
        for index, token in enumerate(run.tokens[first:], first):
            self._slots[index % self._slots.size] = token
        if self._counts is not None:
            write_counts(self._counts, run.tokens, self._window)
        self._token.copy_from(np.asarray(run.tokens[-1:], np.int32))

    def encode(self, position: int, count: int, seed: int, event: SharedEvent) -> None:
        """Draws the tokens after `position` and the `count` - 1 that follow."""
        self._cache.reserve(position + count)
        if self._bound != self._cache.generation:
            for tensor in (*self._cache.keys, *self._cache.values):
                self.program.bind(tensor.name, tensor)
            self._bound = self._cache.generation
        for index in range(position + 1, position + 1 + count):
            self._slots[index % self._slots.size] = _NO_TOKEN
        parameters = {"seed": seed} if self.is_seeded else {}
        self.program.replay_range("position", position, count, event, **parameters)

    def read(self, index: int) -> int:
        """The token at `index`, which the event has told of."""
        return int(self._slots[index % self._slots.size])

    def check(self) -> None:
        """Waits for what is encoded, and raises what it failed with."""
        self._ring.host()


class _Programs:
    """The program of the sampling parameters in use: another's takes its place."""

    def __init__(self, runtime: Foundry, forward: Forward, cache: KvCache, vocabulary: int) -> None:
        self._parts = (runtime, forward, cache, vocabulary)
        self._sampling: SamplingParameters | None = None
        self._program: _DecodeProgram | None = None

    def of(self, sampling: SamplingParameters) -> _DecodeProgram:
        plain = sampling.greedy and not sampling.penalises
        key = SamplingParameters() if plain else sampling  # all that is greedy is one
        if self._program is None or self._sampling != key:
            self._program = None  # its memory first
            self._program = self.make(key)
            self._sampling = key
        return self._program

    def drop(self) -> None:
        """The next one has memory of its own."""
        self._program = None

    def make(self, sampling: SamplingParameters) -> _DecodeProgram:
        """A new one, whatever is in use."""
        return _DecodeProgram(*self._parts, sampling)


def draw(
    logits: Tensor,
    token: Tensor,
    sampling: SamplingParameters,
    *,
    scratch: Tensor | None,
    counts: Tensor | None,
    seed: int | Parameter,
    step: int | Parameter,
) -> ops.Operation:
    """The draw of `token`; its number `step` in the sequence and the seed decide it."""
    if sampling.greedy and not sampling.penalises:
        return ops.Argmax(x=logits.reshape(1, logits.size), y=token, finite_only=True)
    assert scratch is not None
    return ops.Sample(
        logits=logits,
        scratch=scratch,
        token=token,
        counts=counts if sampling.penalises else None,
        repetition_penalty=sampling.repetition_penalty,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
        temperature=sampling.temperature,
        seed=seed,
        step=step,
    )


def write_counts(counts: Tensor, tokens: Sequence[int], window: int) -> None:
    """How often each token occurs among the last `window` of `tokens`."""
    recent, occurrences = np.unique(tokens[-window:], return_counts=True)
    values = np.zeros(counts.shape, np.uint32)
    values[recent] = occurrences
    counts.copy_from(values)
