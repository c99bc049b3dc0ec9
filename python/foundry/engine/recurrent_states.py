"""What recurrent layers keep of the tokens before: tensors of fixed shapes, and snapshots of them.

A state cannot be cut to fewer tokens. It is copied where someone may come back to, and going back
takes the snapshot of the most tokens that are not too many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from foundry import ops
from foundry._foundry import DType, Foundry, Tensor

_ALIGNMENT = 64
"""Elements: every tensor starts where any device can bind it."""


class Mark(Enum):
    """Why a snapshot is made. Each has one place, those of decoding take turns at two."""

    PROMPT = "a prompt may be continued otherwise"
    BRANCH = "prompts were seen to part here"
    AHEAD = "tokens are decoded that may not be wanted"


_PLACES = ((Mark.PROMPT, 0), (Mark.BRANCH, 0), (Mark.AHEAD, 0), (Mark.AHEAD, 1))


@dataclass
class Snapshot:
    """The state after so many of the cache's tokens; of none it is void."""

    position: int
    tensor: Tensor


class RecurrentStates:
    """The tensors of all layers, f32, views of one tensor; nothing where no layer has any.

    Nobody reads the state before the first token: what evaluates position 0 takes it as zeros.
    """

    def __init__(self, runtime: Foundry, shapes: Sequence[Mapping[str, tuple[int, ...]]]) -> None:
        self._runtime = runtime
        self._places: list[dict[str, tuple[int, tuple[int, ...]]]] = []
        self.size = 0
        """Elements of all; 0 where there are no states."""
        for layer in shapes:
            self._places.append({})
            for name, shape in layer.items():
                self._places[-1][name] = (self.size, shape)
                self.size += -(-math.prod(shape) // _ALIGNMENT) * _ALIGNMENT
        self.tensor: Tensor | None = None
        """f32 (size,): the state after `position` tokens."""
        self.position = 0
        """0 also where it is not known: what begins there reads nothing."""
        self._snapshots: dict[tuple[Mark, int], Snapshot] = {}
        self._turn = 0

    def allocate(self) -> None:
        if self.size and self.tensor is None:
            self.tensor = self._new("recurrent states")

    def forget(self) -> None:
        """The state and all snapshots; their memory is not used again."""
        self.tensor = None
        self.position = 0
        self._snapshots.clear()

    def of(self, layer: int) -> dict[str, Tensor]:
        """The layer's tensors by name."""
        found = {}
        for name, (first, shape) in self._places[layer].items():
            assert self.tensor is not None
            found[name] = self.tensor[first : first + math.prod(shape)].reshape(shape)
        return found

    @contextmanager
    def moving_to(self, position: int) -> Iterator[None]:
        """Around the encoding of what takes it there; an exception leaves it unknown."""
        self.position = 0
        yield
        self.position = position

    def snapshot(self, mark: Mark) -> None:
        """Copies the state that what is encoded so far leaves."""
        if not self.position or self.tensor is None:
            return
        if mark is Mark.AHEAD:
            self._turn ^= 1
        place = (mark, self._turn if mark is Mark.AHEAD else 0)
        older = self._snapshots.pop(place, None)
        tensor = self._new("recurrent states before") if older is None else older.tensor
        self._runtime.run(ops.Copy(x=self.tensor, y=tensor))
        self._snapshots[place] = Snapshot(self.position, tensor)

    def go_back(self, position: int) -> int:
        """To the state after `position` tokens or fewer: after how many. Snapshots of more are of
        tokens that will be others."""
        if not self.size:
            return position
        for snapshot in self._snapshots.values():
            if snapshot.position > position:
                snapshot.position = 0
        if self.position > position:
            self.position = 0
        best = max(self._snapshots.values(), key=lambda one: one.position, default=None)
        if best is not None and best.position > self.position and self.tensor is not None:
            self.position = 0
            self._runtime.run(ops.Copy(x=best.tensor, y=self.tensor))
            self.position = best.position
        return self.position

    def by_position(self) -> dict[int, Tensor]:
        """The state and its snapshots."""
        found = {one.position: one.tensor for one in self._snapshots.values() if one.position}
        if self.position and self.tensor is not None:
            found[self.position] = self.tensor
        return found

    def load(self, saved: Mapping[int, NDArray[np.float32]]) -> None:
        """What by_position() gave, from `allocate()` on."""
        for place, position in zip(_PLACES, sorted(saved)[:-1], strict=False):
            snapshot = Snapshot(position, self._new("recurrent states before"))
            snapshot.tensor.copy_from(saved[position])
            self._snapshots[place] = snapshot
        if saved and self.tensor is not None:
            self.tensor.copy_from(saved[max(saved)])
            self.position = max(saved)

    def _new(self, name: str) -> Tensor:
        return self._runtime.dedicated((self.size,), DType.f32, name=name)
