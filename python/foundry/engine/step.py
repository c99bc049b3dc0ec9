"""The kernels that evaluate a number of tokens, bound to buffers of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foundry import ops
from foundry._foundry import DType, Foundry, FusedKernel, Parameter, Tensor

ACTIVATIONS = "activations"
"""The arena of what a step computes."""
FEW = 8
"""Tokens that are evaluated by the kernels of one, each as if alone, bit for bit."""
_Positional = (
    ops.Embedding
    | ops.QkvLinear
    | ops.Rope
    | ops.RopeKvWrite
    | ops.LatentWrite
    | ops.Attention
    | ops.CausalConv
    | ops.SsmScan
    | ops.GatedDeltaNet
)


class Step:
    """What a model puts together: buffers, then operations in their order, then `logits`."""

    def __init__(self, runtime: Foundry, tokens: int, *, of_sequences: bool = False) -> None:
        self._runtime = runtime
        self._positional: list[_Positional | FusedKernel] = []
        self._scratch: dict[str, Tensor] = {}
        self._layer: int | None = None
        self._states: Tensor | None = None
        self.tokens = tokens
        self.ids = runtime.empty((tokens,), DType.i32, name="ids", arena=ACTIVATIONS)
        """i32 (tokens,): what encode() evaluates."""
        self.places: Tensor | None = None
        """u32 (tokens, 2): each token's position and sequence, where they are of several."""
        if of_sequences:
            self.places = runtime.empty((tokens, 2), DType.u32, name="places", arena=ACTIVATIONS)
        self.operations: list[ops.Operation] = []
        self.layers: list[int | None] = []
        """For each operation its layer; None outside of them."""
        self.activations: dict[str, Tensor] = {}
        """By name, what `operations` compute, but for the cache; f32, a row for each token."""

    @property
    def logits(self) -> Tensor:
        """f32 (rows, vocabulary)."""
        return self.activations["logits"]

    @property
    def states(self) -> Tensor:
        """f32 (tokens, hidden), in place of logits: what the last layer leaves."""
        assert self._states is not None
        return self._states

    # --- what a model calls ---

    def name_states(self, states: Tensor) -> None:
        self._states = states

    def buffer(self, name: str, columns: int, rows: int | None = None) -> Tensor:
        """f32 (rows, columns), a row for each token unless said otherwise: one for each name and
        size, which layers may differ in."""
        shape = (self.tokens if rows is None else rows, columns)
        if name in self.activations and self.activations[name].shape != shape:
            name = f"{name} of {columns}"
        if name not in self.activations:
            self.activations[name] = self._runtime.empty(
                shape, DType.f32, name=name, arena=ACTIVATIONS
            )
        return self.activations[name]

    def scratch(self, name: str, size: int) -> Tensor:
        """f32 (size,), which nobody looks at: one for each name."""
        if name not in self._scratch:
            self._scratch[name] = self._runtime.empty(
                (size,), DType.f32, name=name, arena=ACTIVATIONS
            )
        return self._scratch[name]

    def planes(self, x: Tensor) -> Tensor | None:
        """Scratch for products of `x` on a processor's matrix units, if the device has some and `x`
        more tokens than a few."""
        if x.shape[0] <= FEW or not self._runtime.device.traits.has_matrix_units:
            return None
        size = ops.linear_scratch(*x.shape)
        return self.once(
            f"{size} of planes",
            lambda: self._runtime.empty((size,), DType.bf16, name="planes", arena=ACTIVATIONS),
        )

    def integers(self, name: str, shape: tuple[int, ...], dtype: DType) -> Tensor:
        """What operations choose or count: one for each name."""
        if name not in self._scratch:
            self._scratch[name] = self._runtime.empty(shape, dtype, name=name, arena=ACTIVATIONS)
        return self._scratch[name]

    def constant(self, name: str, values: NDArray[np.int32]) -> Tensor:
        """Numbers that stay as they are: one tensor for each name."""
        return self.once(name, lambda: self._runtime.tensor(values, name=name))

    def once(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        """What `make` gives, which adds the operations for it, the first time."""
        if name not in self._scratch:
            self._scratch[name] = make()
        return self._scratch[name]

    def begin_layer(self, index: int | None) -> None:
        """What is added from here on is of this layer, or of none."""
        self._layer = index

    def add_at_position(self, operation: FusedKernel) -> None:
        """A kernel with stages that take the position of the first token."""
        self.add(operation)
        self._positional.append(operation)

    def add(self, *operations: ops.Operation) -> None:
        for operation in operations:
            self.operations.append(operation)
            self.layers.append(self._layer)
            if isinstance(operation, _Positional):
                self._positional.append(operation)

    # --- what the engine calls ---

    def run(self, tokens: Sequence[int], start: int) -> None:
        """Encodes everything for `tokens` at positions `start` and on; does not wait."""
        self.begin(tokens, start)
        self._run_all()

    def run_sequences(self, tokens: Sequence[int], places: Sequence[tuple[int, int]]) -> None:
        """The same for tokens of several sequences: of each the position and the sequence."""
        assert self.places is not None
        self.ids.copy_from(np.asarray(tokens, np.int32))
        self.places.copy_from(np.asarray(places, np.uint32))
        self._run_all()

    def encode(self, start: int | Parameter) -> None:
        """Encodes everything for the tokens in `ids`."""
        self._place(start)
        self._run_all()

    def encode_layers(self, start: int | Parameter) -> None:
        """The same up to the last layer: what the caches keep of the tokens, and no logits."""
        self._place(start)
        last = max(index for index, layer in enumerate(self.layers) if layer is not None)
        for operation in self.operations[: last + 1]:
            self._runtime.run(operation)

    def begin(self, tokens: Sequence[int], start: int) -> None:
        """Readies `operations` for `tokens` at positions `start` and on."""
        self.ids.copy_from(np.asarray(tokens, np.int32))
        self._place(start)

    def _place(self, start: int | Parameter) -> None:
        for positional in self._positional:
            positional.start = start

    def _run_all(self) -> None:
        for operation in self.operations:
            self._runtime.run(operation)


class MakeStep(Protocol):
    """What a model is to the engine."""

    def __call__(self, tokens: int, rows: int) -> Step:
        """The kernels for so many tokens, with logits of the last `rows`, on the cache of now."""
