"""Where weights come from: a file's tensors, found by name, checked, bound from the mapped file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType, Foundry, Gguf, Tensor, numpy_dtype, weight_formats
from foundry.convert import BlockEncoder, format_of, in_format
from foundry.engine.prepare import Progress
from foundry.errors import ModelError, UnsupportedModelError
from foundry.metadata import shown, warn

_PRECOMPUTED = ".attn_rot_embd.weight"
"""RoPE's frequencies, which follow from the metadata; llama.cpp passes them over too."""


_PLAIN = (DType.f32, DType.f16)


class TensorEntry(Protocol):
    """What a file says of a tensor."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def nbytes(self) -> int: ...


class TensorFile(Protocol):
    """What a file of tensors has to offer; `Gguf` does."""

    @property
    def tensors(self) -> Mapping[str, TensorEntry]: ...
    def tensor(self, runtime: Foundry, name: str) -> Tensor:
        """The tensor, in the mapped file where it can lie there."""

    def read(self, name: str) -> NDArray[np.uint8]:
        """Its bytes."""


class TensorSource:
    """Takes tensors out of a file, each once."""

    def __init__(
        self,
        file: TensorFile,
        architecture: str,
        runtime: Foundry,
        progress: Progress | None,
        quantize: str | None = None,
    ) -> None:
        """`quantize` is the format that plain matrices are encoded in."""
        self._file = file
        self._architecture = architecture
        self.runtime = runtime
        self._progress = progress
        self._quantize = quantize
        self._encoder = BlockEncoder(runtime)
        self._tensors = file.tensors
        self._taken: set[str] = set()
        self._nbytes = sum(tensor.nbytes for tensor in file.tensors.values())
        self._read = 0
        self._copied: list[str] = []
        self._formats = weight_formats()
        self._is_mapped_whole = isinstance(file, Gguf)
        """Whether a copy means that a tensor lies where it should not."""

    def rows_of(self, name: str) -> int:
        tensor = self._tensors.get(name)
        if tensor is None or len(tensor.shape) != 2:
            found = "is missing" if tensor is None else f"has shape {tensor.shape}"
            raise ModelError(f"tensor '{name}' {found}; expected a matrix")
        return tensor.shape[0]

    def has(self, name: str) -> bool:
        return name in self._tensors

    def pass_over(self, name: str) -> None:
        """That it is not taken is right."""
        self._taken.add(name)

    def pass_over_all(self, prefix: str) -> None:
        """The same of all whose names begin so."""
        self._taken.update(name for name in self._tensors if name.startswith(prefix))

    def take_if(self, name: str, shape: tuple[int, ...]) -> Tensor | None:
        return self.take(name, shape) if self.has(name) else None

    def number(self, name: str) -> float:
        """The only value of a tensor, on the host; 1 where there is none."""
        if not self.has(name):
            return 1.0
        info = self._checked(name, (1,))
        value = float(self._file.read(name).view(numpy_dtype(info.dtype))[0])
        if not math.isfinite(value):
            raise ModelError(f"tensor '{name}' is {value}; expected a finite number")
        return value

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The values of a tensor that is divided by, on the host."""
        info = self._checked(name, shape)
        values = self._file.read(name).view(numpy_dtype(info.dtype)).astype(np.float32)
        if not np.all(np.isfinite(values) & (values > 0)):
            raise ModelError(f"tensor '{name}' has elements that are not finite and above 0")
        return values

    def take(self, name: str, shape: tuple[int, ...]) -> Tensor:
        info = self._checked(name, shape)
        tensor = self._file.tensor(self.runtime, name)
        if self._is_mapped_whole and not tensor.is_read_only:
            self._copied.append(name)
        if self._quantize is not None and len(shape) > 1 and not info.dtype.is_block:
            format = format_of(name, shape, self._quantize)
            tensor = in_format(self._encoder, name, tensor, format)
        if not self.runtime.device.traits.has_unified_memory:
            # What stays in host memory would cross the bus with every token.
            resident = self.runtime.dedicated(shape, tensor.dtype, name=name, mode="private")
            resident.copy_from(tensor.copy_to_host())
            tensor = resident
        if self._progress is not None:
            self._progress("reading weights", self._read, self._nbytes)
        return tensor

    def take_plain(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """One that is no matrix of a product, whatever its rank."""
        info = self._tensors.get(name)
        if info is not None and info.dtype not in _PLAIN:
            raise _unsupported(name, info.dtype, _PLAIN)
        return self.take(name, shape)

    def _checked(self, name: str, shape: tuple[int, ...]) -> TensorEntry:
        """The tensor's entry, which counts as taken."""
        info = self._tensors.get(name)
        if info is None:
            raise ModelError(f"tensor '{name}' is missing; expected one of shape {shape}")
        if info.shape != shape:
            raise ModelError(f"tensor '{name}' has shape {info.shape}; expected {shape}")
        allowed = self._formats if len(shape) > 1 else _PLAIN
        if info.dtype not in allowed:
            raise _unsupported(name, info.dtype, allowed)
        self._taken.add(name)
        self._read += info.nbytes
        return info

    def check_all_taken(self) -> None:
        """`UnsupportedModelError` for a tensor that the model would be evaluated without, a
        `ModelWarning` for those that were copied."""
        if self._copied:
            warn(
                f"{len(self._copied)} tensors do not lie where their formats need them and were "
                f"copied, '{self._copied[0]}' first; a general.alignment of 32 avoids that"
            )
        left = [
            name
            for name in self._tensors
            if name not in self._taken and not name.endswith(_PRECOMPUTED)
        ]
        if left:
            more = "" if len(left) == 1 else f" and {len(left) - 1} more"
            raise UnsupportedModelError(
                f"unsupported tensor {shown(left[0])}{more}; supported: those of a "
                f"{self._architecture} model, the biases of its products included"
            )


def _unsupported(name: str, dtype: DType, allowed: Sequence[DType]) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"unsupported format {dtype} of tensor '{name}'; supported: {', '.join(map(str, allowed))}"
    )
