"""Headers and templates of decorated kernels."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

import foundry as fd

T = TypeVar("T")


@fd.kernel(
    dispatch=fd.per_element("y"),
    template={"T": fd.f16, "rows": 4, "twice": True, "offset": 0.5},
    header="""
    template <typename U> U scaled(U x) { return (twice ? 2 : 1) * rows * x + U(offset); }
    """,
)
def scale(x: fd.In[T], y: fd.Out[T], a: T) -> None:
    """if (gid < y_size) y[gid] = scaled<T>(x[gid]) + a;"""


def test_a_template_is_instantiated_with_other_types_and_numbers(rt: fd.Foundry) -> None:
    halves = rt.tensor(np.arange(4, dtype=np.float16))
    y = rt.zeros(4, fd.f16)
    rt.run(scale(x=halves, y=y, a=1.0))
    assert np.asarray(y).tolist() == [1.5, 9.5, 17.5, 25.5]
    ints = scale.instantiate(T=fd.i64, rows=2**40, twice=False)
    assert ints is scale.instantiate(twice=False, T=fd.i64, rows=2**40)
    assert (
        scale.instantiate(rows=4) is scale
        and ints.instantiate(T=fd.f16, rows=4, twice=True) is scale
    )
    z = rt.zeros(2, fd.i64)
    rt.run(ints(x=rt.tensor(np.array([1, 2])), y=z, a=-1))
    assert np.asarray(z).tolist() == [2**40 - 1, 2**41 - 1]
    with pytest.raises(fd.DTypeError, match="argument 'x' is f16; expected i64"):
        ints(x=halves, y=z, a=1)
    assert pickle.loads(pickle.dumps(ints)) is ints and copy.deepcopy(ints) is ints


def test_headers_include_files_of_folders_and_beside(rt: fd.Foundry, tmp_path: Path) -> None:
    (tmp_path / "cube.h").write_text("#pragma once\ninline float cube(float x) { return x*x*x; }\n")

    @fd.kernel(
        dispatch=fd.per_element("y"),
        header='#include "cube.h"\n#include <cube.h>\n#include "lib/random.metal"',
        include=[tmp_path],
    )
    def cubes(y: fd.InOut[fd.f32]) -> None:
        """if (gid < y_size) y[gid] = cube(y[gid]);"""

    y = rt.tensor(np.array([2.0, -1.0], np.float32))
    rt.run(cubes(y))
    assert np.asarray(y).tolist() == [8.0, -1.0]


def test_a_mistake_in_a_header_has_the_line_of_the_python_file(rt: fd.Foundry) -> None:
    @fd.kernel(
        dispatch=fd.per_element("y"),
        header="""
    inline float f() { return undeclared; }
    """,
    )
    def wrong(y: fd.Out[fd.f32]) -> None:
        """y[gid] = f();"""

    with pytest.raises(fd.KernelCompileError, match="use of undeclared identifier") as caught:
        rt.run(wrong(rt.zeros(1, fd.f32)))
    lines = Path(__file__).read_text().splitlines()
    line = next(i for i, text in enumerate(lines, 1) if "return undeclared; }" in text)
    assert f"test_kernel_templates.py:{line}:31: error" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"template": {"T": 3}}, fd.DTypeError, "argument 'y': 'T' of the template is 3 (an int)"),
        ({"template": {}}, fd.ArgumentError, "argument 'y': the template has no 'T'"),
        ({"template": {"T": fd.q4_0}}, fd.DTypeError, "template 'T' is q4_0; expected a plain"),
        ({"template": {"T": fd.f32, "half": 3}}, fd.ArgumentError, "name 'half' is a word of MSL"),
        ({"template": {"T": fd.f32, "a b": 3}}, fd.ArgumentError, "'a b' is not an identifier"),
        ({"template": {"T": fd.f32, "y": 3}}, fd.ArgumentError, "'y' is an argument's too"),
        ({"template": {"T": fd.f32, "n": 2**64}}, fd.ArgumentError, "which no integer type"),
        ({"template": {"T": fd.f32, "n": float("nan")}}, fd.ArgumentError, "expected a finite"),
        ({"template": {"T": fd.f32, "n": "4"}}, fd.ArgumentTypeError, "a dtype or a number"),
        ({"template": ["T"]}, fd.ArgumentTypeError, "argument 'template' is ['T'] (a list)"),
        ({"header": 3, "template": {"T": fd.f32}}, fd.ArgumentTypeError, "'header' is 3 (an int)"),
    ],
)
def test_what_no_template_can_be(
    options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:

        @fd.kernel(dispatch=fd.per_element("y"), **options)
        def wrong(y: fd.Out[T]) -> None:
            """y[gid] = 0;"""

    assert message in str(caught.value)


def test_unknown_names_of_a_template_are_refused() -> None:
    with pytest.raises(fd.ArgumentTypeError, match="has no 'row'; did you mean 'rows'"):
        scale.instantiate(row=3)
