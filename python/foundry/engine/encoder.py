"""What evaluates whole texts: several in one step, callers take turns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import Foundry
from foundry.engine.prepare import Progress, prepare
from foundry.engine.step import ACTIVATIONS, Step

_TOGETHER = 256
"""Tokens of several texts that are evaluated at once, or those of one that is longer."""
_USUAL = 32  # tokens of the step that is prepared


class MakeEncoding(Protocol):
    """What a model is to the encoder."""

    def __call__(self, lengths: Sequence[int]) -> Step:
        """The kernels for texts of so many tokens each, with the last states of all."""


class Encoder:
    """Evaluates one model's texts. Calls from several threads take turns."""

    def __init__(
        self, runtime: Foundry, make_step: MakeEncoding, check_file: Callable[[], None]
    ) -> None:
        self._runtime = runtime
        self._make_step = make_step
        self._check_file = check_file
        """Raises where the weights are no longer what they were."""
        self._lock = threading.Lock()

    def prepare(self, progress: Progress | None, limit: int) -> None:
        """Compiles what a text of usual length runs."""
        with self._runtime.scope(ACTIVATIONS):
            step = self._make_step([min(_USUAL, limit)])
            prepare(self._runtime, step.operations, progress)

    def states(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """For each text f32 (tokens, hidden)."""
        found: list[NDArray[np.float32]] = []
        with self._lock:
            self._check_file()
            for batch in _batches(texts):
                found += self._evaluate(batch)
        return found

    def _evaluate(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        lengths = [len(text) for text in texts]
        with self._runtime.scope(ACTIVATIONS):
            step = self._make_step(lengths)
            step.run([token for text in texts for token in text], 0)
            states = step.states.copy_to_host()
        return np.split(states, np.cumsum(lengths)[:-1])


def _batches(texts: Sequence[Sequence[int]]) -> list[list[Sequence[int]]]:
    batches: list[list[Sequence[int]]] = []
    left = 0
    for text in texts:
        if len(text) > left:
            batches.append([])
            left = _TOGETHER
        batches[-1].append(text)
        left -= len(text)
    return batches
