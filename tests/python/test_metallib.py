"""Compiled libraries from Python: their kernels run, and what they cannot do is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import foundry as fd

METAL = Path(__file__).parents[2] / "build/dev/bin/tools/metal"
SOURCE = """
#include <metal_stdlib>
using namespace metal;
constant float factor [[function_constant(2)]];
kernel void scale(device float* y, uint i [[thread_position_in_grid]]) { y[i] *= factor; }
kernel void add(device const float* x, device float* y, constant float& a,
                uint i [[thread_position_in_grid]]) { y[i] += a * x[i]; }
"""


def compiled(folder: Path, source: str = SOURCE) -> Path:
    path = folder / "kernels.metal"
    path.write_text(source)
    subprocess.run([METAL, path, "-o", folder / "kernels.metallib"], check=True)
    return folder / "kernels.metallib"


def test_kernels_of_a_compiled_library_run(rt: fd.Foundry, tmp_path: Path) -> None:
    library = fd.Library.from_metallib(compiled(tmp_path))
    assert library.functions == ("add", "scale")
    assert library.source == library.log == ""
    x, y = rt.tensor(np.arange(4, dtype=np.float32)), rt.tensor(np.ones(4, np.float32))
    rt.run(library["add"](x, y, 2.0, grid=4))
    (constant,) = library["scale"].constants
    assert (constant.name, constant.index, constant.type) == ("factor", 2, "float")
    rt.run(library["scale"].specialised({"factor": 3.0})(y, grid=4))
    np.testing.assert_array_equal(np.asarray(y), [3, 9, 15, 21])


def test_libraries_of_one_path_are_told_apart(rt: fd.Foundry, tmp_path: Path) -> None:
    """A file that was compiled anew is another library, with the same kernels' names."""
    y = rt.tensor(np.ones(2, np.float32))
    before = fd.Library.from_metallib(compiled(tmp_path))
    rt.run(before["add"](y, y, 1.0, grid=2))
    after = fd.Library.from_metallib(compiled(tmp_path, SOURCE.replace("+=", "-=")))
    rt.run(after["add"](y, y, 1.0, grid=2))
    np.testing.assert_array_equal(np.asarray(y), [0, 0])


def test_what_has_no_source_says_so(rt: fd.Foundry, tmp_path: Path) -> None:
    path = compiled(tmp_path)
    library = fd.Library.from_metallib(path)
    with pytest.raises(fd.ArgumentError, match=r"was compiled before and has no source to inst"):
        library.instantiate("fill<float>")
    y = rt.tensor(np.ones(2, np.float32), name="y")
    with rt.record("steps") as program:
        rt.run(library["add"](y, y, 1.0, grid=2))
    with pytest.raises(fd.ProgramError, match="kernel add is of a compiled library"):
        program.export(tmp_path / "steps.program")
    (tmp_path / "bad.metallib").write_bytes(b"MTLB")
    with pytest.raises(fd.ArgumentError, match=r"bad\.metallib: at byte 0: the platform needs"):
        fd.Library.from_metallib(tmp_path / "bad.metallib")
    with pytest.raises(fd.ArgumentError, match=r"nothing\.metallib: No such file"):
        fd.Library.from_metallib(tmp_path / "nothing.metallib")
