"""How the states of a text's tokens become one row: `{arch}.pooling_type`, in GGUF's numbers."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ModelError, UnsupportedModelError
from foundry.generation.arguments import shown
from foundry.metadata import Metadata


class Pooling(Enum):
    """By its number in metadata."""

    NONE = 0
    MEAN = 1
    CLS = 2
    LAST = 3
    RANK = 4


NAMES = tuple(kind.name.lower() for kind in Pooling)


def pooling_of(metadata: Metadata, name: str) -> Pooling | None:
    """None where a file does not say."""
    if name not in metadata:
        return None
    number = metadata.integer(name, least=0)
    if number >= len(Pooling):
        raise ModelError(
            f"{metadata.key(name)} is {number}; expected 0 to {len(Pooling) - 1}: "
            f"{', '.join(NAMES)}"
        )
    return Pooling(number)


def named(name: str, what: str) -> Pooling:
    """`UnsupportedModelError` for one that there is not."""
    if name not in NAMES:
        raise UnsupportedModelError(
            f"{what}: unsupported pooling {shown(name)}; supported: {', '.join(NAMES)}"
        )
    return Pooling[name.upper()]


def pooled(states: NDArray[np.float32], kind: Pooling) -> NDArray[np.float32]:
    """f32 (hidden,) of (tokens, hidden)."""
    if kind is Pooling.MEAN:
        mean: NDArray[np.float32] = states.mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean
    return np.array(states[-1 if kind is Pooling.LAST else 0])
