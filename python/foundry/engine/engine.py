"""What evaluates tokens and draws the next: one cache, one decode loop, callers take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundry import ops
from foundry._foundry import DType, Foundry, Gguf, Parameter, Tensor
from foundry.engine import cache_file
from foundry.engine.batch import BatchEngine, MakeSequenceSteps
from foundry.engine.cache import Cache
from foundry.engine.decode_run import DecodeRun
from foundry.engine.decoder import Decoder
from foundry.engine.forward import Forward
from foundry.engine.kept import PREFILL_BATCH
from foundry.engine.prepare import Progress, prepare
from foundry.engine.recurrent_states import Mark
from foundry.engine.sampler import Sampler
from foundry.engine.step import ACTIVATIONS, MakeStep, Step
from foundry.engine.token_source import StepCost
from foundry.generation.sampling import SamplingParameters


class Engine:
    """Evaluates one model's tokens. Calls from several threads take turns."""

    def __init__(
        self,
        runtime: Foundry,
        cache: Cache,
        make_step: MakeStep,
        vocabulary: int,
        check_file: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._vocabulary = vocabulary
        self._check_file = check_file
        """Raises where the weights are no longer what they were."""
        self.cache = cache
        self.forward = Forward(runtime, cache, make_step)
        self.decoder = Decoder(runtime, self.forward, cache, vocabulary)
        self._token = runtime.dedicated((1,), DType.i32, name="token")
        self._lock = threading.Lock()
        self._version = 0
        """Counts the models that took each other's place."""

    @property
    def limit(self) -> int:
        """Tokens of a run at most."""
        return self.cache.limit

    def batch(self, make: MakeSequenceSteps, sequences: int, limit: int) -> BatchEngine:
        """Decodes so many sequences together, of up to `limit` tokens each."""
        return BatchEngine(
            self._runtime,
            self.cache.layers,
            make,
            vocabulary=self._vocabulary,
            sequences=sequences,
            limit=limit,
            dtype=self.cache.dtype,
            lock=self._lock,
            check_file=self._check_file,
            check_token=self._check_token,
        )

    def _check_token(self, tokens: Sequence[int], token: int) -> None:
        """`ModelError` where `token`, drawn after `tokens`, is none."""
        with _ForgetOnError(self.cache, self.decoder):
            self.decoder.release()
            self.decoder.check(tokens, token)

    def prepare(self, progress: Progress | None) -> None:
        """Compiles what greedy generation runs."""
        one = self.forward.decode_step()  # kept; the rest is only there to be compiled
        with self._runtime.scope(ACTIVATIONS):
            prepare(self._runtime, [*one.operations, *self._other_kernels(one)], progress)

    def _other_kernels(self, one: Step) -> list[ops.Operation]:
        """What greedy generation runs besides the step of one token, on memory of the scope."""
        run = DecodeRun([], SamplingParameters(), seed=0, limit=0)
        draw = self.decoder.sampler(run).operations(one.logits, self._token, seed=0, position=0)
        return [*self.forward.prompt_step().operations, *draw]

    def replace(self, make_step: MakeStep) -> None:
        """Another model on the same cache, which holds nothing then."""
        with self._lock:
            self.decoder.release()
            self.decoder.drop_programs()
            self.cache.forget()
            self.forward.replace(make_step)
            self._version += 1

    def logits(self, tokens: Sequence[int], batch: int) -> NDArray[np.float32]:
        """f32 (tokens, vocabulary), `batch` tokens at once."""
        result = np.empty((len(tokens), self._vocabulary), np.float32)
        with self._lock, _ForgetOnError(self.cache, self.decoder):
            self._check_file()
            self.decoder.release()
            self.cache.keep(0)
            if self.cache.has_rings:
                batch = min(batch, PREFILL_BATCH)
            for start in range(0, len(tokens), batch):
                part = tokens[start : start + batch]
                result[start : start + len(part)] = np.asarray(
                    self.forward.run(part, rows=len(part))
                )
        return result

    def states(self, tokens: Sequence[int], make_step: MakeStep) -> NDArray[np.float32]:
        """f32 (tokens, hidden), by steps that leave states in place of logits."""
        found = []
        with self._lock, _ForgetOnError(self.cache, self.decoder):
            self._check_file()
            self.decoder.release()
            self.cache.keep(0)
            for start in range(0, len(tokens), PREFILL_BATCH):
                part = tokens[start : start + PREFILL_BATCH]
                self.cache.reserve(start + len(part))
                with self._runtime.scope(ACTIVATIONS):
                    step = make_step(len(part), len(part))
                    with self.cache.moving_to(start + len(part)):
                        step.run(part, start)
                    found.append(step.states.copy_to_host())
                self.cache.tokens.extend(part)
        return np.concatenate(found)

    def next_token(self, run: DecodeRun, index: int) -> tuple[int, StepCost]:
        """The token at `index` of the run, at most one past those it has."""
        with self._lock:
            cost = StepCost(0 if run.speculation else self.decoder.dispatches, 0)
            if index == len(run.tokens):
                if run.speculation is not None:
                    cost = self._evaluate(run)
                elif self.decoder.is_at(run):
                    try:
                        self.decoder.next(run)
                    except Exception:
                        self.decoder.abandon()
                        self.cache.forget()
                        raise
                else:
                    cost = self._evaluate(run)
            return run.tokens[index], cost

    def save_cache(self, path: Path, model: str) -> int:
        """Writes what is evaluated; how many tokens that is."""
        with self._lock:
            self.decoder.release()
            cache_file.write(self.cache, path, model)
            return len(self.cache.tokens)

    def load_cache(self, path: Path, model: str) -> int:
        """Goes on from what such a file holds; how many tokens that is."""
        with self._lock:
            self.decoder.release()
            cache_file.read(self.cache, path, model, self._vocabulary)
            return len(self.cache.tokens)

    def export(self, folder: Path, steps: Sequence[int], file: Gguf) -> None:
        """A program for each of these numbers of tokens, `step-1.foundry` the one of one token: it
        leaves logits, the others only what the caches keep. They begin at `position`."""
        with self._lock:
            self.decoder.release()
            self.cache.reserve(max(steps))
            for tokens in steps:
                with self._runtime.scope(ACTIVATIONS):
                    step = self.forward.step(tokens)
                    with self._runtime.record(f"step of {tokens}") as program:
                        encode = step.encode if tokens == 1 else step.encode_layers
                        encode(Parameter("position"))
                    program.export(folder / f"step-{tokens}.foundry", weights=[file])
                    del program

    def _evaluate(self, run: DecodeRun) -> StepCost:
        """Evaluates what the cache does not hold of the run's tokens, and what is guessed to follow
        them, and draws the next ones."""
        before = self._runtime.statistics["dispatches"]
        with _ForgetOnError(self.cache, self.decoder):
            self._check_file()
            self.decoder.release()
            sampler = self.decoder.sampler(run)  # before the device is busy, which this waits for
            draft: list[int] = []
            if run.speculation is not None and self.cache.tokens == run.tokens[:-1]:
                reused = len(self.cache.tokens)
                draft = run.speculation.draft(run.tokens, run.limit - len(run.tokens) - 1)
                logits = self.forward.run_few([run.tokens[-1], *draft])
            else:
                reused, logits = self._prompt_logits(run)
            accepted = self._draw(sampler, run, logits, draft)
            self.cache.keep(len(run.tokens) - 1)
            dispatches = self._runtime.statistics["dispatches"] - before
        if run.speculation is not None:
            run.speculation.learn(len(draft), accepted)
        elif len(run.tokens) < run.limit:
            self.decoder.begin(run)
        return StepCost(dispatches, reused)

    def _draw(self, sampler: Sampler, run: DecodeRun, logits: Tensor, draft: Sequence[int]) -> int:
        """Draws after each of the last rows for as long as the draft is what is drawn; how much of
        it was."""
        rows = logits.reshape(logits.size // self._vocabulary, self._vocabulary)
        first = len(run.tokens)
        if run.constraint is None:  # all at once; what comes after another token is not read
            for index in range(len(draft) + 1):
                self._encode_draw(sampler, run, rows[index], first + index)
            sampler.wait()
        for index in range(len(draft) + 1):
            if run.constraint is not None:
                sampler.allow(run.constraint.bits())
                self._encode_draw(sampler, run, rows[index], first + index)
                sampler.wait()
            token = sampler.read(run, first + index)
            self.decoder.check(run.tokens, token)
            run.append(token)
            if index == len(draft) or token != draft[index] or len(run.tokens) == run.limit:
                break
        return index

    def _encode_draw(self, sampler: Sampler, run: DecodeRun, logits: Tensor, position: int) -> None:
        for operation in sampler.operations(logits, self._token, run.seed, position):
            self._runtime.run(operation)

    def _prompt_logits(self, run: DecodeRun) -> tuple[int, Tensor]:
        """How many of the run's tokens were evaluated before, and the logits after the last."""
        tokens, shared = run.tokens, run.shared
        if shared is None or run.prompt_tokens != len(tokens):
            return self._prefill(tokens)
        is_there = shared.logits is not None and shared.version == self._version
        is_there = is_there and self.cache.shared_prefix(tokens) == len(tokens)
        if is_there and self.cache.keep(len(tokens)) == len(tokens):
            assert shared.logits is not None
            return len(tokens), shared.logits
        reused, logits = self._prefill(tokens)
        self.cache.recurrent.snapshot(Mark.BRANCH)
        shared.version = self._version
        shared.logits = self._runtime.dedicated((self._vocabulary,), DType.f32, name="logits")
        self._runtime.run(ops.Copy(x=logits.reshape(self._vocabulary), y=shared.logits))
        return reused, logits

    def _prefill(self, tokens: Sequence[int]) -> tuple[int, Tensor]:
        """How many of `tokens` were evaluated before, and the logits after the last."""
        shared = min(self.cache.shared_prefix(tokens), len(tokens) - 1)
        reused = self.cache.keep(shared)
        marks = {}
        if self.cache.recurrent.size:
            if reused < shared:
                marks[shared] = Mark.BRANCH
            marks[len(tokens) - 1] = Mark.PROMPT  # what answers it once more begins there
        batch = self.cache.prompt_batch
        start = reused
        while start < len(tokens):
            if start in marks:
                self.cache.recurrent.snapshot(marks[start])
            end = min(start + batch, len(tokens), *(at for at in marks if at > start))
            logits = self.forward.run(tokens[start:end], rows=1)
            start = end
        return reused, logits


class _ForgetOnError:
    """Empties the cache if its block fails: what it holds is not known then. Nor is what else the
    block was to write, a sampler's rings above all: the next one has memory of its own."""

    def __init__(self, cache: Cache, decoder: Decoder) -> None:
        self._cache = cache
        self._decoder = decoder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._decoder.abandon()
            self._cache.forget()
