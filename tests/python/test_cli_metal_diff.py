"""`foundry metal diff`: what it says of two compilations, and its exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from numpy.typing import NDArray

from foundry.cli.metal_diff import distance, same

METAL = Path(__file__).parents[2] / "build/dev/bin/tools/metal"
SOURCE = """#include <metal_stdlib>
using namespace metal;
constant float factor [[function_constant(2)]];
struct Params { uint n; float scale; int2 step; packed_float3 bias; };
kernel void scale(device float* y, uint i [[thread_position_in_grid]]) { y[i] *= FACTOR; }
kernel void constants(device float2* y, uint i [[thread_position_in_grid]]) { y[i] += factor; }
kernel void members(device const half* x, device bfloat4* y, constant Params& p,
                    uint i [[thread_position_in_grid]]) {
  if (i < p.n) y[i] += bfloat(p.scale * x[i * p.step.x] + p.bias[1]);
}
kernel void structs(device Params* p, uint i [[thread_position_in_grid]]) { p[i].step.y = STEP; }
kernel void shared(device const float* x, device float* y, threadgroup float* t [[threadgroup(0)]],
                   uint i [[thread_position_in_grid]], uint l [[thread_index_in_threadgroup]]) {
  t[l] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  y[i] = t[l ^ 63];
}
kernel void idle(device float* y, constant int& n, uint i [[thread_position_in_grid]]) {
  if (n < 0) y[i] = 0;
}
kernel void far(device float* y, uint i [[thread_position_in_grid]]) { y[i * 10000000u] = 1; }
kernel void SIGNATURE(device TYPE* y) { y[0] = 1; }
"""


def diff(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foundry", "metal", "diff", "k.metal", "k.metallib", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """k.metal, and a k.metallib of which `scale` and `structs` were compiled otherwise."""
    folder = tmp_path_factory.mktemp("diff")
    (folder / "k.metal").write_text(SOURCE)
    was = ["-DFACTOR=3.0f", "-DSTEP=7", "-DSIGNATURE=only_before", "-DTYPE=float"]
    subprocess.run([METAL, *was, "k.metal", "-o", "k.metallib"], check=True, cwd=folder)
    return folder


NOW = ("-D", "STEP=7", "-D", "SIGNATURE=only_now", "-D", "TYPE=int")


def test_equal_functions(folder: Path) -> None:
    chosen = ["scale", "constants", "members", "structs", "shared"]
    flags = [part for name in chosen for part in ("-f", name)]
    done = diff(*flags, *NOW, "-D", "FACTOR=3.0f", "--grid", "64,2", "--constant", "factor=2.5",
                "--threadgroup", "64", "--set", "members.n=3", folder=folder)  # fmt: skip
    assert done.returncode == 2
    assert "Error: --set members.n: no function has such a number" in done.stderr
    done = diff(*flags, *NOW, "-D", "FACTOR=3.0f", "--grid", "64,2", "--constant", "factor=2.5",
                "--threadgroup", "64", "--set", "p.n=3", folder=folder)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [f"{name}: equal bit for bit" for name in chosen]
    assert done.stderr == "5 functions: 5 equal\n"


def test_differences(folder: Path) -> None:
    done = diff(*NOW, "-D", "FACTOR=3.0000002f", folder=folder)
    assert done.returncode == 1
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert lines["scale"].startswith("differs: 'y' in ")
    assert ", 1 ulps at the most: [" in lines["scale"] or ", 2 ulps at the most" in lines["scale"]
    assert lines["idle"].startswith("not compared: nothing is written with these values: --set")
    assert "past the end of buffer 0 ('y', 262144 bytes)" in lines["far"]
    assert lines["only_before"] == "not compared: it is in the compiled library alone"
    assert lines["only_now"] == "not compared: it is in the source alone"
    assert done.stderr == "9 functions: 4 equal, 1 differs, 4 not compared\n"

    done = diff("-f", "scale", "--ulps", "2", *NOW, "-D", "FACTOR=3.0000002f", folder=folder)
    assert (done.returncode, done.stderr) == (0, "1 function: 1 equal\n")
    assert done.stdout in ("scale: equal within 1 ulps\n", "scale: equal within 2 ulps\n")

    done = diff("-f", "structs", *NOW, "-D", "STEP=8", "-D", "FACTOR=1", folder=folder)
    assert done.returncode == 1
    # The lanes that no thread writes are equal.
    assert "'p.step' in 256 of 131072 numbers: [0][1] is 8 from source, 7 comp" in done.stdout


def test_arguments_of_another_type(folder: Path) -> None:
    now = ("-D", "STEP=7", "-D", "SIGNATURE=only_before", "-D", "TYPE=half", "-D", "FACTOR=1")
    done = diff("-f", "only_before", *now, folder=folder)
    assert done.returncode == 1
    assert "only_before: not compared: the arguments are others: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-f", "scael"], "--function scael: neither library has such a kernel"),
        (["--set", "n"], "--set n: expected NAME=NUMBER[,NUMBER...]"),
        (["--constant", "factor=x"], "--constant factor=x: expected NAME=NUMBER[,NUMBER...]"),
        (["--grid", "8,0"], "--grid 8,0: expected one to three sizes, '64,4'"),
        (["--set", "p.scael=1", "-f", "members"], "did you mean 'p.scale'?"),
    ],
)
def test_wrong_usage_is_status_2(folder: Path, arguments: list[str], text: str) -> None:
    done = diff(*arguments, *NOW, "-D", "FACTOR=1", folder=folder)
    assert (done.returncode, done.stdout if "members" not in arguments else "") == (2, "")
    assert text in done.stderr


@pytest.mark.parametrize("kind", [np.float16, ml_dtypes.bfloat16, np.float32])
def test_distances_are_counted_in_numbers_between(kind: type) -> None:
    """Against nextafter, over zero and at the ends."""
    start: NDArray[Any] = np.array([0.0, -0.0, 1.0, -1.0, 0.75, np.finfo(np.float16).tiny], kind)
    bits = np.dtype(f"u{start.itemsize}")
    up: NDArray[Any] = (start.view(bits) + bits.type(3)).view(kind)  # away from zero
    np.testing.assert_array_equal(distance(start, up), 3)
    zero: NDArray[Any] = np.zeros(2, kind)
    zeros = zero, -zero
    np.testing.assert_array_equal(distance(*zeros), 0)
    assert not same(*zeros).any()
    smallest: NDArray[Any] = np.array([1], bits).view(kind)
    np.testing.assert_array_equal(distance(smallest, -smallest), 2)
    nan: NDArray[Any] = np.full(1, np.nan, kind)
    assert same(nan, -nan).all()
    assert distance(nan, np.ones(1, kind)) is None
    np.testing.assert_array_equal(distance(nan, -nan), 0)
    assert distance(np.ones(1, np.int32), np.zeros(1, np.int32)) is None
