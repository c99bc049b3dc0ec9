"""`.metal` files from Python: every kind of argument that an MSL kernel has is bound and packed."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import foundry as fd

SOURCE = """
#include <metal_stdlib>
using namespace metal;

kernel void axpy(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                 constant float& a [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = a * x[i] + y[i];
}

// Indices are the order of values by position, not the signature.
kernel void backwards(device float* out [[buffer(3)]], device const float* in [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) { out[i] = -in[i]; }

enum class Mode : ushort { plain, twice = 2 };
struct Inner { float3 at; half w; };
struct Params {
  uint count; Inner one; packed_float3 p; Inner grid[2]; float m[2][3]; float3x2 matrix;
  bool on; Mode mode; long big; array<uchar, 3> bytes;
};
kernel void leaves(constant Params& params, device float* out) {
  out[0] = params.count; out[1] = params.one.at.z; out[2] = params.one.w; out[3] = params.p.y;
  out[4] = params.grid[1].at.x; out[5] = params.grid[1].w; out[6] = params.m[1][2];
  out[7] = params.matrix[2][1]; out[8] = params.on; out[9] = float(params.mode);
  out[10] = params.big; out[11] = params.bytes[2]; out[12] = sizeof(Params);
}

struct Particle { float3 at; uint id; };
kernel void drift(device Particle* particles, constant float3& by, constant Particle* more,
                  uint i [[thread_position_in_grid]]) {
  particles[i].at += by + more[1].at;
  particles[i].id += more[0].id;
}

kernel void everything(device atomic_uint* count, constant float4* table, constant ushort2& pair,
                       device const packed_half3* rows, constant float3x3& m, device float* out,
                       threadgroup float* scratch [[threadgroup(0)]],
                       uint i [[thread_position_in_grid]], uint n [[threads_per_grid]],
                       uint lane [[thread_index_in_simdgroup]],
                       uint t [[thread_index_in_threadgroup]]) {
  scratch[t] = float(i);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
  out[i] = table[i % 3].w + pair.y + float(rows[i].z) + m[2].y + scratch[t ^ 1u] + n + lane;
}

constant float scale [[function_constant(0)]];
constant bool negate [[function_constant(1)]];
constant ushort3 triple [[function_constant(2)]];
constant half h [[function_constant(3)]];
constant long wide [[function_constant(4)]];
constant uchar byte [[function_constant(5)]];
constant bfloat b [[function_constant(6)]];
constant float4 four [[function_constant(7)]];
constant int perhaps [[function_constant(8)]];
constant bool has_bias [[function_constant(9)]];
kernel void constants(device float* out) {
  out[0] = negate ? -scale : scale; out[1] = triple.z; out[2] = h; out[3] = wide;
  out[4] = byte; out[5] = float(b); out[6] = four.w;
  out[7] = is_function_constant_defined(perhaps) ? perhaps : -1;
}
kernel void biased(device float* out, device const float* bias [[function_constant(has_bias)]],
                   uint i [[thread_position_in_grid]]) {
  out[i] = has_bias ? bias[i] : 7.0f;
}

template <typename T, int N> kernel void fill(device T* out, uint i [[thread_position_in_grid]]) {
  out[i] = T(N);
}
template [[host_name("fill_half_3")]] kernel void fill<half, 3>(device half*, uint);
kernel void widest(constant bool& a, constant long4& b, constant bool& c, constant ulong3& d,
                 device float* out) { out[0] = a + b.w + c + d.z; }
kernel void bytes(device const char* from, device uchar* to, uint i [[thread_position_in_grid]]) {
  ((device ushort*)to)[i] = *(device const ushort*)(from + 2 * i);
}
kernel void overread(constant float* values, constant uint& n, device float* out) {
  float sum = 0;
  for (uint i = 0; i < n; ++i) sum += values[i];
  out[0] = sum;
}
"""


@pytest.fixture(scope="module")
def lib() -> fd.Library:
    return fd.Library.from_source(SOURCE, name="kernels.metal")


def test_the_library_is_a_mapping_of_kernels(lib: fd.Library) -> None:
    assert lib.functions == (
        *("axpy", "backwards", "biased", "bytes", "constants", "drift", "everything"),
        *("fill_half_3", "leaves", "overread", "widest"),
    )
    assert list(lib) == list(lib.functions) and len(lib) == 11
    assert "axpy" in lib and "axpz" not in lib and lib["axpy"] is lib["axpy"]
    assert repr(lib["axpy"]) == "<kernel axpy of library 'kernels.metal'>"
    assert repr(lib).startswith("<library 'kernels.metal': axpy, backwards, biased")


def test_by_position_and_by_name(rt: fd.Foundry, lib: fd.Library) -> None:
    x, y = rt.tensor(np.arange(100, dtype=np.float32)), rt.zeros(100, fd.f32)
    rt.run(lib["axpy"](x, y, 2.0, grid=100))
    rt.run(lib["axpy"](a=np.float64(1), y=y, x=np.ones(100), grid=(100, 1), threadgroup=32))
    rt.run(lib["axpy"](x, y, a=np.array(0.5), grid=fd.GridSize.threadgroups(1), threadgroup=100))
    assert np.array_equal(np.asarray(y), np.arange(100, dtype=np.float32) * 2.5 + 1)
    call = lib["axpy"](x, y, 2.0, grid=100)
    assert repr(call) == "axpy(x=tensor (100,) f32, y=tensor (100,) f32, a=2.0)"
    assert "kernel void axpy" in call.source()
    assert (call.traffic.reads, call.traffic.writes) == (800, 400)


def test_positions_are_indices_and_words_of_python_are_names(
    rt: fd.Foundry, lib: fd.Library
) -> None:
    kernel = lib["backwards"]
    assert [(each.name, each.index) for each in kernel.arguments] == [("in", 1), ("out", 3)]
    out = rt.zeros(4, fd.f32)
    rt.run(kernel([1, 2, 3, 4], out, grid=4))
    assert np.asarray(out).tolist() == [-1, -2, -3, -4]
    rt.run(kernel(in_=[5, 6, 7, 8], out=out, grid=4))
    named: dict[str, Any] = {"in": rt.tensor(np.asarray(out).copy()), "out": out, "grid": 4}
    rt.run(kernel(**named))
    assert np.asarray(out).tolist() == [5, 6, 7, 8]


def params() -> dict[str, object]:
    inner = {"at": (1.0, 2.0, 3.0), "w": 4.5}
    return {
        "count": 7,
        "one": inner,
        "p": [8, 9, 10],
        "grid": [inner, {"at": np.array([11, 0, 0]), "w": -2}],
        "m": np.arange(6).reshape(2, 3),
        "matrix": [[0, 1], [2, 3], [4, 5]],
        "on": True,
        "mode": 2,
        "big": -(2**40),
        "bytes": [1, 2, 250],
    }


LEAVES = [7, 3, 4.5, 9, 11, -2, 5, 5, 1, 2, -(2.0**40), 250]


def test_structs_are_packed_by_their_members(rt: fd.Foundry, lib: fd.Library) -> None:
    kernel, out = lib["leaves"], rt.zeros(13, fd.f32)
    rt.run(kernel(params(), out, grid=1))
    assert np.asarray(out)[:12].tolist() == LEAVES
    # numpy's dtype has the same places, as a structured value, an array of one, and as bytes.
    dtype = kernel.numpy_dtype("params")
    assert dtype.itemsize == np.asarray(out)[12]
    record = np.zeros((), dtype)
    for name, value in params().items():
        if name == "one":
            record[name]["at"][:3], record[name]["w"] = value["at"], value["w"]  # type: ignore[index]
        elif name == "grid":
            record[name][1]["at"][0], record[name][1]["w"] = 11, -2
        else:
            record[name] = value
    for given in (record, record[()], record.reshape(1), record.tobytes()):
        out[...] = 0
        rt.run(kernel(given, out, grid=1))
        assert np.asarray(out)[:12].tolist() == LEAVES
    # Another layout of the same names is converted.
    loose = np.zeros((), [("id", "<i8"), ("at", "<f8", (3,))])
    loose["id"], loose["at"] = 5, (1, 2, 3)
    particles = rt.zeros(32, fd.u8)
    rt.run(lib["drift"](particles, [0, 0, 0], [loose[()], loose[()]], grid=1))
    moved = np.asarray(particles).view(lib["drift"].numpy_dtype("particles"))
    assert moved[0]["at"][:3].tolist() == [1, 2, 3] and moved[0]["id"] == 5


class Point(ctypes.Structure):
    _fields_ = (("at", ctypes.c_float * 4), ("id", ctypes.c_uint32), ("pad", ctypes.c_uint32 * 3))


class PointParams(fd.ParameterStruct):
    at: fd.Array[fd.f32, 4]  # type: ignore[type-arg, valid-type]
    id: fd.u32
    pad: fd.Array[fd.u32, 3]  # type: ignore[type-arg, valid-type]


def test_arrays_of_structs(rt: fd.Foundry, lib: fd.Library) -> None:
    kernel = lib["drift"]
    dtype = kernel.numpy_dtype("particles")
    assert dtype.itemsize == 32 and dtype.names == ("at", "id")
    start = np.zeros(10, dtype)
    start["at"][:, 0], start["id"] = np.arange(10), np.arange(10)
    more = [{"at": (0, 0, 0), "id": 100}, {"at": (0, 2, 0), "id": 0}]
    structs = (Point * 2)(Point(id=100), Point(at=(0, 2, 0, 0)))
    foundrys = b"".join(
        [
            PointParams(at=[0] * 4, id=100, pad=[0] * 3).tobytes(),
            PointParams(at=[0, 2, 0, 0], id=0, pad=[0] * 3).tobytes(),
        ]
    )
    for given in (more, structs, foundrys, np.frombuffer(bytes(structs), dtype)):
        particles = rt.tensor(start.view(np.uint8))
        rt.run(kernel(particles, (1, 0, 0.5), given, grid=10))
        result = np.asarray(particles).view(dtype)
        assert np.array_equal(
            result["at"][:, :3], np.stack([np.arange(10) + 1, [2] * 10, [0.5] * 10], 1)
        )
        assert np.array_equal(result["id"], np.arange(10) + 100)


def test_bytes_are_of_tensors_of_any_dtype(rt: fd.Foundry, lib: fd.Library) -> None:
    rng = np.random.default_rng(7)
    for dtype in (fd.f32, fd.bf16, fd.i8, fd.u64, fd.bool_):
        raw = rng.integers(0, 2, 64, np.uint8)
        source = rt.tensor(raw.view(np.asarray(rt.zeros(1, dtype)).dtype))
        copied = rt.zeros(source.shape[0], dtype)
        rt.run(lib["bytes"](source, copied, grid=32))
        assert np.asarray(copied).tobytes() == raw.tobytes()
    blocks = rt.empty(64, fd.q4_0)  # two of 18 bytes
    rt.run(lib["bytes"](bytes(range(36)), blocks, grid=18))
    back = rt.zeros(36, fd.u8)
    rt.run(lib["bytes"](blocks, back, grid=18))
    assert np.asarray(back).tolist() == list(range(36))


def test_atomics_vectors_matrices_and_threadgroup_memory(rt: fd.Foundry, lib: fd.Library) -> None:
    kernel = lib["everything"]
    types = {each.name: (each.type, each.size, each.dtype) for each in kernel.arguments}
    assert types["count"] == ("struct", 4, fd.u32)  # as Apple's reflection has atomics
    assert types["table"] == ("float4", 16, fd.f32) and types["pair"] == ("ushort2", 4, fd.u16)
    assert types["rows"] == ("half3", 6, fd.f16) and types["m"] == ("float3x3", 48, fd.f32)
    assert [each.name for each in kernel.arguments if each.is_threadgroup] == ["scratch"]
    n = 64
    count, out = rt.zeros(1, fd.u32), rt.zeros(n, fd.f32)
    rows = np.arange(3 * n, dtype=np.float16).reshape(n, 3)
    table = np.arange(12, dtype=np.float32).reshape(3, 4)
    matrix = np.arange(9, dtype=np.float32).reshape(3, 3)  # columns first
    rt.run(kernel(count, table, (1, 2), rt.tensor(rows), matrix, out, 32, grid=n, threadgroup=32))
    i = np.arange(n)
    expected = table[i % 3, 3] + 2 + rows[:, 2] + matrix[2, 1] + (i ^ 1) + n + i % 32
    assert np.array_equal(np.asarray(out), expected.astype(np.float32))
    assert int(np.asarray(count)[0]) == n


def test_function_constants_of_every_type(rt: fd.Foundry, lib: fd.Library) -> None:
    out = rt.zeros(8, fd.f32)
    values = {
        "scale": 2.5,
        "negate": True,
        "triple": (1, 2, 3),
        "h": np.float16(0.5),
        "wide": -(2**33),
        "byte": 200,
        6: ml_dtypes.bfloat16(1.5),
        "four": [1, 2, 3, 4],
    }
    rt.run(lib["constants"](out, grid=1, constants=values))
    assert np.asarray(out).tolist() == [-2.5, 3, 0.5, -(2.0**33), 200, 1.5, 4, -1]
    kernel = lib["constants"].specialised(values)
    rt.run(kernel(out, grid=1, constants={"perhaps": 8, "negate": False}))
    assert np.asarray(out).tolist() == [2.5, 3, 0.5, -(2.0**33), 200, 1.5, 4, 8]
    assert [(each.name, each.index, each.type) for each in kernel.constants][2] == (
        *("triple", 2, "ushort3"),
    )


def test_arguments_that_constants_leave_out(rt: fd.Foundry, lib: fd.Library) -> None:
    out = rt.zeros(3, fd.f32)
    kernel = lib["biased"]
    rt.run(kernel(out, grid=3, constants={"has_bias": False}))
    assert np.asarray(out).tolist() == [7, 7, 7]
    rt.run(kernel(out, bias=[1, 2, 3], grid=3, constants={"has_bias": True}))
    assert np.asarray(out).tolist() == [1, 2, 3]


def test_templates(rt: fd.Foundry, lib: fd.Library) -> None:
    half, shorts = rt.zeros(3, fd.f16), rt.zeros(3, fd.i16)
    rt.run(lib["fill_half_3"](half, grid=3))
    kernel = lib.instantiate("fill<short, -4>")
    assert kernel is lib.instantiate("fill<short, -4>") and kernel.name == "fill<short, -4>"
    rt.run(kernel(shorts, grid=3))
    assert np.asarray(half).tolist() == [3] * 3 and np.asarray(shorts).tolist() == [-4] * 3


def test_more_bytes_than_a_binding_holds(rt: fd.Foundry, lib: fd.Library) -> None:
    out, values = rt.zeros(1, fd.f32), np.ones(5000, np.float32)
    rt.run(lib["overread"](values, 5000, out, grid=1))
    assert float(np.asarray(out)[0]) == 5000
    rt.run(lib["overread"](list(range(1000)), 1000, out, grid=1))
    assert float(np.asarray(out)[0]) == 499500


def test_the_widest_vectors_are_aligned(rt: fd.Foundry, lib: fd.Library) -> None:
    out = rt.zeros(1, fd.f32)
    for _ in range(3):
        rt.run(lib["widest"](True, [0, 0, 0, 4], False, [0, 0, 8], out, grid=1))
    with rt.record() as program:
        rt.run(lib["widest"](True, [0, 0, 0, 4], False, [0, 0, 8], out, grid=1))
    program.replay()
    assert float(np.asarray(out)[0]) == 13


def test_recorded_exported_and_replayed(rt: fd.Foundry, lib: fd.Library, tmp_path: Path) -> None:
    x, y = rt.tensor(np.arange(8, dtype=np.float32), name="x"), rt.zeros(8, fd.f32, name="y")
    constant = lib["constants"].specialised({"scale": 1, "negate": 0, "triple": [1, 2, 3], "h": 0})
    with rt.record() as program:
        rt.run(lib["axpy"](x, y, fd.Parameter("a"), grid=8))
        rt.run(lib["axpy"](np.full(2000, 1.0), y, 1.0, grid=8))
        rt.run(constant(x, grid=1, constants={"wide": 1, "byte": 2, "b": 3, "four": [0, 0, 0, 4]}))
    program.replay(a=2.0)
    assert np.asarray(y).tolist() == [2 * i + 1 for i in range(8)]
    assert np.asarray(x).tolist() == [1, 3, 0, 1, 2, 3, 4, -1]
    program.export(tmp_path / "library.foundry")
    loaded = fd.Program.load(rt, tmp_path / "library.foundry", trusted=True)
    loaded.replay(a=0.0)
    rt.synchronize()


def test_files_includes_and_macros(rt: fd.Foundry, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "include"
    folder.mkdir(parents=True)
    (folder / "once.h").write_text("#pragma once\nstruct Once { float v; };\n")
    (folder / "guarded.h").write_text(
        '// comment\n#ifndef G\n#define G\n#include "once.h"\nconstant float kG = 1.0f;\n#endif\n'
    )
    (tmp_path / "near.h").write_text('#include <guarded.h>\n#include "guarded.h"\n')
    path = tmp_path / "kernels.metal"
    text = """#include <metal_stdlib>
/* #include "nowhere.h"
*/
#if 0
#include "nowhere.h"
#include "guarded.h"
#endif
#include "near.h"
#include "guarded.h"
#include "once.h"
#include "lib/common.metal"
using namespace metal;
kernel void f(device float* y) { Once o{kG + TILE + FLAG}; y[0] = o.v + VALUE; }
"""
    path.write_text(text)

    def load() -> fd.Library:
        defines = {"TILE": 16, "FLAG": True, "VALUE": 100}
        return fd.Library.from_file(path, include=[folder], defines=defines, math="safe")

    y = rt.zeros(1, fd.f32)
    old = load()
    rt.run(old["f"](y, grid=1))
    assert float(np.asarray(y)[0]) == 118
    assert old.source.count("struct Once") == 2  # once where it may not count, once where it does

    path.write_text(text.replace("VALUE;", "2 * VALUE;"))
    rt.run(load()["f"](y, grid=1))
    assert float(np.asarray(y)[0]) == 218
    rt.run(old["f"](y, grid=1))
    assert float(np.asarray(y)[0]) == 118


def test_hazards_and_lifetimes_are_those_of_other_kernels(rt: fd.Foundry, lib: fd.Library) -> None:
    with rt.scope():
        y = rt.alloc(1000, fd.f32, np.zeros(1000))
        for _ in range(20):
            rt.run(lib["axpy"](y, y, 1.0, grid=1000))
            rt.run(lib["axpy"](np.ones(1000), y, 1.0, grid=1000))
        assert np.array_equal(np.asarray(y), np.full(1000, 2.0**20 - 1, np.float32))
    view = np.asarray(rt.alloc(4, fd.f32, np.zeros(4), name="held"))
    with pytest.raises(fd.ArenaInUseError):
        rt.reset()
    del view
