"""How a tensor of GGUF's is made of a folder's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType
from foundry.huggingface.derived import Stored, nbytes_of

Values = NDArray[Any]
Change = Callable[[list[Values]], Values]


@dataclass(frozen=True)
class Recipe:
    """A tensor of GGUF's: of these, by this change, or as the one is that it is made of."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    stored: tuple[Stored, ...]
    change: Change | None = None

    @property
    def nbytes(self) -> int:
        return nbytes_of(self.shape, self.dtype)

    def values(self) -> Values:
        """Elements of `dtype`, of shape `shape`; of a block format bytes, (..., row's bytes)."""
        found = [tensor.values() for tensor in self.stored]
        return found[0] if self.change is None else np.ascontiguousarray(self.change(found))
