"""Encodes weights in block formats, on a device."""

from __future__ import annotations

import math
import threading

import numpy as np

from foundry._foundry import DType, Foundry, Tensor
from foundry.errors import ModelError
from foundry.library import Library, LibraryKernel

SMALL_BLOCKS = ("q8_0", "q4_0", "q4_1", "q5_0", "q5_1")
K_BLOCKS = ("q2_k", "q3_k", "q4_k", "q5_k", "q6_k")
K_BLOCK = 256
_THREADS = {"q2_k": 16, "q3_k": 16, "q4_k": 8, "q5_k": 8, "q6_k": 16}
"""That take a block: one each sub-block. Of small blocks one takes the whole."""
_MOST = 1e6
"""A block's scale, of f16, is a fraction of its largest value: of this one it is below 65504."""
_MSL = {DType.f32: "float", DType.f16: "half", DType.bf16: "bfloat"}
_NOT_FINITE, _TOO_LARGE = 1, 2  # as shaders/encoders/values.metal has them


class BlockEncoder:
    """Of weights on one device. Several threads may share it."""

    def __init__(self, runtime: Foundry) -> None:
        self.runtime = runtime
        self._libraries: dict[str, Library] = {}
        self._lock = threading.Lock()

    def encode(self, name: str, weights: Tensor, format: str) -> Tensor:
        """`weights`, the tensor `name` of f32, f16 or bf16, as a tensor of the format, one of
        `SMALL_BLOCKS` and `K_BLOCKS`, of which its columns are whole blocks.

        `ModelError` for elements that are not finite, or past 1e6.
        """
        runtime = self.runtime
        dtype = DType[format]
        result = runtime.dedicated(weights.shape, dtype, name=name)
        refused = runtime.zeros(1, DType.u32)
        blocks = math.prod(weights.shape) // dtype.block_elements
        kernel = self._kernel(format, weights.dtype)
        call = kernel(
            weights, result, refused, blocks, _MOST, grid=blocks * _THREADS.get(format, 1),
            threadgroup=32,
        )  # fmt: skip
        runtime.run(call)
        found = int(refused.copy_to_host()[0])
        if found & _NOT_FINITE:
            raise ModelError(f"tensor '{name}' has elements that are not finite")
        if found & _TOO_LARGE:
            largest = np.abs(weights.copy_to_host().astype(np.float32)).max()
            raise ModelError(
                f"tensor '{name}' has weights up to {largest:.4g}; blocks hold up to {_MOST:.0e}"
            )
        return result

    def _kernel(self, format: str, dtype: DType) -> LibraryKernel:
        file = "small_blocks" if format in SMALL_BLOCKS else "k_blocks"
        with self._lock:
            if file not in self._libraries:
                self._libraries[file] = Library.from_source(
                    f'#include "encoders/{file}.metal"\n',
                    name=f"{file}.metal",
                    math="safe",
                    device=self.runtime.device,
                )
            return self._libraries[file].instantiate(f"encode<{format}, {_MSL[dtype]}>")
