"""What layers keep of the tokens evaluated so far: keys and values, which grow, or a state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from foundry import ops
from foundry._foundry import DType, Foundry, Tensor
from foundry.engine.recurrent_states import RecurrentStates
from foundry.errors import UnsupportedModelError

CACHE_DTYPES = (DType.f16, DType.bf16, DType.f32, DType.q8_0, DType.q4_0)
PREFILL_BATCH = 256
"""Tokens that are evaluated at once at most, where layers have windows; of a prompt anyway."""
MATRIX_UNITS_BATCH = 512
"""The same of a prompt on a device with matrix units, where no layer has a window: the more tokens,
the less it weighs that weights are decoded for them."""
_INITIAL = 256  # positions
_STEP = 32  # positions that attention takes at a time: a ring is a number of these


@dataclass(frozen=True)
class KeysValues:
    """Keys, (positions, heads, key_size), and values, (positions, heads, value_size)."""

    heads: int
    key_size: int
    value_size: int
    shared: bool = False
    """Values are the first elements of keys, and take no memory of their own."""
    window: int = 0
    """Positions that a token attends to at most, its own among them; 0 for all."""

    def positions(self, limit: int) -> int:
        """How many are kept of `limit`. With a window it is what the tokens evaluated at once
        attend to, which are more than are decoded ahead."""
        if not self.window:
            return limit
        needed = self.window + PREFILL_BATCH - 1
        return min(limit, -(-needed // _STEP) * _STEP)

    def refusal(self, dtype: DType) -> str:
        """Why they cannot be kept in it, or nothing. Blocks are parts of a head; latents, which all
        heads share, are not encoded."""
        if dtype.is_block and self.shared:
            return "latents, which layers of this model keep; supported: f16, bf16, f32"
        for size in (self.key_size, self.value_size):
            if size % dtype.block_elements:
                return (
                    f"heads of {size} elements; supported: f16, bf16, f32, or heads of a multiple "
                    f"of {dtype.block_elements}"
                )
        return ""

    @property
    def elements(self) -> int:
        """Of one position."""
        return self.heads * (self.key_size + (0 if self.shared else self.value_size))


@dataclass(frozen=True)
class LayerCache:
    """What one layer keeps: keys and values, or a state, or both, or nothing."""

    attention: KeysValues | None = None
    state: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Shapes of tensors of f32, by name."""
    keys_of: int | None = None
    """The layer whose keys and values it attends to, where it has none of its own."""


@dataclass(frozen=True)
class Kept:
    """What a layer's attention reads and writes."""

    keys: Tensor
    values: Tensor
    ring: bool
    """Position p is in slot p % capacity."""


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
        """Of the layers that have some of their own, by index."""
        self.recurrent = RecurrentStates(runtime, [layer.state for layer in layers])
        self.generation = 0
        """Counts the times that the tensors were replaced."""
        self.tokens: list[int] = []
        """The tokens that it is of, from position 0 on."""
        self.written = 0
        """The position after the last that was evaluated since it began at 0."""
        self._attention = {i: of.attention for i, of in enumerate(layers) if of.attention}
        for kept in self._attention.values():
            if why := kept.refusal(dtype):
                raise UnsupportedModelError(f"cache: unsupported dtype {dtype.name} of {why}")

    @property
    def tensors(self) -> list[Tensor]:
        """All that steps read and write, each by a name of its own."""
        recurrent = [] if self.recurrent.tensor is None else [self.recurrent.tensor]
        return [*self.keys.values(), *self.values.values(), *recurrent]

    @property
    def grown_names(self) -> list[str]:
        """Of the tensors that have a row for each position."""
        kept = [*self.keys.items(), *self.values.items()]
        return [tensor.name for layer, tensor in kept if not self._is_ring(layer)]

    @property
    def ring_windows(self) -> dict[str, int]:
        """By name the tensors that keep the last positions, and how many a token attends to."""
        kept = [*self.keys.items(), *self.values.items()]
        rings = [(layer, tensor) for layer, tensor in kept if self._is_ring(layer)]
        return {tensor.name: self._attention[layer].window for layer, tensor in rings}

    @property
    def state_names(self) -> list[str]:
        """Of those that are of the last token."""
        return [] if self.recurrent.tensor is None else [self.recurrent.tensor.name]

    def of(self, layer: int) -> Kept:
        """Of a layer with attention."""
        layer = self._owner(layer)
        shape, keys = self._attention[layer], self.keys[layer]
        values = keys[:, :, : shape.value_size] if shape.shared else self.values[layer]
        return Kept(keys, values, self._is_ring(layer))

    def _owner(self, layer: int) -> int:
        of = self.layers[layer].keys_of
        return layer if of is None else of

    @property
    def has_rings(self) -> bool:
        """Whether some layers keep a part of the positions."""
        return any(map(self._is_ring, self._attention))

    def _is_ring(self, layer: int) -> bool:
        """It does not grow: programs go on with it as they were recorded."""
        return self._attention[layer].positions(self.limit) < self.limit

    def slots(self, layer: int, first: int, count: int) -> list[slice]:
        """Where a layer keeps neighbouring positions, in their order."""
        layer = self._owner(layer)
        if not self._is_ring(layer):
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
        self.capacity = 0
        self.keys = {}
        self.values = {}
        self.recurrent.forget()
        self.tokens.clear()
        self.written = 0

    def reserve(self, positions: int) -> bool:
        """Makes room for so many positions, the limit at most; whether the tensors are new ones."""
        if positions <= self.capacity:
            return False
        self.capacity = min(self.limit, max(_INITIAL, 2 * self.capacity, positions))
        if not self._attention:
            self.capacity = self.limit
        shapes = self._attention.items()
        key_shapes = {i: (of.heads, of.key_size) for i, of in shapes}
        value_shapes = {i: (of.heads, of.value_size) for i, of in shapes if not of.shared}
        self.keys = self._grown(self.keys, key_shapes, "key")
        self.values = self._grown(self.values, value_shapes, "value")
        self.recurrent.allocate()
        self.generation += 1
        return True

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

    def _grown(
        self,
        old: Mapping[int, Tensor],
        shapes: Mapping[int, tuple[int, int]],
        what: str,
    ) -> dict[int, Tensor]:
        grown = {}
        for layer, shape in shapes.items():
            capacity = self.capacity
            if self._is_ring(layer):
                capacity = self._attention[layer].positions(self.limit)
            source = old.get(layer)
            if source is not None and source.shape[0] == capacity:
                grown[layer] = source
                continue
            grown[layer] = self._runtime.dedicated(
                (capacity, *shape), self.dtype, name=f"{what} cache {layer}"
            )
            if source is not None:
                self._runtime.run(ops.Copy(x=source, y=grown[layer][: source.shape[0]]))
        return grown


def cache_elements(layers: Sequence[LayerCache], limit: int) -> tuple[int, int]:
    """Of keys and values: elements for each position, and those that windows take for all."""
    each = windows = 0
    for of in (layer.attention for layer in layers if layer.attention):
        if of.positions(limit) < limit:
            windows += of.positions(limit) * of.elements
        else:
            each += of.elements
    return each, windows
