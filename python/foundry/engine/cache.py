"""What layers keep of the tokens evaluated so far: keys and values, which grow, or a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from foundry import ops
from foundry._foundry import DType, Foundry, Tensor
from foundry.engine.recurrent_states import RecurrentStates

CACHE_DTYPES = (DType.f16, DType.bf16, DType.f32)
_INITIAL = 256  # positions


@dataclass(frozen=True)
class KeysValues:
    """Keys, (positions, heads, key_size), and values, (positions, heads, value_size)."""

    heads: int
    key_size: int
    value_size: int


@dataclass(frozen=True)
class LayerCache:
    """What one layer keeps: keys and values, or a state, or both, or nothing."""

    attention: KeysValues | None = None
    state: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Shapes of tensors of f32, by name."""


class Cache:
    """The caches of all layers, and the tokens that they are of."""

    def __init__(
        self, runtime: Foundry, layers: Sequence[LayerCache], *, limit: int, dtype: DType
    ) -> None:
        self._runtime = runtime
        self.layers = layers
        self.dtype = dtype
        """Of keys and values."""
        self.limit = limit
        """Positions at most: the context length."""
        self.capacity = 0
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}
        """Of the layers that have them, by index."""
        self.recurrent = RecurrentStates(runtime, [layer.state for layer in layers])
        self.generation = 0
        """Counts the times that the tensors were replaced."""
        self.tokens: list[int] = []
        """The tokens that it is of, from position 0 on."""

    @property
    def tensors(self) -> list[Tensor]:
        """All that steps read and write, each by a name of its own."""
        recurrent = [] if self.recurrent.tensor is None else [self.recurrent.tensor]
        return [*self.keys.values(), *self.values.values(), *recurrent]

    def forget(self) -> None:
        """After an exception: it holds nothing, and what a failed command buffer was to write is
        not read again."""
        self.capacity = 0
        self.keys = {}
        self.values = {}
        self.recurrent.forget()
        self.tokens.clear()

    def reserve(self, positions: int) -> bool:
        """Makes room for so many positions, the limit at most; whether the tensors are new ones."""
        if positions <= self.capacity:
            return False
        old_capacity = self.capacity
        self.capacity = min(self.limit, max(_INITIAL, 2 * old_capacity, positions))
        shapes = {i: layer.attention for i, layer in enumerate(self.layers) if layer.attention}
        if not shapes:
            self.capacity = self.limit
        key_shapes = {i: (shape.heads, shape.key_size) for i, shape in shapes.items()}
        value_shapes = {i: (shape.heads, shape.value_size) for i, shape in shapes.items()}
        self.keys = self._grown(self.keys, key_shapes, "key", old_capacity)
        self.values = self._grown(self.values, value_shapes, "value", old_capacity)
        self.recurrent.allocate()
        self.generation += 1
        return True

    def keep(self, count: int) -> int:
        """Goes back to the first `count` of its tokens, or to fewer: as many as every layer can go
        on from. How many they are."""
        kept = self.recurrent.go_back(min(count, len(self.tokens)))
        del self.tokens[kept:]
        return kept

    def shared_prefix(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` it is of already, from the first on."""
        known = self.tokens
        if len(known) < len(tokens) and known == tokens[: len(known)]:
            return len(known)  # the usual case: one more token
        pairs = zip(known, tokens, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(known), len(tokens)))

    def _grown(
        self,
        old: Mapping[int, Tensor],
        shapes: Mapping[int, tuple[int, int]],
        what: str,
        old_capacity: int,
    ) -> dict[int, Tensor]:
        grown = {
            layer: self._runtime.dedicated(
                (self.capacity, *shape), self.dtype, name=f"{what} cache {layer}"
            )
            for layer, shape in shapes.items()
        }
        for layer, source in old.items():
            self._runtime.run(ops.Copy(x=source, y=grown[layer][:old_capacity]))
        return grown
