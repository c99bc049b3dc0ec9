"""Several sequences at once: one pass over the weights gives each of them its next token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from foundry._foundry import DType, Foundry, Tensor
from foundry.engine.decode_run import DecodeRun
from foundry.engine.kept import LayerCache, LayerCaches
from foundry.engine.prepare import prepare
from foundry.engine.sampler import Sampler
from foundry.engine.sequence_caches import SequenceCaches, SlotCaches
from foundry.engine.step import ACTIVATIONS, MakeStep, Step
from foundry.engine.token_source import StepCost

_NOTHING = StepCost(0, 0)


class MakeSequenceSteps(Protocol):
    """What a model is to a batch."""

    def __call__(self, caches: LayerCaches, *, of_sequences: bool) -> MakeStep:
        """Steps on one sequence's caches, or on those of all, each token of another sequence."""


class _Live:
    """A sequence in its slot."""

    def __init__(self, run: DecodeRun, slot: int, sampler: Sampler) -> None:
        self.run = run
        self.slot = slot
        self.sampler = sampler
        self.is_drawn = False
        """Its next token is on its way; the caches hold all before it."""


class BatchEngine:
    """Evaluates the tokens of sequences that come and go. Calls take turns with the model's own.

    After an exception that leaves it unknown what the caches hold, no sequence is live.
    """

    def __init__(
        self,
        runtime: Foundry,
        layers: Sequence[LayerCache],
        make: MakeSequenceSteps,
        *,
        vocabulary: int,
        sequences: int,
        limit: int,
        dtype: DType,
        lock: threading.Lock,
        check_file: Callable[[], None],
        check_token: Callable[[Sequence[int], int], None],
    ) -> None:
        self._runtime = runtime
        self._vocabulary = vocabulary
        self._lock = lock
        self._check_file = check_file
        self._check_token = check_token
        """Raises for a token below zero, drawn after those."""
        self._make = make
        self._caches = SequenceCaches(
            runtime, layers, sequences=sequences, limit=limit, dtype=dtype
        )
        self._ends_apart = any(layer.state for layer in layers)
        self._steps: dict[int, Step] = {}
        self._generation = 0  # of the caches, when those were made
        self._tokens = runtime.dedicated((sequences,), DType.i32, name="tokens")
        self._free = list(reversed(range(sequences)))
        self._live: dict[DecodeRun, _Live] = {}
        self._prepare({1, min(2, sequences), sequences})

    @property
    def limit(self) -> int:
        """Tokens of a sequence at most."""
        return self._caches.limit

    @property
    def free(self) -> int:
        """Sequences that may join now."""
        return len(self._free)

    def is_live(self, run: DecodeRun) -> bool:
        """Whether the run has a slot."""
        return run in self._live

    def add(self, run: DecodeRun) -> None:
        """Evaluates the prompt in a free slot; the next step has its first token."""
        with self._lock, self._closing_on_error():
            self._check_file()
            sampler = Sampler(
                self._runtime, self._vocabulary, run.sampling, run.top, 1, bool(run.constraint)
            )
            sampler.begin(run)
            live = self._live[run] = _Live(run, self._free.pop(), sampler)
            self._draw(live, self._prompt_logits(run.tokens, live.slot))

    def step(self) -> list[DecodeRun]:
        """One more token of each live sequence that has room for it: these. A sequence of which
        none can be drawn leaves: `ModelError`, once the others have theirs."""
        with self._lock:
            with self._closing_on_error():
                self._check_file()
                going = [live for live in self._live.values() if _has_room(live.run)]
                self._evaluate([live for live in going if not live.is_drawn])
                tokens = [self._read(live) for live in going]
            failed = []
            for live, token in zip(going, tokens, strict=True):
                if token < 0:
                    failed.append((live.run, token))
                    self.remove(live.run)
                else:
                    live.run.append(token)
            for run, token in failed:
                self._check_token(run.tokens, token)
        return [live.run for live in going]

    def next_token(self, run: DecodeRun, index: int) -> tuple[int, StepCost]:
        """The token at `index` of the run, which a step left there."""
        return run.tokens[index], _NOTHING

    def remove(self, run: DecodeRun) -> None:
        """Its slot is another's, if it had one."""
        live = self._live.pop(run, None)
        if live is not None:
            self._free.append(live.slot)

    def close(self) -> None:
        """All leave, and the caches' memory is given back once the device is through with it."""
        for run in list(self._live):
            self.remove(run)
        self._steps.clear()
        self._caches.forget()

    @contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _prepare(self, sizes: set[int]) -> None:
        """Compiles the steps of so many sequences."""
        with self._lock:
            self._caches.reserve(1)
            make = self._make(self._caches, of_sequences=True)
            with self._runtime.scope(ACTIVATIONS):
                steps = [make(size, size) for size in sorted(sizes)]
                prepare(self._runtime, [op for step in steps for op in step.operations], None)

    def _prompt_logits(self, tokens: Sequence[int], slot: int) -> Tensor:
        """Evaluates a prompt as the model's own engine does; the logits after its last token, which
        are valid until the next call."""
        self._caches.reserve(len(tokens))
        make = self._make(SlotCaches(self._caches, slot), of_sequences=False)
        end = len(tokens) - 1 if self._ends_apart else len(tokens)
        starts = [*range(0, end, self._caches.prompt_batch), *([end] if end < len(tokens) else [])]
        for start, stop in zip(starts, [*starts[1:], len(tokens)], strict=True):
            with self._runtime.scope(ACTIVATIONS):
                step = make(stop - start, 1)
            step.run(tokens[start:stop], start)
        return step.logits

    def _evaluate(self, lives: Sequence[_Live]) -> None:
        """The last token of each, and draws the next."""
        if not lives:
            return
        self._caches.reserve(max(len(live.run.tokens) for live in lives))
        step = self._step_of(len(lives))
        step.run_sequences(
            [live.run.tokens[-1] for live in lives],
            [(len(live.run.tokens) - 1, live.slot) for live in lives],
        )
        for row, live in enumerate(lives):
            self._draw(live, step.logits[row])

    def _step_of(self, count: int) -> Step:
        """The kernels for so many sequences: always the same, on the caches of now."""
        if self._generation != self._caches.generation:
            self._steps.clear()  # their memory first
            self._generation = self._caches.generation
        step = self._steps.get(count)
        if step is None:
            make = self._make(self._caches, of_sequences=True)
            step = self._steps[count] = make(count, count)
        return step

    def _draw(self, live: _Live, logits: Tensor) -> None:
        run, sampler = live.run, live.sampler
        token = self._tokens[live.slot : live.slot + 1]
        if run.constraint is not None:
            sampler.allow(run.constraint.bits())
        for operation in sampler.operations(logits, token, run.seed, len(run.tokens)):
            self._runtime.run(operation)
        live.is_drawn = True

    def _read(self, live: _Live) -> int:
        live.sampler.wait()
        live.is_drawn = False
        return live.sampler.read(live.run, len(live.run.tokens))


def _has_room(run: DecodeRun) -> bool:
    return len(run.tokens) < run.limit
