"""Misuse of `.metal` files: errors say which kernel and argument, what is expected and given."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd

SOURCE = """
#include <metal_stdlib>
using namespace metal;
struct Params { uint count; float scale; device float* p; };
struct Plain { uint count; float2 scale; };
union Either { uint u; float f; };
constant uint width [[function_constant(3)]];

kernel void axpy(device const float* x, device float* y, constant float& a,
                 uint i [[thread_position_in_grid]]) { y[i] += a * x[i]; }
kernel void structs(constant Plain& plain, device float* y) { y[0] = plain.scale.y; }
kernel void pointers(constant Params& params, device float* y) { y[0] = params.scale; }
kernel void unions(constant Either& either, device float* y) { y[0] = either.f; }
kernel void constants(device float* y) { y[0] = width; }
kernel void threes(device const float3* x, device float* y) { y[0] = x[1].z; }
kernel void packed(device const packed_float3* x, device float* y) { y[0] = x[1].z; }
kernel void scratched(device float* y, threadgroup float* scratch) {
  scratch[0] = 1; y[0] = scratch[0];
}
template <typename T> kernel void fill(device T* y) { y[0] = T(1); }
"""


@pytest.fixture(scope="module")
def lib() -> fd.Library:
    return fd.Library.from_source(SOURCE)


Call = Callable[[fd.Library, fd.Foundry, fd.Tensor], Any]

CALLS: list[tuple[Call, type[Exception], str]] = [
    (
        lambda lib, rt, y: lib["axpi"],
        fd.MissingKeyError,
        "library 'library.metal' has no kernel 'axpi'; did you mean 'axpy'?",
    ),
    (
        lambda lib, rt, y: lib["softmax"],
        fd.MissingKeyError,
        "library 'library.metal' has no kernel 'softmax'; there are axpy, constants, packed, "
        "pointers, scratched, structs, threes, unions",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, grid=1),
        fd.ArgumentTypeError,
        "kernel axpy: argument 'a' is missing; it takes x, y, a",
    ),
    (
        lambda lib, rt, y: lib["axpy"](grid=1),
        fd.ArgumentTypeError,
        "kernel axpy: arguments 'x', 'y', 'a' are missing; it takes x, y, a",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1.0, 2.0, grid=1),
        fd.ArgumentTypeError,
        "kernel axpy: 4 arguments by position, of at most 3; it takes x, y, a",
    ),
    (
        lambda lib, rt, y: lib["scratched"](y, scrach=1, grid=1),
        fd.ArgumentTypeError,
        "kernel scratched: there is no argument 'scrach'; did you mean 'scratch'?",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1.0, a=2.0, grid=1),
        fd.ArgumentTypeError,
        "kernel axpy: argument 'a' is given twice",
    ),
    (
        lambda lib, rt, y: lib["axpy"](rt.zeros(4, fd.f16), y, 1.0, grid=1),
        fd.DTypeError,
        "axpy: argument 'x' takes f32 (float), got tensor (4,) f16",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, np.zeros(4, np.float32), 1.0, grid=1),
        fd.ArgumentTypeError,
        "kernel axpy: argument 'y' may be written; expected a Tensor, got array([0., 0., 0., 0.], "
        "dtype=float32) (a ndarray): rt.tensor(array) copies it, rt.borrow(array) shares it",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, "2", grid=1),
        fd.ArgumentTypeError,
        "kernel axpy: argument 'a' is '2' (a str); expected float",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1e39, grid=1),
        fd.ArgumentError,
        "kernel axpy: argument 'a' is 1e+39, which is no f32",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, b"abc", grid=1),
        fd.ArgumentError,
        "kernel axpy: argument 'a' takes float, 4 bytes or a multiple of them; "
        "got the class bytes of 3 bytes",
    ),
    (
        lambda lib, rt, y: lib["structs"]({"count": 1}, y, grid=1),
        fd.ArgumentTypeError,
        "kernel structs: argument 'plain': missing: scale; it is a struct of count, scale",
    ),
    (
        lambda lib, rt, y: lib["structs"]({"count": 1, "scala": (1, 2)}, y, grid=1),
        fd.ArgumentTypeError,
        "kernel structs: argument 'plain': there is no member 'scala'; did you mean 'scale'?",
    ),
    (
        lambda lib, rt, y: lib["structs"]({"count": -1, "scale": (1, 2)}, y, grid=1),
        fd.ArgumentError,
        "kernel structs: argument 'plain', member 'count' is -1, which is no u32",
    ),
    (
        lambda lib, rt, y: lib["structs"]({"count": 1, "scale": (1, 2, 3)}, y, grid=1),
        fd.ArgumentError,
        "kernel structs: argument 'plain', member 'scale' has shape (3,); expected (2,)",
    ),
    (
        lambda lib, rt, y: lib["structs"](5, y, grid=1),
        fd.ArgumentTypeError,
        "kernel structs: argument 'plain' is 5 (an int); expected a struct of count, scale: a "
        "dict, a numpy structured value, a ParameterStruct or its 16 bytes",
    ),
    (
        lambda lib, rt, y: lib["pointers"]({"count": 1, "scale": 1, "p": 0}, y, grid=1),
        fd.ArgumentTypeError,
        "kernel pointers: argument 'params', member 'p' is a pointer: unsupported in a struct "
        "that is packed by its members; supported: numbers, vectors, matrices, structs and arrays "
        "of these. The whole struct may be given as bytes",
    ),
    (
        lambda lib, rt, y: lib["unions"]({"u": 1}, y, grid=1),
        fd.ArgumentTypeError,
        "kernel unions: argument 'either' is {'u': 1} (a dict); a union, bit-field or unnamed "
        "member is not described by reflection: it takes bytes, 4 for each",
    ),
    (
        lambda lib, rt, y: lib["constants"](y, grid=1),
        fd.ArgumentError,
        "library 'library.metal', function 'constants': its function constant 3, 'width' (uint), "
        "has no value",
    ),
    (
        lambda lib, rt, y: lib["constants"](y, grid=1, constants={"widht": 1}),
        fd.ArgumentError,
        "kernel constants: there is no function constant 'widht'; did you mean 'width'?",
    ),
    (
        lambda lib, rt, y: lib["constants"](y, grid=1, constants={3: -1}),
        fd.ArgumentError,
        "kernel constants: function constant 'width' is -1, which is no u32",
    ),
    (
        lambda lib, rt, y: lib["constants"](y, grid=1, constants={"width": [1, 2]}),
        fd.ArgumentError,
        "kernel constants: function constant 'width' is [1, 2] (a list); expected one uint",
    ),
    (
        lambda lib, rt, y: lib["threes"](rt.zeros((4, 3), fd.f32), y, grid=1),
        fd.ShapeError,
        "threes: argument 'x' takes float3, which has 16 bytes an element; tensor (4, 3) f32 "
        "needs rows of 4, or the kernel packed_float3",
    ),
    (
        lambda lib, rt, y: lib["packed"](rt.zeros(2, fd.f32), y, grid=1),
        fd.ShapeError,
        "packed: argument 'x' takes float3, 12 bytes at least; tensor (2,) f32 has 8",
    ),
    (
        lambda lib, rt, y: lib["scratched"](y, 0, grid=1),
        fd.ArgumentError,
        "kernel scratched: argument 'scratch' is 0; expected a positive number of elements",
    ),
    (
        lambda lib, rt, y: lib["scratched"](y, y, grid=1),
        fd.ArgumentError,
        "scratched: argument 'scratch' is threadgroup memory: it takes a number of elements",
    ),
    (
        lambda lib, rt, y: rt.run(lib["axpy"](y, y, fd.Parameter("a"), grid=1)),
        fd.ArgumentError,
        "axpy: argument 'a' holds parameter 'a', which has a value only where a recorded program "
        "is replayed",
    ),
    (
        lambda lib, rt, y: lib["structs"](fd.Parameter("p"), y, grid=1),
        fd.ArgumentTypeError,
        "kernel structs: argument 'plain' is a Parameter; expected a struct of count, scale",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1.0, grid=(1, 2, 3, 4)),
        fd.ArgumentError,
        "kernel axpy: argument 'grid' is (1, 2, 3, 4) (a tuple); expected one to three integers",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1.0, grid=2.5),  # type: ignore[arg-type]
        fd.ArgumentTypeError,
        "kernel axpy: argument 'grid' is 2.5 (a float); expected one to three integers",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1.0, grid=0),
        fd.DispatchError,
        "kernel axpy: argument 'grid' is 0 (an int); sizes are 1 or more",
    ),
    (
        lambda lib, rt, y: lib["axpy"](y, y, 1.0, grid=fd.GridSize.threadgroups(1)),
        fd.ArgumentTypeError,
        "kernel axpy: argument 'threadgroup' is missing, which a GridSize needs beside it",
    ),
    (
        lambda lib, rt, y: rt.run(lib["axpy"](y, y, 1.0, grid=4096, threadgroup=2048)),
        fd.DispatchError,
        "threadgroup of 2048 threads, the pipeline allows 1024",
    ),
    (
        lambda lib, rt, y: lib.instantiate("fill"),
        fd.ArgumentError,
        "instantiate: 'fill' is no template with its arguments, such as 'gemm<half, 4>'",
    ),
    (
        lambda lib, rt, y: lib.instantiate("fill<float>; kernel void g() {} //>"),
        fd.ArgumentError,
        "instantiate: 'fill<float>; kernel void g() {} //>' is no template",
    ),
    (
        lambda lib, rt, y: lib.instantiate("full<float>"),
        fd.KernelCompileError,
        "instantiate(full<float>):1:",
    ),
    (
        lambda lib, rt, y: lib["axpy"].numpy_dtype("z"),
        fd.ArgumentError,
        "kernel axpy: there is no argument 'z'; there are x, y, a",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), CALLS, ids=[text[:60] for _, _, text in CALLS])
def test_misuse(
    rt: fd.Foundry, lib: fd.Library, call: Call, kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as caught:
        call(lib, rt, rt.zeros(4, fd.f32))
    assert text in str(caught.value)


SOURCES: list[tuple[bytes, type[Exception], str]] = [
    (
        b"kernel void f(device float* y) {\n  y[0] = z;\n}\n",
        fd.KernelCompileError,
        r"bad\.metal:2:10: error: use of undeclared identifier 'z'",
    ),
    (
        b'// one\n#include "missing.h"\n',
        fd.KernelCompileError,
        r"bad\.metal:2:10: (fatal )?error: 'missing\.h' file not found[\s\S]*An #include is looked "
        r"for beside the file that has it, in '.*', and among registered shader files",
    ),
    (
        b'#include "inner.h"\nkernel void f(device float* y) {}\n',
        fd.KernelCompileError,
        r"inner\.h:3:18: error: use of undeclared identifier \'z\'",
    ),
    (
        b"kernel void f() {}\n\x00\n",
        fd.ArgumentError,
        r"bad\.metal:2: byte 0 at offset 19 is a NUL; a Metal source is UTF-8 text",
    ),
    (
        b"// caf\xe9\nkernel void f() {}\n",
        fd.ArgumentError,
        r"bad\.metal:1: byte 233 at offset 6 is no UTF-8; a Metal source is UTF-8 text",
    ),
    (
        b'#include "bad.metal"\n',
        fd.KernelCompileError,
        r"bad\.metal: error: #include nested too deeply: more than 200 files",
    ),
]


@pytest.mark.parametrize(("text", "kind", "message"), SOURCES)
def test_files_that_do_not_compile(
    tmp_path: Path, text: bytes, kind: type[Exception], message: str
) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "inner.h").write_text("\n\nconstant int a = z;\n")
    (tmp_path / "bad.metal").write_bytes(text)
    with pytest.raises(kind) as caught:
        fd.Library.from_file(tmp_path / "bad.metal", include=[tmp_path / "include"])
    assert re.search(message, str(caught.value)), str(caught.value)


def test_options_that_are_none(tmp_path: Path) -> None:
    def refused(kind: type[Exception], **options: Any) -> str:
        with pytest.raises(kind) as caught:
            fd.Library.from_source("", **options)
        return str(caught.value)

    assert "unsupported math 'exact'; supported: fast, relaxed, safe" in refused(
        fd.ArgumentError, math="exact"
    )
    assert "argument 'include' is 'folder' (a str); expected a list of folders" in refused(
        fd.ArgumentTypeError, include="folder"
    )
    assert "macro 'N' is [1] (a list); expected a number or a text" in refused(
        fd.ArgumentTypeError, defines={"N": [1]}
    )
    assert "macro 'A B' is no identifier" in refused(fd.ArgumentError, defines={"A B": 1})
    assert "macro 'A' has a value of several lines" in refused(
        fd.ArgumentError, defines={"A": "1\n#error"}
    )
    with pytest.raises(fd.ArgumentError, match=r"nothing\.metal"):
        fd.Library.from_file(tmp_path / "nothing.metal")
    with pytest.raises(fd.ArgumentError, match=re.escape(str(tmp_path))):
        fd.Library.from_file(tmp_path)
    assert fd.Library.from_source("").functions == ()
    with pytest.raises(fd.ArgumentTypeError, match=r"made by Library\.from_file"):
        fd.Library("kernels.metal")  # type: ignore[arg-type]
