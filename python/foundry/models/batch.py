"""Sequences that are decoded together: what a server keeps."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from foundry.call_errors import typed_calls
from foundry.engine.batch import BatchEngine
from foundry.engine.decode_run import DecodeRun
from foundry.errors import ArgumentError, BatchFullError, Error
from foundry.generation.arguments import checked_integer
from foundry.generation.log_probabilities import TokenLogProbability
from foundry.generation.messages import Message
from foundry.models.generation import FinishReason, Generation

if TYPE_CHECKING:
    from foundry.models.language_model import LanguageModel


@typed_calls
class BatchSequence(Iterator[str]):
    """One answer of a batch. Iterating over its text has the batch make steps, of all sequences.

    Made by `Batch.add`.
    """

    def __init__(self, batch: Batch, generation: Generation) -> None:
        self._batch = batch
        self._generation = generation
        self._unread = ""
        self._is_closed = False

    @property
    def prompt(self) -> list[int]:
        """The prompt's tokens."""
        return self._generation.prompt

    @property
    def tokens(self) -> list[int]:
        """The tokens generated so far, the one that ended the text not included."""
        return self._generation.tokens

    @property
    def text(self) -> str:
        """The text so far."""
        return self._generation.text

    @property
    def logprobs(self) -> list[TokenLogProbability]:
        """Of each of `tokens`, where `logprobs` was asked for."""
        return self._generation.logprobs

    @property
    def finish_reason(self) -> FinishReason | None:
        """Why it ended, as `Generation` has it; None while it is live, and where it was closed."""
        return self._generation.finish_reason

    def __repr__(self) -> str:
        state = self.finish_reason or ("closed" if self._is_closed else "live")
        return f"BatchSequence({len(self.tokens)} tokens, {state}: {self.text[-40:]!r})"

    def __next__(self) -> str:
        """The text that was not read yet, at least one character: after as many steps as it needs.

        Raises `ArgumentError` where it was closed before its end, and what `Batch.step` raises.
        """
        while not self._unread and self.finish_reason is None:
            if self._is_closed:
                raise ArgumentError(
                    f"batch: the sequence was closed after {len(self.tokens)} tokens, before its "
                    "end; add its prompt again"
                )
            self._batch.step()
        if not self._unread:
            raise StopIteration
        piece, self._unread = self._unread, ""
        return piece

    def take(self) -> str:
        """What a step left of it: the text that can be shown after that."""
        generation, piece = self._generation, ""
        if len(generation.run.tokens) > len(self.prompt) + len(self.tokens):
            piece = generation.advance()
            if self.finish_reason is None and len(generation.run.tokens) == generation.run.limit:
                piece += generation.advance()
        self._unread += piece
        return piece

    def close(self) -> None:
        """It leaves the batch, and another may join; nothing happens where it has left."""
        self._is_closed = True
        self._batch.leave(self)


