"""One answer in the making: an iterator over pieces of text."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from foundry.call_errors import typed_calls
from foundry.engine.decode_run import DecodeRun, SharedPrompt
from foundry.engine.speculation import Speculation
from foundry.engine.token_source import TokenSource
from foundry.errors import ArgumentError
from foundry.generation.arguments import checked_integer, shown
from foundry.generation.constraint import Constraint
from foundry.generation.log_probabilities import TokenLogProbability
from foundry.generation.sampling import SamplingParameters
from foundry.generation.statistics import Statistics
from foundry.generation.stopping import Stop, StopText, resolve_stops

if TYPE_CHECKING:
    from foundry.models.language_model import LanguageModel

FinishReason = Literal["end", "stop", "length", "context"]


@typed_calls
class Generation(Iterator[str]):
    """Streams text; the model works only while it is iterated.

    Several generations of one model may be open at once: each finds its own tokens in the KV cache
    or evaluates them again.
    """

    def __init__(
        self,
        model: LanguageModel,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        sampling: SamplingParameters,
        seed: int,
        stop: Stop | Sequence[Stop],
        include_stop: bool,
        ignore_end: bool,
        top: int | None,
        constraint: Constraint | None,
        speculation: Speculation | None,
        shared: SharedPrompt | None,
        source: TokenSource,
    ) -> None:
        max_tokens = checked_integer(max_tokens, "generate: max_tokens")
        if max_tokens < 1:
            raise ArgumentError(f"generate: max_tokens is {shown(max_tokens)}, it must be positive")
        self._model = model
        self.prompt = list(prompt)
        """The prompt's tokens."""
        self._max_tokens = max_tokens
        self._source = source
        limit = min(len(self.prompt) + max_tokens, source.limit)
        self.run = DecodeRun(prompt, sampling, seed, limit, top, constraint, speculation, shared)
        self._end_ids = frozenset() if ignore_end else model.tokenizer.end_ids
        texts, self._stop_ids = resolve_stops(stop, model.tokenizer)
        self._stop = StopText(texts, include=include_stop)
        self._include_stop = include_stop
        self._decoder = model.tokenizer.stream()
        self.tokens: list[int] = []
        """The tokens generated so far, the one that ended the text not included."""
        self.logprobs: list[TokenLogProbability] = []
        """Of each of `tokens`, where `logprobs` was asked for."""
        self.text = ""
        """The text so far."""
        self.finish_reason: FinishReason | None = None
        """Why it ended: a token that ends the turn, `stop`, `max_tokens`, a full context."""
        self.statistics = Statistics(prompt_tokens=len(self.prompt))
        self._start: float | None = None

    def __repr__(self) -> str:
        state = self.finish_reason or "open"
        return f"Generation({len(self.tokens)} tokens, {state}: {self.text[-40:]!r})"

    def __next__(self) -> str:
        """The next piece, at least one character. Ctrl-C leaves the generation where it was."""
        piece = ""
        while not piece and self.finish_reason is None:
            piece = self.advance()
        if not piece:
            raise StopIteration
        return piece

    def advance(self) -> str:
        """Generates one token, or ends; the text that can be shown after it, which may be empty."""
        piece = self._step()
        self.text += piece
        return piece

    def _step(self) -> str:
        if len(self.tokens) == self._max_tokens:
            return self._finish("length")
        if len(self.prompt) + len(self.tokens) == self._source.limit:
            return self._finish("context")
        begin = time.perf_counter()
        self._start = self._start or begin
        token, step = self._source.next_token(self.run, len(self.prompt) + len(self.tokens))
        now = time.perf_counter()

        cost = self.statistics
        cost.generated_tokens += 1
        if cost.generated_tokens == 1:
            cost.time_to_first_token = now - self._start
            cost.reused_tokens = step.reused_tokens
        else:
            cost.decode_seconds += now - begin
            cost.decode_dispatches += step.dispatches
        if self.run.speculation is not None:
            cost.drafted_tokens = self.run.speculation.drafted
            cost.accepted_tokens = self.run.speculation.accepted
        if token in self._stop_ids:
            text = self._finish("stop")
            named = self._model.tokenizer.stream(skip_special=False)
            return text + named.push(token) + named.finish() if self._include_stop else text
        if token in self._end_ids:
            return self._finish("end")
        if self.run.top is not None:
            position = len(self.prompt) + len(self.tokens)
            self.logprobs.append(self.run.log_probabilities[position])
        self.tokens.append(token)
        shown = self._stop.push(self._decoder.push(token))
        if self._stop.matched is not None:
            self.finish_reason = "stop"
        return shown

    def _finish(self, reason: FinishReason) -> str:
        self.finish_reason = reason
        shown = self._stop.push(self._decoder.finish())
        return shown + self._stop.finish()
