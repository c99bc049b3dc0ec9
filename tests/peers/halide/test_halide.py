"""Halide's ahead-of-time pipelines for Metal, on Anvil, against its own code for processors.

The objects and Halide's run time for Metal are what Halide makes for Linux, linked with Anvil's
libraries in place of Apple's.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import halide as hl
import numpy as np
import pytest
from pipelines import PIPELINES, Array, Pipeline

ROOT = Path(__file__).resolve().parents[3]
LIBRARIES = Path(os.environ.get("ANVIL_LIBRARIES", ROOT / "build/dev/lib/anvil"))
PROCESSOR = "x86-64-linux-sse41-avx-avx2-f16c-fma-no_runtime"
METAL = "x86-64-linux-metal-no_runtime"

# HalideRuntime.h: halide_type_t's codes, and the buffer that generated functions take.
TYPE_CODES = {"i": 0, "u": 1, "f": 2}


class Dimension(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("min", "extent", "stride")] + [
        ("flags", ctypes.c_uint32)
    ]


class Buffer(ctypes.Structure):
    _fields_ = [
        ("device", ctypes.c_uint64),
        ("device_interface", ctypes.c_void_p),
        ("host", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("dimensions", ctypes.c_int32),
        ("dim", ctypes.POINTER(Dimension)),
        ("padding", ctypes.c_void_p),
    ]

    HOST_DIRTY = 1

    @classmethod
    def of(cls, array: Array) -> Buffer:
        """Halide's first dimension is numpy's last. The array has to outlive the buffer."""
        size = array.itemsize
        dimensions = (Dimension * array.ndim)(
            *(
                (0, extent, stride // size, 0)
                for extent, stride in zip(array.shape[::-1], array.strides[::-1], strict=True)
            )
        )
        return cls(
            host=array.ctypes.data,
            flags=cls.HOST_DIRTY,
            code=TYPE_CODES[array.dtype.kind],
            bits=8 * size,
            lanes=1,
            dimensions=array.ndim,
            dim=dimensions,
        )


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Every pipeline for both targets, and Halide's run time with its Metal part."""
    folder = tmp_path_factory.mktemp("halide")
    objects = []
    for pipeline in PIPELINES:
        for target, suffix in ((PROCESSOR, "cpu"), (METAL, "metal")):
            name = f"{pipeline.name}_{suffix}"
            function, inputs = pipeline.define(target == METAL)
            objects.append(folder / f"{name}.o")
            outputs = {hl.OutputFileType.object: str(objects[-1])}
            function.compile_to(outputs, inputs, name, hl.Target(target))
    objects.append(folder / "runtime.o")
    outputs = {hl.OutputFileType.object: str(objects[-1])}
    hl.compile_standalone_runtime(outputs, hl.Target("x86-64-linux-metal"))
    path = folder / "pipelines.so"
    link = ["-L", LIBRARIES, f"-Wl,-rpath,{LIBRARIES.parent}", "-lobjc", "-lMetal", "-lFoundation"]
    subprocess.run(["c++", "-shared", "-o", path, *objects, *link, "-Wl,-z,defs"], check=True)
    return ctypes.CDLL(str(path))


def run(library: ctypes.CDLL, name: str, pipeline: Pipeline) -> Array:
    inputs = pipeline.inputs(np.random.default_rng(7))
    output: Array = np.zeros(pipeline.shape, pipeline.dtype)
    buffers = [Buffer.of(array) for array in (*inputs, output)]
    status = library[name](*(ctypes.byref(buffer) for buffer in buffers))
    assert status == 0, f"{name} returned {status}"
    assert library.halide_copy_to_host(None, ctypes.byref(buffers[-1])) == 0
    if name.endswith("_metal"):
        assert buffers[-1].device != 0, "the pipeline did not run on the device"
        for buffer in buffers:
            assert library.halide_device_free(None, ctypes.byref(buffer)) == 0
    return output


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.name)
def test_pipeline(library: ctypes.CDLL, pipeline: Pipeline) -> None:
    actual = run(library, f"{pipeline.name}_metal", pipeline).astype(np.float64)
    expected = run(library, f"{pipeline.name}_cpu", pipeline).astype(np.float64)
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=pipeline.tolerance * scale)
    assert scale > 0
