"""What is converted: a folder's or a file's metadata and tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import Foundry, Gguf, Tensor
from foundry.errors import ModelError

if TYPE_CHECKING:
    from foundry.huggingface import Folder


@dataclass(frozen=True)
class SourceTensor:
    name: str
    shape: tuple[int, ...]
    format: str
    """As the source has it."""
    on_device: Callable[[Foundry], Tensor]
    """Its elements as f32, f16 or bf16."""
    stored: Callable[[], NDArray[np.uint8]] | None
    """Its bytes, where its format is one that a file keeps as it is."""


@dataclass(frozen=True)
class Source:
    architecture: str
    metadata: list[tuple[str, Any, int | None, int | None]]
    """Key, value, and the numbers of GGUF's types of it and of its elements, where known."""
    tensors: list[SourceTensor]


def source_of(path: Path) -> Source:
    """`ModelError` for what is no model."""
    if not path.is_dir():
        return _file(path)
    from foundry.huggingface import Folder

    return _folder(Folder(path, in_order=True))


def _folder(folder: Folder) -> Source:
    import gguf

    def tensors() -> Iterator[SourceTensor]:
        for name, recipe in folder.tensors.items():

            def on_device(runtime: Foundry, name: str = name) -> Tensor:
                tensor = folder.tensor(runtime, name)
                if not tensor.dtype.is_block:
                    return tensor
                kind = gguf.GGMLQuantizationType[tensor.dtype.name.upper()]
                return runtime.tensor(gguf.quants.dequantize(folder.values(name), kind), name=name)

            def stored(name: str = name) -> NDArray[np.uint8]:
                return folder.values(name)

            kind = recipe.dtype
            kept = stored if kind.is_block else None
            yield SourceTensor(name, recipe.shape, kind.name, on_device, kept)

    metadata: list[tuple[str, Any, int | None, int | None]] = [
        (key, value, None, None) for key, value in folder.metadata.items()
    ]
    return Source(folder.metadata["general.architecture"], metadata, list(tensors()))


def _file(path: Path) -> Source:
    import gguf

    file = Gguf(path)
    reader = gguf.GGUFReader(path)
    metadata: list[tuple[str, Any, int | None, int | None]] = []
    architecture = ""
    for key, field in reader.fields.items():
        if key.startswith("GGUF."):
            continue
        kinds = [int(kind) for kind in field.types]
        metadata.append((key, field.contents(), kinds[0], kinds[-1] if len(kinds) > 1 else None))
        if key == "general.architecture":
            architecture = str(field.contents())
    if not architecture:
        raise ModelError(f"{path}: general.architecture is missing")

    def tensors() -> Iterator[SourceTensor]:
        for tensor in reader.tensors:
            shape = tuple(int(extent) for extent in reversed(tensor.shape))

            def on_device(
                runtime: Foundry, tensor: Any = tensor, shape: tuple[int, ...] = shape
            ) -> Tensor:
                if tensor.tensor_type.name in ("F32", "F16", "BF16"):
                    return file.tensor(runtime, tensor.name)
                values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(shape)
                return runtime.tensor(values.astype(np.float32, copy=False), name=tensor.name)

            def stored(tensor: Any = tensor) -> NDArray[np.uint8]:
                return np.ascontiguousarray(tensor.data).view(np.uint8)

            name = tensor.tensor_type.name.lower()
            yield SourceTensor(tensor.name, shape, name, on_device, stored)

    return Source(architecture, metadata, list(tensors()))
