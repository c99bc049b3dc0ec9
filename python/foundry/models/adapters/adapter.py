"""An adapter: what it adds to which matrices, from a GGUF file or a folder of `peft`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foundry.errors import ArgumentTypeError
from foundry.generation.arguments import checked_number
from foundry.metadata import shown
from foundry.models.config import ModelConfig

if TYPE_CHECKING:
    from foundry.huggingface.adapters import LowRankUpdate

AdapterSource = str | Path | tuple[str | Path, float]
"""A path, or a path and what the adapter is multiplied with."""


@dataclass(frozen=True)
class Adapter:
    """`updates` are of the model's tensors, by GGUF's names, rows in the model's own order."""

    path: Path
    scale: float
    """Of the whole adapter, beside the one that its file has."""
    updates: Mapping[str, LowRankUpdate]

    @property
    def files(self) -> list[Path]:
        return sorted(self.path.glob("adapter_*")) if self.path.is_dir() else [self.path]


def read_adapters(sources: Sequence[AdapterSource], config: ModelConfig) -> tuple[Adapter, ...]:
    """`ModelError` and `UnsupportedModelError` name the adapter and what of it does not fit."""
    if isinstance(sources, str | Path) or not isinstance(sources, Sequence):
        raise ArgumentTypeError(
            f"adapters is a {type(sources).__name__}; expected a list of paths, or of paths with "
            "scales"
        )
    if not sources:
        return ()
    # Only who has adapters pays for reading them.
    from foundry.models.adapters.reading import read

    return tuple(read(*_split(source), config) for source in sources)


def _split(source: object) -> tuple[Path, float]:
    scale: object = 1.0
    if isinstance(source, tuple) and len(source) == 2:
        source, scale = source
    try:
        path = Path(source)  # type: ignore[arg-type]
    except TypeError as error:
        raise ArgumentTypeError(
            f"adapters: {shown(source)}; expected a path, or a path with a scale"
        ) from error
    return path, checked_number(scale, f"adapters: the scale of {path}")
