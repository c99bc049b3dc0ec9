"""One decode step as a replayed program: the device draws each token and goes on with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foundry import ops
from foundry._foundry import DType, Foundry, Parameter, SharedEvent, Tensor
from foundry.engine.cache import KvCache
from foundry.engine.forward import Forward
from foundry.generation.sampling import SamplingParameters

MOST_AHEAD = 16
"""Tokens of a command buffer at most."""
NO_TOKEN = -(2**31)
"""What no draw gives: those below zero say that no token can be drawn (`ops.Argmax`)."""


class DecodeProgram:
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
        capacity = 1 << (self._window + 3 * MOST_AHEAD).bit_length()
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

    def begin(self, tokens: Sequence[int]) -> None:
        """The device's state after `tokens`."""
        self._slots = np.asarray(self._ring)  # waits; after this the host reads what it was told
        first = max(len(tokens) - self._slots.size, 0)
        for index, token in enumerate(tokens[first:], first):
            self._slots[index % self._slots.size] = token
        if self._counts is not None:
            write_counts(self._counts, tokens, self._window)
        self._token.copy_from(np.asarray(tokens[-1:], np.int32))

    def encode(self, position: int, count: int, seed: int, event: SharedEvent) -> None:
        """Draws the tokens after `position` and the `count` - 1 that follow."""
        self._cache.reserve(position + count)
        if self._bound != self._cache.generation:
            for tensor in (*self._cache.keys, *self._cache.values):
                self.program.bind(tensor.name, tensor)
            self._bound = self._cache.generation
        for index in range(position + 1, position + 1 + count):
            self._slots[index % self._slots.size] = NO_TOKEN
        parameters = {"seed": seed} if self.is_seeded else {}
        self.program.replay_range("position", position, count, event, **parameters)

    def read(self, index: int) -> int:
        """The token at `index`, which the event has told of."""
        return int(self._slots[index % self._slots.size])

    def check(self) -> None:
        """Waits for what is encoded, and raises what it failed with."""
        self._ring.host()


class DecodePrograms:
    """The program of the sampling parameters in use: another's takes its place."""

    def __init__(self, runtime: Foundry, forward: Forward, cache: KvCache, vocabulary: int) -> None:
        self._parts = (runtime, forward, cache, vocabulary)
        self._sampling: SamplingParameters | None = None
        self._program: DecodeProgram | None = None

    def of(self, sampling: SamplingParameters) -> DecodeProgram:
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

    def make(self, sampling: SamplingParameters) -> DecodeProgram:
        """A new one, whatever is in use."""
        return DecodeProgram(*self._parts, sampling)


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
