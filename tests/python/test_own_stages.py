"""Shader files, stages and policies of one's own, from Python, against numpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import foundry as fd

CAP = """
#include "lib/epilogue.metal"
struct Cap {
  float limit;
  float apply(float value, uint, uint, uint) const { return clamp(value, -limit, limit); }
};
"""

SCALED = """
#include "lib/epilogue.metal"
template <class T>
struct Scaled {
  device const T* factors;
  float shift;
  float apply(float value, uint, uint row, uint) const {
    return value * float(factors[row]) + shift;
  }
};
"""

SHIFTED = """
#include "lib/prologue.metal"
template <class X, class T>
struct Shifted {
  device const X* x;
  device const T* shifts;
  uint columns;
  float scale(uint, uint) const { return 1.0f; }
  float at(uint token, uint k, float) const {
    return float(x[token * columns + k]) + float(shifts[k]);
  }
};
"""


@pytest.mark.parametrize("tokens", [1, 37])
def test_stages_of_ones_own_stand_beside_foundrys(rt: fd.Foundry, tokens: int) -> None:
    rng = np.random.default_rng(tokens)
    rows, columns = 45, 96
    w, x = rng.standard_normal((rows, columns)), rng.standard_normal((tokens, columns))
    bias, factors, shifts = (rng.standard_normal(n) for n in (rows, rows, columns))
    cap = fd.stage("Cap", source=CAP, scalar=True)
    scaled = fd.stage("Scaled", source=SCALED, tensor=fd.StageTensor.rows, scalar=True)
    shifted = fd.stage(
        "Shifted", source=SHIFTED, kind=fd.StageKind.prologue, tensor=fd.StageTensor.columns
    )
    y = rt.empty((tokens, rows), fd.f32)
    built = (
        fd.fuse("own")
        .prologue(shifted(rt.tensor(shifts, fd.f32)))
        .main(fd.ops.Linear(weights=rt.tensor(w, fd.f32)))
        .epilogue(fd.ops.Bias(rt.tensor(bias, fd.f32)))
        .epilogue(scaled(rt.tensor(factors, fd.f16), 0.25))
        .epilogue(cap(scalar=6.0))
        .build(x=rt.tensor(x, fd.f32), y=y)
    )
    rt.run(built)
    expected = np.clip(((x + shifts) @ w.T + bias) * np.float16(factors) + 0.25, -6, 6)
    # f32 sums of 96 products of numbers near 1.
    np.testing.assert_allclose(np.asarray(y), expected, rtol=1e-4, atol=1e-4)
    assert "Cap{" in built.source()
    assert np.abs(np.asarray(y)).max() == 6.0


def test_an_operation_takes_a_stage_of_ones_own(rt: fd.Foundry) -> None:
    rng = np.random.default_rng(3)
    w, x = rng.standard_normal((8, 32)), 10 * rng.standard_normal(32)
    y = rt.empty((8,), fd.f32)
    cap = fd.stage("Cap", source=CAP, scalar=True)
    rt.run(
        fd.ops.Gemv(
            weights=rt.tensor(w, fd.f32), x=rt.tensor(x, fd.f32), y=y, epilogue=cap(scalar=1.5)
        )
    )
    np.testing.assert_allclose(np.asarray(y), np.clip(w @ x, -1.5, 1.5), rtol=1e-4, atol=1e-4)


def test_a_stage_that_is_written_again_is_another(rt: fd.Foundry) -> None:
    w, x = rt.tensor(np.eye(4), fd.f32), rt.tensor([1.0, 2.0, 3.0, 4.0])
    y = rt.empty((4,), fd.f32)
    for factor in (2, 3, 2):
        source = (
            "struct Times { float apply(float value, uint, uint, uint) const "
            f"{{ return {factor}.0f * value; }} }};"
        )
        rt.run(fd.ops.Gemv(weights=w, x=x, y=y, epilogue=fd.stage("Times", source=source)()))
        assert np.asarray(y).tolist() == [factor, 2 * factor, 3 * factor, 4 * factor]


def test_a_fault_in_a_stage_is_told_with_its_line(rt: fd.Foundry) -> None:
    source = (
        "struct Broken {\n  float apply(float value, uint, uint, uint) const { return vlaue; }\n};"
    )
    broken = fd.stage("Broken", source=source)
    operation = fd.ops.Gemv(
        weights=rt.tensor(np.eye(4), fd.f32),
        x=rt.tensor([1.0, 2.0, 3.0, 4.0]),
        y=rt.empty((4,), fd.f32),
        epilogue=broken(),
    )
    with pytest.raises(fd.KernelCompileError, match=r"stages/Broken\.metal:2:.*vlaue"):
        rt.run(operation)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "float", "source": ""}, "stage float: 'float' is no name that MSL allows"),
        ({"name": "a b", "source": ""}, "stage a b: 'a b' is no name that MSL allows"),
        (
            {"name": "Cap", "source": "struct Capped;"},
            "stage Cap: its source defines no struct Cap",
        ),
        (
            {"name": "Cap", "source": CAP, "tensor": fd.StageTensor.head},
            "stage Cap: an epilogue cannot have a tensor of the shape 'head'",
        ),
        (
            {
                "name": "Cap",
                "source": CAP,
                "kind": fd.StageKind.prologue,
                "tensor": fd.StageTensor.rows,
            },
            "stage Cap: a prologue cannot have a tensor of the shape 'rows'",
        ),
    ],
)
def test_a_stage_that_cannot_be_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(fd.ArgumentError) as error:
        fd.stage(**arguments)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_a_stages_values_are_those_it_has(rt: fd.Foundry) -> None:
    cap = fd.stage("Cap", source=CAP, scalar=True)
    scaled = fd.stage("Scaled", source=SCALED, tensor=fd.StageTensor.rows, scalar=True)
    with pytest.raises(fd.ArgumentError, match="stage Cap: argument 'scalar' is missing"):
        cap()
    with pytest.raises(fd.ArgumentError, match="stage Cap: it takes no tensor"):
        cap(rt.tensor([1.0]), 2.0)
    with pytest.raises(fd.ArgumentTypeError, match="Scaled: argument 'tensor' is missing"):
        scaled(scalar=1.0)
    with pytest.raises(fd.ArgumentError, match="Cap is an epilogue and cannot be the prologue"):
        fd.fuse("k").prologue(cap(scalar=1.0))
    with pytest.raises(fd.ArgumentError, match="Cap is a stage: it runs as a part"):
        rt.run(cap(scalar=1.0))


def test_kernels_include_functions_of_ones_own(rt: fd.Foundry) -> None:
    fd.register_shader("lib/own_cubes.metal", "inline float cube(float x) { return x * x * x; }\n")
    fd.register_shader("lib/own_cubes.metal", "inline float cube(float x) { return x * x * x; }\n")

    @fd.kernel(dispatch=fd.per_element("y"), header='#include "lib/own_cubes.metal"')
    def cubes(x: fd.In[fd.f32], y: fd.Out[fd.f32]) -> None:
        """if (gid < y_size) y[gid] = cube(x[gid]);"""

    y = rt.empty((3,), fd.f32)
    rt.run(cubes(x=rt.tensor([1.0, -2.0, 0.5]), y=y))
    assert np.asarray(y).tolist() == [1.0, -8.0, 0.125]
    with pytest.raises(fd.ArgumentError, match=r"'lib/own_cubes\.metal' exists already"):
        fd.register_shader("lib/own_cubes.metal", "")
    with pytest.raises(fd.ArgumentError, match="'x' is no name of a shader file"):
        fd.register_shader("x", "")
    with pytest.raises(fd.ArgumentTypeError, match=r"'include' is 'lib'"):

        @fd.kernel(dispatch=fd.per_element("y"), include="lib")
        def wrong(y: fd.Out[fd.f32]) -> None:
            """y[gid] = 0.0f;"""


OWN_POLICY = Path(__file__).with_name("own_policy.py")


def test_a_policy_of_ones_own_works_wherever_a_policy_does() -> None:
    # A process of its own: a policy is there until the process ends.
    done = subprocess.run(
        [sys.executable, str(OWN_POLICY)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "as numpy has it\n"
