"""Random values for tests, the same in every run."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

import foundry as fd
import quantised

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def rng(*seed: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(seed).encode()))


def normal(*shape: int, seed: object = 0) -> F32:
    return rng(shape, seed).standard_normal(shape).astype(np.float32)


def weights(rt: fd.Foundry, shape: tuple[int, int], name: str) -> tuple[fd.Tensor, F64]:
    """Random weights of a format, and the values that they stand for."""
    values = rng("weights", shape, name).standard_normal(shape).astype(np.float32)
    if name in quantised.PLAIN:
        tensor = rt.tensor(values, fd.DType[name])
        return tensor, tensor.copy_to_host().astype(np.float64)
    packed = quantised.pack(values, name)
    tensor = rt.dedicated(shape, fd.DType[name])
    tensor.copy_from(packed.reshape(-1))
    return tensor, quantised.unpack(packed, name).astype(np.float64)
