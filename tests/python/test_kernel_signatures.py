"""A kernel's signature behaves as a Python function's: names, defaults, annotations, help."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import pydoc
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

import foundry as fd

POSITIONS = {
    "thread_position_in_grid.x": lambda i: i,
    "threads_per_grid.x": lambda i: 128,
    "thread_position_in_threadgroup.x": lambda i: i % 64,
    "threads_per_threadgroup.x": lambda i: 64,
    "threadgroup_position_in_grid.x": lambda i: i // 64,
    "threadgroups_per_grid.x": lambda i: 2,
    "dispatch_threads_per_threadgroup.x": lambda i: 64,
    "grid_size.x": lambda i: 128,
    "grid_origin.x": lambda i: 0,
    "thread_index_in_threadgroup": lambda i: i % 64,
    "thread_index_in_simdgroup": lambda i: i % 32,
    "thread_index_in_quadgroup": lambda i: i % 4,
    "simdgroup_index_in_threadgroup": lambda i: i % 64 // 32,
    "quadgroup_index_in_threadgroup": lambda i: i % 64 // 4,
    "simdgroups_per_threadgroup": lambda i: 2,
    "quadgroups_per_threadgroup": lambda i: 16,
    "dispatch_simdgroups_per_threadgroup": lambda i: 2,
    "dispatch_quadgroups_per_threadgroup": lambda i: 16,
    "threads_per_simdgroup": lambda i: 32,
    "thread_execution_width": lambda i: 32,
}
TWO_GROUPS = fd.DispatchConfig(fd.GridSize.threads(128), fd.ThreadgroupSize(64))


@fd.kernel(dispatch=fd.per_element("y"))
def scaled(y: fd.InOut[fd.f32], a: fd.f32 = 2.0, bias: fd.In[fd.f32] | None = None) -> None:
    """if (gid < y_size) y[gid] = a * y[gid] + (has_bias ? bias[gid] : 0);"""


class Holder:
    @staticmethod
    @fd.kernel(dispatch=fd.per_element("y"))
    def inner(y: fd.Out[fd.f32]) -> None:
        """if (gid < y_size) y[gid] = 3;"""

    @fd.kernel(dispatch=fd.per_element("y"))
    @staticmethod
    def outer(y: fd.Out[fd.f32]) -> None:
        """if (gid < y_size) y[gid] = 4;"""


def one_kernel(name: str, kind: object, body: str = "") -> fd.Kernel:
    """A kernel of one argument of that name."""

    def k(y: fd.Out[fd.u32]) -> None:
        pass

    def fill(**kwargs: object) -> None:
        pass

    parameter = inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    fill.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    fill.__annotations__ = {name: kind}
    return fd.kernel(dispatch=TWO_GROUPS, body=body or "(void)gid;")(fill)


@pytest.mark.parametrize("position", POSITIONS)
def test_every_position_of_metal_is_there_under_its_name(rt: fd.Foundry, position: str) -> None:
    fill = one_kernel("y", fd.Out[fd.u32], f"y[gid] = {position};")  # type: ignore[misc]
    y = rt.empty((128,), fd.u32)
    rt.run(fill(y=y))
    assert np.asarray(y).tolist() == [POSITIONS[position](i) for i in range(128)]  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "name",
    [
        *("device", "kernel", "vertex", "threadgroup", "constant", "metal", "template", "this"),
        *("half", "float4", "uint", "int", "bfloat", "packed_float3", "half4x4", "uint8_t"),
        *("size_t", "M_PI_F", "INFINITY", "FLT_MAX", "_Atomic", "a__b", "xor"),
    ],
)
def test_a_word_of_msl_is_refused_by_name(name: str) -> None:
    for kind in (fd.In[fd.f32], fd.f32, fd.Constant[fd.u32]):  # type: ignore[misc]
        with pytest.raises(fd.ArgumentError, match=f"name '{name}' is a word of MSL"):
            one_kernel(name, kind)
    with pytest.raises(fd.ArgumentError, match=f"P: member name '{name}' is a word of MSL"):
        type("P", (fd.ParameterStruct,), {"__annotations__": {name: fd.f32}})


@pytest.mark.parametrize(
    "name", [*(p.removesuffix(".x") for p in POSITIONS), "gid", "sizes"], ids=str
)
def test_a_name_of_the_generated_signature_is_refused(name: str) -> None:
    with pytest.raises(fd.ArgumentError, match=f"'{name}' is one that the generated signature"):
        one_kernel(name, fd.f32)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: _made("x: fd.In[fd.f32], x_size: fd.u32"),
            "k: argument name 'x_size' is the number of elements of 'x' in the generated source",
        ),
        (
            lambda: _made("has_b: fd.u32, b: fd.In[fd.f32] | None"),
            "k: argument name 'has_b' tells of the optional 'b' in the generated source",
        ),
        (
            lambda: _made("b: fd.In[fd.f32] | None, has_b: fd.Constant[fd.u32]"),
            "k: argument name 'has_b' tells of the optional 'b' in the generated source",
        ),
        (lambda: _made("k: fd.Constant[fd.u32]"), "constant 'k' has the kernel's own name"),
        (lambda: _made("x: fd.f32", name="half"), "kernel name 'half' is a word of MSL"),
        (lambda: _made("x: fd.f32", name="main"), "kernel name 'main' is a word of MSL"),
        (lambda: _made("größe: fd.f32"), "argument name 'größe' is not an identifier"),
        (lambda: _made("*args: fd.f32"), "kernel k: argument '*args': a kernel's arguments are"),
        (lambda: _made("**kw: fd.f32"), "kernel k: argument '**kw': a kernel's arguments are"),
        (lambda: _made("x: fd.f32, /"), "kernel k: argument 'x' is positional only"),
        (lambda: _made("self, x: fd.f32"), "a kernel has no self: make it a static method"),
        (lambda: _made("x: fd.ParameterStruct"), "expected a class derived from it"),
        (lambda: _made("x: float"), "kernel k: argument 'x' needs an annotation"),
        (lambda: _made("x: 'fd.In[nothing]'"), "'fd.In[nothing]', cannot be resolved: name 'not"),
        (lambda: _made("x: fd.u8 = 256"), "argument 'x' is 256, which is no u8"),
        (lambda: _made("x: fd.In[fd.f32] = None"), "is a NoneType; expected a Tensor"),
        (lambda: _made("x: fd.f32", body="return 3"), "has Python statements, in line"),
        (lambda: fd.kernel(dispatch=TWO_GROUPS)(lambda x: x), "a lambda has neither a name"),
        (lambda: fd.kernel(dispatch=TWO_GROUPS)(len), "is decorated; expected a function"),
        (lambda: fd.kernel(dispatch=TWO_GROUPS)(3), "3 (an int) is decorated; expected a func"),  # type: ignore[arg-type]
        (lambda: fd.kernel(dispatch=3)(_function), "argument 'dispatch' is 3 (an int); expected"),  # type: ignore[arg-type]
        (lambda: fd.kernel(dispatch=TWO_GROUPS, body=3)(_function), "argument 'body' is 3 (an"),  # type: ignore[arg-type]
        (lambda: fd.kernel(_function), "kernel: 1 arguments by position, of at most 0"),  # type: ignore[arg-type, call-arg]
        (lambda: fd.In[fd.f32] | 3, "In[f32] | 3 (an int): only a tensor may be optional"),  # type: ignore[misc, operator]
    ],
)
def test_what_no_kernel_can_have_is_refused_by_name(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises((fd.ArgumentError, fd.ArgumentTypeError)) as caught:
        make()
    assert message in str(caught.value)


def _function(y: fd.Out[fd.f32]) -> None:
    """y[gid] = 0;"""


def _made(arguments: str, *, name: str = "k", body: str = "pass") -> fd.Kernel:
    """A kernel from the text of its arguments, in a file of its own so that its source is there."""
    import linecache

    text = f"def {name}({arguments}):\n    '''(void)gid;'''\n    {body}\n"
    file = f"<made {len(linecache.cache)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    names: dict[str, object] = {"fd": fd, "__name__": __name__}
    exec(compile(text, file, "exec"), names)
    return fd.kernel(dispatch=TWO_GROUPS)(names[name])  # type: ignore[arg-type]


def test_annotations_that_are_text_see_what_stands_around(rt: fd.Foundry) -> None:
    """This file has `from __future__ import annotations`: each of these is text."""
    element = fd.f32
    Elements = fd.Array[fd.f32, 2]  # type: ignore[type-arg, valid-type]

    class Pair(fd.ParameterStruct):
        own = fd.u32
        values: Elements
        count: own  # type: ignore[valid-type]
        first: element  # type: ignore[valid-type]

    def inside(deeper: fd.DType) -> fd.Kernel:
        @fd.kernel(dispatch=fd.per_element("y"))
        def fill(y: fd.Out[element], p: Pair, x: Optional[fd.In[deeper]]) -> None:  # type: ignore[valid-type]  # noqa: UP045
            """if (gid < y_size) y[gid] = p.values[1] + p.count + p.first;"""

        return fill

    y = rt.empty((3,), fd.f32)
    rt.run(inside(fd.f16)(y=y, p=Pair(values=[1, 2], count=3, first=4)))
    assert np.asarray(y).tolist() == [9, 9, 9]
    assert repr(inside(fd.f16)) == "Kernel fill(y: Out[f32], p: Pair, x: In[f16] | None)"


def test_defaults_positions_and_keywords_bind_as_pythons(rt: fd.Foundry) -> None:
    def run(*args: object, **kwargs: object) -> list[float]:
        y = rt.tensor(np.array([1, 2, 3], np.float32))
        rt.run(scaled(y, *args, **kwargs))
        return np.asarray(y).tolist()

    bias = rt.tensor(np.array([10, 20, 30], np.float32))
    assert run() == [2, 4, 6]
    assert run(3.0) == run(a=3.0) == [3, 6, 9]
    assert run(1, bias) == run(bias=bias, a=1) == [11, 22, 33]
    with pytest.raises(fd.ArgumentTypeError, match="argument 'a' is given twice"):
        scaled(bias, 1.0, a=2.0)
    with pytest.raises(fd.ArgumentTypeError, match="there is no argument 'bais'; did you mean 'bi"):
        scaled(y=bias, bais=bias)
    with pytest.raises(fd.ArgumentTypeError, match="4 arguments by position, of at most 3"):
        scaled(bias, 1.0, None, 3)
    with pytest.raises(fd.ArgumentTypeError, match="argument 'y' is missing; it takes y, a, bias"):
        scaled()


def test_a_kernel_without_arguments_runs(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=TWO_GROUPS)
    def nothing() -> None:
        """(void)gid;"""

    rt.run(nothing())
    rt.synchronize()
    with pytest.raises(fd.ArgumentTypeError, match="kernel nothing: there is no argument 'x'"):
        nothing(x=1)


def test_keyword_only_arguments(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=fd.per_element("y"))
    def fill(y: fd.Out[fd.f32], *, a: fd.f32, b: fd.f32 = 1) -> None:
        """if (gid < y_size) y[gid] = a + b;"""

    y = rt.empty((2,), fd.f32)
    rt.run(fill(y, a=3))
    assert np.asarray(y).tolist() == [4, 4]
    with pytest.raises(fd.ArgumentTypeError, match="2 arguments by position, of at most 1"):
        fill(y, 3)


def test_help_and_signature_are_the_functions(rt: fd.Foundry) -> None:
    signature = inspect.signature(scaled)
    assert list(signature.parameters) == ["y", "a", "bias"]
    assert signature.parameters["a"].default == 2.0
    assert signature.parameters["bias"].default is None
    assert (scaled.__name__, scaled.__qualname__, scaled.__module__) == (
        "scaled",
        "scaled",
        __name__,
    )
    assert scaled.__doc__ == scaled.__wrapped__.__doc__  # type: ignore[attr-defined]
    text = pydoc.plain(pydoc.render_doc(scaled))
    assert "Kernel scaled(y: InOut[f32], a: f32 = 2.0, bias: In[f32] | None)" in text
    assert "y[gid] = a * y[gid]" in text


def test_the_docstring_documents_where_the_body_is_given(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=fd.per_element("y"), body="if (gid < y_size) y[gid] = 5;")
    def fives(y: fd.Out[fd.f32]) -> None:
        """Fives everywhere."""

    y = rt.empty((2,), fd.f32)
    rt.run(fives(y=y))
    assert np.asarray(y).tolist() == [5, 5]
    assert fives.__doc__ == "Fives everywhere."


def test_a_mistake_is_found_where_the_body_is_given(rt: fd.Foundry) -> None:
    @fd.kernel(
        dispatch=fd.per_element("y"),
        body="""
        y[gid] = nonsense;
        """,
    )
    def wrong(y: fd.Out[fd.f32]) -> None:
        """Does not compile."""

    line = wrong.__wrapped__.__code__.co_firstlineno + 3  # type: ignore[attr-defined]
    with pytest.raises(fd.KernelCompileError, match=rf"test_kernel_signatures.py:{line}:"):
        rt.run(wrong(y=rt.empty((1,), fd.f32)))


def test_static_methods_are_kernels(rt: fd.Foundry) -> None:
    y = rt.empty((2,), fd.f32)
    for made, value in ((Holder.inner, 3), (Holder().inner, 3), (Holder.outer, 4)):
        rt.run(made(y=y))
        assert np.asarray(y).tolist() == [value, value]


def test_copies_are_the_kernel_and_pickle_takes_it_by_name() -> None:
    assert copy.copy(scaled) is scaled and copy.deepcopy([scaled])[0] is scaled
    assert pickle.loads(pickle.dumps(scaled)) is scaled
    assert pickle.loads(pickle.dumps(Holder.outer)) is Holder.outer

    @fd.kernel(dispatch=TWO_GROUPS)
    def local() -> None:
        """(void)gid;"""

    with pytest.raises(fd.ArgumentTypeError, match="cannot be pickled: it is local to a function"):
        pickle.dumps(local)


def test_what_dispatch_gives_is_checked(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=lambda arguments: arguments["n"])
    def fill(y: fd.Out[fd.f32], n: fd.u32) -> None:
        """y[0] = n;"""

    with pytest.raises(fd.ArgumentTypeError, match=r"its dispatch gave 3 \(an int\); expected a D"):
        fill(y=rt.empty((1,), fd.f32), n=3)
    with pytest.raises(fd.ArgumentError, match="'y' is left out of this call"):
        optional = one_kernel("y", fd.Out[fd.u32] | None)  # type: ignore[misc]
        fd.Kernel(optional.__wrapped__, fd.per_element("y"), "(void)gid;")()  # type: ignore[attr-defined]


@pytest.mark.parametrize("flag", ["-O", "-OO"])
def test_optimised_python_runs_kernels(tmp_path: Path, flag: str) -> None:
    """-OO strips the docstring, which is the body: it is read from the file."""
    (tmp_path / "program.py").write_text(
        textwrap.dedent('''
        import numpy as np
        import foundry as fd

        @fd.kernel(dispatch=fd.per_element("y"))
        def fill(y: fd.Out[fd.f32]):
            """
            if (gid < y_size) y[gid] = 7;
            """

        rt = fd.Foundry()
        y = rt.empty((2,), fd.f32)
        rt.run(fill(y=y))
        print(np.asarray(y).tolist())
        names = {"fd": fd}
        try:
            exec('@fd.kernel(dispatch=fd.per_element("y"))\\ndef lost(y: fd.Out[fd.f32]):\\n'
                 '    "y[gid] = 0;"', names)
        except fd.ArgumentError as error:
            print(error)
        ''')
    )
    done = subprocess.run(
        [sys.executable, flag, "program.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ},
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "[7.0, 7.0]"
    if flag == "-OO":
        assert "python -OO strips docstrings: pass body= to kernel()" in lines[1]
