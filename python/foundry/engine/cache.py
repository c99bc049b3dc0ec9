"""What layers keep of one sequence's tokens, evaluated so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from foundry._foundry import DType, Foundry, Tensor
from foundry.engine.kept import KeptTensors, LayerCache
from foundry.engine.recurrent_states import RecurrentStates


class Cache(KeptTensors):
    """The caches of all layers, and the tokens that they are of."""

    def __init__(
        self, runtime: Foundry, layers: Sequence[LayerCache], *, limit: int, dtype: DType
    ) -> None:
        super().__init__(runtime, layers, limit=limit, dtype=dtype)
        self.recurrent = RecurrentStates(runtime, [layer.state for layer in layers])
        self.tokens: list[int] = []
        """The tokens that it is of, from position 0 on."""
        self.written = 0
        """The position after the last that was evaluated since it began at 0."""

    @property
    def tensors(self) -> list[Tensor]:
        """All that steps read and write, each by a name of its own."""
        recurrent = [] if self.recurrent.tensor is None else [self.recurrent.tensor]
        return [*self.keys.values(), *self.values.values(), *recurrent]

    @property
    def grown_names(self) -> list[str]:
        """Of the tensors that have a row for each position."""
        kept = [*self.keys.items(), *self.values.items()]
        return [tensor.name for layer, tensor in kept if not self.is_ring(layer)]

    @property
    def ring_windows(self) -> dict[str, int]:
        """By name the tensors that keep the last positions, and how many a token attends to."""
        kept = [*self.keys.items(), *self.values.items()]
        rings = [(layer, tensor) for layer, tensor in kept if self.is_ring(layer)]
        return {tensor.name: self._attention[layer].window for layer, tensor in rings}

    @property
    def state_names(self) -> list[str]:
        """Of those that are of the last token."""
        return [] if self.recurrent.tensor is None else [self.recurrent.tensor.name]

    def state_of(self, layer: int) -> Mapping[str, Tensor]:
        """A recurrent layer's tensors by name."""
        return self.recurrent.of(layer)

    def slots(self, layer: int, first: int, count: int) -> list[slice]:
        """Where a layer keeps neighbouring positions, in their order."""
        layer = self.owner(layer)
        if not self.is_ring(layer):
            return [slice(first, first + count)]
        capacity = self._attention[layer].positions(self.limit)
        begin = first % capacity
        end = min(begin + count, capacity)
        rest = count - (end - begin)
        return [slice(begin, end), *([slice(0, rest)] if rest else [])]

    def first_of(self, layer: int) -> int:
        """The first position that a layer still keeps."""
        return max(0, self.written - self._attention[layer].positions(self.limit))

    @contextmanager
    def moving_to(self, position: int) -> Iterator[None]:
        """Around the encoding of what evaluates the tokens before `position`."""
        self.written = max(self.written, position)
        with self.recurrent.moving_to(position):
            yield

    def forget(self) -> None:
        """After an exception: it holds nothing, and what a failed command buffer was to write is
        not read again."""
        super().forget()
        self.recurrent.forget()
        self.tokens.clear()
        self.written = 0

    def reserve(self, positions: int) -> bool:
        """Makes room for so many positions, the limit at most; whether the tensors are new ones."""
        self.recurrent.allocate()
        return super().reserve(positions)

    def keep(self, count: int) -> int:
        """Goes back to the first `count` of its tokens, or to fewer: as many as every layer can go
        on from. How many they are."""
        kept = self.recurrent.go_back(self._held(min(count, len(self.tokens))))
        if self._held(kept) < kept:
            kept = self.recurrent.go_back(0)
        del self.tokens[kept:]
        if kept == 0:
            self.written = 0
        return kept

    def _held(self, count: int) -> int:
        """`count`, if all layers have what the token after so many attends to; or else 0."""
        for layer, of in self._attention.items():
            if of.window and self.first_of(layer) > max(0, count - of.window + 1):
                return 0
        return count

    def shared_prefix(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` it is of already, from the first on."""
        known = self.tokens
        if len(known) < len(tokens) and known == tokens[: len(known)]:
            return len(known)  # the usual case: one more token
        pairs = zip(known, tokens, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(known), len(tokens)))
