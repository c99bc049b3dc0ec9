"""What layers keep of several sequences, each in a slot of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foundry._foundry import DType, Foundry, Tensor
from foundry.engine.kept import Kept, KeptTensors, LayerCache


class SequenceCaches(KeptTensors):
    """The caches of all slots, which grow together."""

    def __init__(
        self,
        runtime: Foundry,
        layers: Sequence[LayerCache],
        *,
        sequences: int,
        limit: int,
        dtype: DType,
    ) -> None:
        super().__init__(runtime, layers, limit=limit, dtype=dtype, sequences=sequences)
        self._states: list[dict[str, Tensor]] = []

    def state_of(self, layer: int) -> Mapping[str, Tensor]:
        """A recurrent layer's tensors by name, of all slots."""
        return self._states[layer]

    def reserve(self, positions: int) -> bool:
        """Makes room for so many positions of each sequence, the limit at most; whether the tensors
        are new ones."""
        if not self._states:
            self._states = [self._new_states(index) for index in range(len(self.layers))]
        return super().reserve(positions)

    def forget(self) -> None:
        """Their memory is not used again; whoever still reads it keeps it."""
        super().forget()
        self._states = []

    def _new_states(self, layer: int) -> dict[str, Tensor]:
        return {
            name: self._runtime.dedicated((*self._lead, *shape), DType.f32, name=f"{name} {layer}")
            for name, shape in self.layers[layer].state.items()
        }


@dataclass(frozen=True)
class SlotCaches:
    """One sequence's part of them."""

    caches: SequenceCaches
    slot: int

    def of(self, layer: int) -> Kept:
        """Of a layer with attention."""
        all_of = self.caches.of(layer)
        return Kept(all_of.keys[self.slot], all_of.values[self.slot], all_of.ring)

    def state_of(self, layer: int) -> Mapping[str, Tensor]:
        """A recurrent layer's tensors by name."""
        states = self.caches.state_of(layer)
        return {name: tensor[self.slot] for name, tensor in states.items()}
