"""Logits that no token can be drawn from: where they come from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foundry import ops
from foundry._foundry import Foundry, Tensor
from foundry.engine.cache import Cache
from foundry.engine.forward import Forward
from foundry.engine.step import ACTIVATIONS, Step
from foundry.errors import ModelError

_BATCH = 256
"""Tokens that are evaluated at once."""


class Explainer:
    """Evaluates tokens once more, kernel by kernel, and looks at what each leaves."""

    def __init__(self, runtime: Foundry, forward: Forward, cache: Cache) -> None:
        self._runtime = runtime
        self._forward = forward
        self._cache = cache

    def error(self, tokens: Sequence[int], token: int) -> ModelError:
        """What `token`, drawn below zero after `tokens`, means (`ops.Argmax`, `ops.Sample`).

        The cache is empty afterwards.
        """
        return ModelError(
            f"no token can be drawn for position {len(tokens)}: its logits have a NaN or an "
            f"infinity, first at token {~token}; {self._origin(tokens)}"
        )

    def _origin(self, tokens: Sequence[int]) -> str:
        self._runtime.synchronize()  # what was encoded ahead still writes to the cache
        self._cache.keep(0)
        for start in range(0, len(tokens), _BATCH):
            part = tokens[start : start + _BATCH]
            with self._runtime.scope(ACTIVATIONS):
                found = self._first(self._forward.step(len(part)), part, start)
            if found is not None:
                return found
        return "evaluated again, every layer's output is finite"

    def _first(self, step: Step, tokens: Sequence[int], start: int) -> str | None:
        """The first operation that leaves something that is not finite, and where."""
        for name in step.activations:
            self._runtime.run(ops.Fill(y=step.activations[name], value=0))
        step.begin(tokens, start)
        layers = len(self._cache.layers)
        place = "the token embedding"
        for operation, layer in zip(step.operations, step.layers, strict=True):
            self._runtime.run(operation)
            written = [(name, tensor, 0) for name, tensor in step.activations.items()]
            if layer is not None:
                place = f"layer {layer} of {layers}"
                if isinstance(operation, ops.Attention):  # its input is written by then
                    written += self._kept(layer, start, len(tokens))
            elif place != "the token embedding":
                place = "the output layer"
            for name, tensor, first in written:
                row = _first_row(tensor)
                if row is not None:
                    row = first + row * len(tokens) // max(tensor.shape[0], len(tokens))
                    return (
                        f"the first to leave one is {type(operation).__name__} in {place}, "
                        f"in its {name}, at position {start + row}"
                    )
        return None

    def _kept(self, layer: int, start: int, count: int) -> list[tuple[str, Tensor, int]]:
        """Parts of the layer's keys and values, each with its first position after `start`."""
        kept = self._cache.of(layer)
        found, first = [], 0
        for here in self._cache.slots(layer, start, count):
            found.append(("key cache", kept.keys[here], first))
            found.append(("value cache", kept.values[here], first))
            first += here.stop - here.start
        return found


def _first_row(tensor: Tensor) -> int | None:
    """The first row with a NaN or an infinity."""
    values = tensor.copy_to_host()
    rows = ~np.isfinite(values.reshape(values.shape[0], -1)).all(axis=1)
    return int(np.argmax(rows)) if rows.any() else None
