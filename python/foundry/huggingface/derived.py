"""Tensors that a folder does not have as they are, but has what they are made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType, Foundry, Tensor
from foundry.huggingface.weights import StoredTensor

Values = NDArray[Any]


@dataclass(frozen=True)
class DerivedTensor:
    """Made of `parts`, in this order, when it is read."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    parts: tuple[Stored, ...]
    make: Callable[..., Values]
    """Of the parts' values: elements of `dtype`, or of a block format bytes, (..., row's bytes)."""

    def values(self) -> Values:
        return self.make(*(part.values() for part in self.parts))

    def on_device(self, runtime: Foundry) -> Tensor:
        return placed(runtime, self.values(), self.dtype, self.shape, self.name)


Stored = StoredTensor | DerivedTensor


def nbytes_of(shape: tuple[int, ...], dtype: DType) -> int:
    return math.prod(shape) // dtype.block_elements * dtype.block_bytes


def placed(
    runtime: Foundry, values: Values, dtype: DType, shape: tuple[int, ...], name: str
) -> Tensor:
    """A copy on the device, of elements or of blocks' bytes."""
    if not dtype.is_block:
        return runtime.tensor(values, dtype, name=name)
    tensor = runtime.dedicated(shape, dtype, name=name)
    tensor.copy_from(np.ascontiguousarray(values))
    return tensor
