"""What users write, for test_types.py: mypy --strict accepts it, and it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

import foundry as fd


@fd.kernel(dispatch=fd.per_element("y"))
def axpy(x: fd.In[fd.f32], y: fd.InOut[fd.f32], a: fd.f32, n: fd.u32) -> None:
    """if (gid < n) y[gid] = fma(a, x[gid], y[gid]);"""


def one_group(arguments: Mapping[str, Any]) -> fd.DispatchConfig:
    return fd.DispatchConfig(
        fd.GridSize.threads(arguments["y"].size), fd.ThreadgroupSize(arguments["y"].size)
    )


@fd.kernel(dispatch=one_group)
def scaled(
    x: fd.In[fd.f16] | None,
    y: fd.Out[fd.f32],
    scratch: fd.ThreadgroupMemory[fd.f32],
    is_fast: fd.Constant[fd.bool_],
) -> None:
    """y[gid] = has_x ? float(x[gid]) : is_fast;"""


class BlendParams(fd.ParameterStruct):
    count: fd.u32
    scale: fd.f32 = 2.0


@fd.kernel(dispatch=fd.per_element("y"))
def blend(y: fd.InOut[fd.f32], params: BlendParams) -> None:
    """if (gid < params.count) y[gid] *= params.scale;"""


T = TypeVar("T")


@fd.kernel(dispatch=fd.per_element("y"), template={"T": fd.f32, "n": 2}, header="", include=["."])
def times(y: fd.InOut[T]) -> None:
    """if (gid < y_size) y[gid] *= n;"""


def size_of(dtype: fd.DType) -> int:
    return dtype.block_bytes


def main() -> None:
    rt = fd.Foundry()
    x, y = rt.tensor(np.arange(8, dtype=np.float32)), rt.zeros(8, fd.f32)
    rt.run(axpy(x=x, y=y, a=2.0, n=8))
    params = BlendParams(count=3)
    params.count = 4
    assert float(params.scale) == 2.0
    rt.run(blend(y=y, params=params))
    rt.run(scaled(x=x.astype(fd.f16), y=y, scratch=32, is_fast=True))
    rt.run(times(y=y))
    library = fd.Library.from_source("kernel void f(device float* y) { y[0] = 1; }", math="safe")
    names: tuple[str, ...] = library.functions
    kernel: fd.LibraryKernel = library[names[0]]
    rt.run(kernel(y, grid=(1, 1), threadgroup=fd.ThreadgroupSize(32)))
    assert kernel.arguments[0].dtype is fd.f32
    assert x.dtype != fd.f16
    assert y.dtype is fd.f32
    sizes = {dtype: size_of(dtype) for dtype in (fd.f32, fd.u8, fd.q4_1)}
    assert sizes[y.dtype] == 4 and [size_of(dtype) for dtype in fd.DType]
    assert fd.DType["f32"].name == str(fd.f32) == "f32"


if __name__ == "__main__":
    main()
