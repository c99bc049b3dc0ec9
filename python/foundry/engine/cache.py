"""Keys and values of the tokens evaluated so far; grows on demand."""

from __future__ import annotations

from collections.abc import Sequence

from foundry import ops
from foundry._foundry import DType, Foundry, Tensor

CACHE_DTYPES = (DType.f16, DType.bf16, DType.f32)
_INITIAL = 256  # positions


class KvCache:
    """A (capacity, kv_heads, head_dim) tensor of keys and one of values for each layer."""

    def __init__(
        self,
        runtime: Foundry,
        *,
        layers: int,
        kv_heads: int,
        head_dim: int,
        limit: int,
        dtype: DType,
    ) -> None:
        self._runtime = runtime
        self._layers = layers
        self._heads = (kv_heads, head_dim)
        self.dtype = dtype
        self.limit = limit
        """Positions at most: the context length."""
        self.capacity = 0
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        self.generation = 0
        """Counts the times that the tensors were replaced by longer ones."""
        self.tokens: list[int] = []
        """The tokens whose keys and values it holds, from position 0 on."""

    def forget(self) -> None:
        """After an exception: it holds nothing, and what a failed command buffer was to write is
        not read again."""
        self.capacity = 0
        self.keys = []
        self.values = []
        self.tokens.clear()

    def reserve(self, positions: int) -> bool:
        """Makes room for so many positions, the limit at most; whether the tensors are new ones."""
        if positions <= self.capacity:
            return False
        old_capacity = self.capacity
        self.capacity = min(self.limit, max(_INITIAL, 2 * old_capacity, positions))
        self.keys = self._grown(self.keys, "key", old_capacity)
        self.values = self._grown(self.values, "value", old_capacity)
        self.generation += 1
        return True

    def _grown(self, old: list[Tensor], what: str, old_capacity: int) -> list[Tensor]:
        shape = (self.capacity, *self._heads)
        grown = [
            self._runtime.dedicated(shape, self.dtype, name=f"{what} cache {layer}")
            for layer in range(self._layers)
        ]
        for source, target in zip(old, grown, strict=False):
            self._runtime.run(ops.Copy(x=source, y=target[:old_capacity]))
        return grown

    def shared_prefix(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` it holds already, from the first on."""
        known = self.tokens
        if len(known) < len(tokens) and known == tokens[: len(known)]:
            return len(known)  # the usual case: one more token
        pairs = zip(known, tokens, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(known), len(tokens)))