@typed_calls
class Batch:
    """Up to so many sequences, each of its own length and sampling, that share every pass over the
    weights. They join and leave between any two steps. Calls from several threads take turns.

    Made by `LanguageModel.batch`; `with` closes it.
    """

    def __init__(self, model: LanguageModel, engine: BatchEngine, size: int) -> None:
        self._model = model
        self._engine = engine
        self.size = size
        """Sequences at once."""
        self._live: dict[BatchSequence, DecodeRun] = {}
        self._is_closed = False
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return (
            f"Batch({self._model.name!r}, {len(self._live)} of {self.size} sequences, "
            f"context {self.context_length})"
        )

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def context_length(self) -> int:
        """Tokens of a sequence at most, the prompt's included."""
        return self._engine.limit

    @property
    def sequences(self) -> tuple[BatchSequence, ...]:
        """Those that are live, in the order in which they joined."""
        with self._lock:
            return tuple(self._live)

    def add(self, prompt: str | Sequence[int] | Sequence[Message], **options: Any) -> BatchSequence:
        """A sequence that answers or continues `prompt`, which is evaluated now; the next step has
        its first token. `options` are those of `LanguageModel.generate`, but for drafts.

        Raises `BatchFullError` where there is no place, `ArgumentError` of a closed batch and for
        drafts, and what `generate` raises: `ContextLengthError` for a prompt that leaves no room in
        the batch's context.
        """
        with self._lock:
            self._require_open()
            if len(self._live) == self.size:
                raise BatchFullError(
                    f"batch: all {self.size} sequences are live; step until one ends, or close one"
                )
            for name in ("draft", "ngram"):
                if options.get(name) is not None:
                    raise ArgumentError(
                        f"batch: {name} is given; a step of a batch is one token of each sequence, "
                        "nothing is guessed"
                    )
            generation = self._model.generate(prompt, **options, _source=self._engine)
            sequence = BatchSequence(self, generation)
            self._live[sequence] = generation.run
            try:
                self._engine.add(generation.run)
            finally:
                self._let_go()
            return sequence

    def step(self) -> dict[BatchSequence, str]:
        """One token of each live sequence. By sequence the text that can be shown after it, which
        may be empty; those with a `finish_reason` have left.

        Raises `ModelError` for a sequence whose logits are not finite: it is closed, the others
        have their tokens. After any other exception all are closed. `ArgumentError` of a closed
        batch.
        """
        with self._lock:
            self._require_open()
            pieces: dict[BatchSequence, str] = {}
            try:
                self._engine.step()
            finally:
                for sequence in self.sequences:
                    pieces[sequence] = sequence.take()
                    if sequence.finish_reason is not None:
                        sequence.close()
                self._let_go()
            return pieces

    def answers(
        self,
        prompts: Iterable[str | Sequence[int] | Sequence[Message]],
        *,
        seed: int | None = None,
        **options: Any,
    ) -> Iterator[tuple[int, BatchSequence | Error]]:
        """Answers or continues each of `prompts`, which wait for a place: its index and its whole
        answer, as they end. `options` are those of `add`; the first one's seed is `seed`, the
        second's `seed` + 1 and so on.

        A prompt that fails has its error in place of an answer, what `add` or `step` raised, and
        the others go on. Those that are live where the iteration is left are closed. Raises
        `ArgumentError` of a closed batch.
        """
        self._require_open()
        first = secrets.randbits(64) if seed is None else checked_integer(seed, "generate: seed")
        return self._answers(prompts, first, options)

    def _answers(
        self,
        prompts: Iterable[str | Sequence[int] | Sequence[Message]],
        seed: int,
        options: dict[str, Any],
    ) -> Iterator[tuple[int, BatchSequence | Error]]:
        live: dict[BatchSequence, int] = {}
        waiting = enumerate(prompts)
        following = next(waiting, None)
        try:
            while following is not None or live:
                failure: Error | None = None
                if following is not None and len(self.sequences) < self.size:
                    (index, prompt), following = following, next(waiting, None)
                    try:
                        live[self.add(prompt, seed=seed + index, **options)] = index
                    except Error as error:
                        failure = error
                        yield index, error
                else:
                    try:
                        self.step()
                    except Error as error:
                        failure = error
                for sequence in [each for each in live if each not in self._live]:
                    index, is_whole = live.pop(sequence), sequence.finish_reason is not None
                    yield index, sequence if is_whole or failure is None else failure
        finally:
            for sequence in live:
                sequence.close()

    def leave(self, sequence: BatchSequence) -> None:
        """Frees the sequence's place, if it has one; `BatchSequence.close` calls it."""
        with self._lock:
            run = self._live.pop(sequence, None)
            if run is not None:
                self._engine.remove(run)

    def close(self) -> None:
        """All sequences are closed, and the caches' memory is given back."""
        with self._lock:
            for sequence in self.sequences:
                sequence.close()
            self._engine.close()
            self._is_closed = True

    def _let_go(self) -> None:
        """Closes what the engine has no more, after a failure."""
        for sequence, run in list(self._live.items()):
            if not self._engine.is_live(run):
                sequence.close()

    def _require_open(self) -> None:
        if self._is_closed:
            raise ArgumentError("batch: it is closed; make another with `LanguageModel.batch`")
