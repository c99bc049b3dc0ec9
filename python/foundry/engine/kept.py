"""What layers keep of earlier tokens: keys and values, which grow with them, or a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from foundry import ops
from foundry._foundry import DType, Foundry, Tensor
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


class LayerCaches(Protocol):
    """What a model's steps read and write."""

    def of(self, layer: int) -> Kept:
        """Of a layer with attention."""

    def state_of(self, layer: int) -> Mapping[str, Tensor]:
        """A recurrent layer's tensors by name."""


class KeptTensors:
    """The keys and values of all layers: of one sequence, or of several, each at its index of one
    more dimension, the outermost."""

    def __init__(
        self,
        runtime: Foundry,
        layers: Sequence[LayerCache],
        *,
        limit: int,
        dtype: DType,
        sequences: int | None = None,
    ) -> None:
        self._runtime = runtime
        self._lead = () if sequences is None else (sequences,)
        self.layers = layers
        self.dtype = dtype
        """Of keys and values."""
        self.limit = limit
        """Positions at most: the context length."""
        self.capacity = 0
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}
        """Of the layers that have some of their own, by index."""
        self.generation = 0
        """Counts the times that the tensors were replaced."""
        self._attention = {i: of.attention for i, of in enumerate(layers) if of.attention}
        for kept in self._attention.values():
            if why := kept.refusal(dtype):
                raise UnsupportedModelError(f"cache: unsupported dtype {dtype.name} of {why}")

    def of(self, layer: int) -> Kept:
        """Of a layer with attention."""
        layer = self.owner(layer)
        shape, keys = self._attention[layer], self.keys[layer]
        values = keys[..., : shape.value_size] if shape.shared else self.values[layer]
        return Kept(keys, values, self.is_ring(layer))

    def owner(self, layer: int) -> int:
        """The layer whose keys and values it attends to."""
        of = self.layers[layer].keys_of
        return layer if of is None else of

    @property
    def has_rings(self) -> bool:
        """Whether some layers keep a part of the positions."""
        return any(map(self.is_ring, self._attention))

    @property
    def prompt_batch(self) -> int:
        """Tokens of a prompt that are evaluated at once."""
        if self._runtime.device.traits.has_matrix_units and not self.has_rings:
            return MATRIX_UNITS_BATCH
        return PREFILL_BATCH

    def is_ring(self, layer: int) -> bool:
        """It does not grow: programs go on with it as they were recorded."""
        return self._attention[layer].positions(self.limit) < self.limit

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
        self.generation += 1
        return True

    def forget(self) -> None:
        """Their memory is not used again; whoever still reads it keeps it."""
        self.capacity = 0
        self.keys = {}
        self.values = {}

    def _grown(
        self,
        old: Mapping[int, Tensor],
        shapes: Mapping[int, tuple[int, int]],
        what: str,
    ) -> dict[int, Tensor]:
        grown = {}
        axis = len(self._lead)  # of positions
        for layer, shape in shapes.items():
            capacity = self.capacity
            if self.is_ring(layer):
                capacity = self._attention[layer].positions(self.limit)
            source = old.get(layer)
            if source is not None and source.shape[axis] == capacity:
                grown[layer] = source
                continue
            grown[layer] = self._runtime.dedicated(
                (*self._lead, capacity, *shape), self.dtype, name=f"{what} cache {layer}"
            )
            if source is not None:
                self._copy(source, grown[layer])
        return grown

    def _copy(self, old: Tensor, new: Tensor) -> None:
        """Its positions, sequence by sequence where there are several."""
        pairs = [(old, new)]
        if self._lead:
            pairs = [(old[index], new[index]) for index in range(self._lead[0])]
        for own, grown in pairs:
            self._runtime.run(ops.Copy(x=own, y=grown[: own.shape[0]]))


def cache_elements(layers: Sequence[LayerCache], limit: int) -> tuple[int, int]:
    """Of keys and values: elements for each position, and those that windows take for all."""
    each = windows = 0
    for of in (layer.attention for layer in layers if layer.attention):
        if of.positions(limit) < limit:
            windows += of.positions(limit) * of.elements
        else:
            each += of.elements
    return each, windows
