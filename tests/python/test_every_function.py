"""Whatever a public function is given: it works, or raises one of Foundry's errors in plain words.

Every function, method, constructor, property and operator of the package is found by walking it,
and called with random values of every Python type. `FOUNDRY_PROPERTY_EXAMPLES` sets how many calls
each gets (30): `FOUNDRY_PROPERTY_EXAMPLES=5000` is an evening's run.
"""

from __future__ import annotations

import ast
import contextlib
import enum
import inspect
import itertools
import operator
import os
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import foundry as fd
from foundry.generation.chat_template import ChatTemplate
from foundry.generation.sampling import SamplingParameters
from foundry.generation.tokenizer import StreamDecoder, Tokenizer

EXAMPLES = int(os.environ.get("FOUNDRY_PROPERTY_EXAMPLES", "30"))

# Words of the binding layer and of C++, which no user knows.
NOT_WORDS = re.compile(
    r"incompatible function|nanobind|std::|foundry::|_foundry\.|bad_cast|nb_method"
)
# These wait for what another thread does, end the runtime for good, turn into a recording what this
# thread does next, or add to what messages of other tests list.
NOT_CALLED = {
    *("SharedEvent.wait", "foundry.finish", "foundry._foundry.finish", "Program.__enter__"),
    *("foundry.block_dtype", "foundry._foundry.block_dtype"),
}


class Hostile:
    """Every protocol that a conversion may ask for raises."""

    def _raise(self, *_: object, **__: object) -> Any:
        raise ZeroDivisionError("hostile")

    __index__ = __int__ = __float__ = __complex__ = __bool__ = __len__ = __iter__ = _raise
    __eq__ = __hash__ = __repr__ = __str__ = __fspath__ = __getitem__ = __array__ = _raise
    __dlpack__ = __dlpack_device__ = __call__ = __buffer__ = _raise


class Text(str):
    pass


class Number(int):
    pass


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def _endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def _numbers() -> Iterator[int]:
    yield from (1, 2)


INTEGERS = [
    *(0, 1, 2, 3, 7, 31, 32, 64, -1, -2, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**32),
    *(2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**31), -(2**63), -(2**63) - 1, 10**5000),
]
FLOATS = [0.0, -0.0, 0.5, 1.0, -3.25, 1e-45, 1e38, 1e39, 1e308, np.inf, -np.inf, np.nan]
STRINGS = ["", "x", "y", "default", "shared", "f32", "q4_0", "cpu:0", "\ud800", "a\0b", "ä€", "-1"]
ARRAY_TYPES = ["f4", "f2", "f8", "i1", "i4", "i8", "u1", "u2", "u4", "u8", ">f4", ">i2", "c8", "?"]
OTHERS: list[Callable[[], Any]] = [
    *(lambda v=v: v for v in (None, True, False, ..., NotImplemented, 1j, b"", b"\x00\xff")),
    *(lambda v=v: v for v in (int, str, object, type, np.float32, fd.DType, fd.Tensor, Hostile)),
    *(lambda v=v: v for v in (slice(None), slice(1, "x"), slice(0, 2**70), range(3), len)),
    *(lambda v=v: v for v in (fd.In, fd.In[fd.f32], fd.Array[fd.f32, 2], fd.Constant[fd.u32])),  # type: ignore[index, misc]
    Hostile,
    object,
    Exception,
    lambda: Text("x"),
    lambda: Number(2),
    lambda: bytearray(8),
    lambda: memoryview(b"12345678"),
    lambda: lambda *_, **__: 1,
    lambda: _nested(50),
    lambda: _nested(5000),
    _endless,
    _numbers,
    lambda: {"a": 1},
    lambda: {1: 2, "\ud800": None},
    lambda: {1, 2},
    lambda: [Hostile()],
    lambda: (Hostile(), Hostile()),
    lambda: np.array([1, "x", None], object),
    lambda: np.array(["a", "b"]),
    lambda: np.zeros(3, "M8[s]"),
    lambda: np.zeros(2, [("a", "f4"), ("b", "i2")]),
    lambda: np.float32(0.5),
    lambda: np.int64(-1),
    lambda: np.bool_(True),
    lambda: np.str_("x"),
    lambda: Path("nothing"),
    lambda: fd.Tensor.__new__(fd.Tensor),
    lambda: Path("nul\0"),
]


def arrays() -> st.SearchStrategy[Any]:
    def make(dtype: str, shape: tuple[int, ...], form: str) -> Any:
        array = np.ones(shape, dtype)
        if form == "F":
            return np.asfortranarray(array)
        if form == "strided":
            return np.ones((*shape, 2), dtype)[..., 0]
        if form == "read-only":
            array.setflags(write=False)
        return array

    shapes = [(), (0,), (1,), (4,), (2, 3), (4, 4), (0, 3), (1, 2, 3), (1,) * 9]
    forms = ["C", "F", "strided", "read-only"]
    return st.builds(
        make, st.sampled_from(ARRAY_TYPES), st.sampled_from(shapes), st.sampled_from(forms)
    )


class World:
    """One instance of everything that only Foundry makes, new for each owner."""

    def __init__(self) -> None:
        self.rt = rt = fd.Foundry(arena_cap=2**24)
        event = fd.SharedEvent(rt)
        with rt.record("program") as program:
            y = rt.tensor(np.ones(4, np.float32), name="y")
            rt.run(fd.ops.Softmax(x=y, y=y))

        @fd.kernel(dispatch=fd.per_element("y"))
        def twice(x: fd.In[fd.f32], y: fd.Out[fd.f32], a: fd.f32):  # type: ignore[no-untyped-def]
            """if (gid < y_size) y[gid] = a * x[gid];"""

        class Pair(fd.ParameterStruct):
            a: fd.u32
            b: fd.Array[fd.f32, 2]  # type: ignore[type-arg, valid-type]

        weights = rt.tensor(np.ones((4, 4), np.float32), fd.f16)
        other = fd.Foundry()
        tensors = [
            rt.alloc(shape, dtype)
            for shape in [(4,), (4, 4), (1, 2, 4)]
            for dtype in (fd.f32, fd.f16, fd.i32, fd.u32, fd.bf16, fd.u8)
        ]
        tensors += [
            weights,
            rt.alloc((4,), fd.f32)[1:3],
            weights.transpose(),
            rt.dedicated((4,), fd.f32, mode="private"),
            rt.dedicated((2, 32), fd.q4_0),
            rt.borrow(np.ones(4, np.float32)),
            rt.borrow(b"0123456789abcdef", fd.u8, (16,)),
            other.alloc((4,), fd.f32),
        ]
        ops = [
            fd.ops.Silu(),
            fd.ops.Bias(tensors[0]),
            fd.ops.RmsNorm(tensors[0]),
            fd.ops.Gemv(weights=weights),
            fd.ops.Softmax(x=tensors[0], y=tensors[0]),
            fd.ops.CacheWrite(),
            fd.ops.Fill(y=tensors[3]),
            twice(x=tensors[0], y=tensors[0], a=1.0),
        ]
        library = fd.Library.from_source("kernel void f(device float* y) { y[0] = 1; }")
        self.values: list[Any] = [
            *(library, library["f"]),
            *(rt, other, rt.device, rt.arena("pool"), rt.arena("pool").mark(), rt.scope(), event),
            *(program, rt.record("new"), fd.Parameter("n"), fd.Parameter("n") + 1, twice),
            *(twice._kernel, Pair(a=1, b=[1, 2]), Pair, rt.arena("pool").statistics),
            *(fd.fuse("fused"), fd.GridSize.threads(4), fd.ThreadgroupSize(4), ops[4].traffic),
            fd.DispatchConfig(fd.GridSize.threads(4), fd.ThreadgroupSize(4)),
            *(fd.f32, fd.q4_0, fd.DType.f64, fd.ops.LinearForm.gemv, fd.ops.AttentionForm.decode),
            *rt.arena().holders()[:1],
            *tensors,
            *ops,
        ]

    def anything(self) -> st.SearchStrategy[Any]:
        plain = [*INTEGERS, *FLOATS, *STRINGS]
        one = st.one_of(
            st.sampled_from(plain),
            st.sampled_from(self.values),
            st.sampled_from(OTHERS).map(lambda make: make()),
            arrays(),
            st.text(max_size=8),
        )
        return st.one_of(one, one, st.lists(one, max_size=3), st.lists(one, max_size=3).map(tuple))

    def likely(self, annotation: str) -> list[Any]:
        """Values of about the type that the annotation asks for."""
        pools: dict[str, list[Any]] = {
            "int": INTEGERS,
            "float": FLOATS,
            "bool": [True, False],
            "str": STRINGS,
            "Path": ["nothing", "", "/", "."],
            "DType": [v for v in self.values if isinstance(v, fd.DType)],
            "Array": [np.ones(4, np.float32), [1.0, 2.0], 3],
        }
        found = [v for word, pool in pools.items() if word in annotation for v in pool]
        for value in self.values:
            if any(re.search(rf"\b{base.__name__}\b", annotation) for base in type(value).__mro__):
                found.append(value)
        return found


def signature_of(function: Any) -> list[tuple[str, str]]:
    """Names and annotations, as text, without self."""
    bound = getattr(function, "__nb_signature__", None)
    if bound:
        text = re.sub(r"\\=?\d+", "...", bound[0][0][bound[0][0].rfind("def ") :])
        call = ast.parse(re.sub(r"^def [^(]*\(", "def f(", text) + ": ...").body[0]
        assert isinstance(call, ast.FunctionDef)
        a = call.args
        pairs = [
            (arg.arg, ast.unparse(arg.annotation) if arg.annotation else "")
            for arg in [*a.posonlyargs, *a.args, *a.kwonlyargs]
        ]
    else:
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return []
        pairs = [
            (p.name, str(p.annotation))
            for p in parameters
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        ]
    return [pair for pair in pairs if pair[0] not in ("self", "cls")]


# Made of parts by load(), which checks them: no constructors of their own.
MADE_BY_LOAD = {"LanguageModel", "Generation", "LibraryKernel", "StreamDecoder", "Tokenizer"}
MODEL_CLASSES: list[type] = [
    *(fd.models.LanguageModel, fd.models.Statistics, fd.models.ModelConfig),
    *(Tokenizer, StreamDecoder, ChatTemplate, SamplingParameters),
]

OPERATORS: list[Callable[..., Any]] = [
    *(operator.add, operator.sub, operator.mul, operator.eq, operator.ne, operator.lt),
    *(operator.or_, operator.getitem, operator.contains, operator.neg, operator.index),
    *(len, iter, bool, hash, repr, str, float, int, bytes, list, memoryview, np.asarray),
]
UNARY = {operator.neg, operator.index, *OPERATORS[OPERATORS.index(len) :]}


def owners() -> list[tuple[str, Any]]:
    """Everything public by name: modules' functions together, each class by itself."""
    found: dict[str, Any] = {}
    for module in (fd, fd.ops):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value):
                found.setdefault(name, value)
    extension = fd.Tensor.__module__ and __import__("foundry._foundry")._foundry
    for name, value in vars(extension).items():
        if inspect.isclass(value):
            found.setdefault(name, value)
    found = {name: value for name, value in found.items() if not issubclass(value, BaseException)}
    found["functions"] = {
        f"{module.__name__}.{name}": value  # type: ignore[union-attr]
        for module in (fd, fd.ops, extension)
        for name, value in vars(module).items()
        if callable(value)
        and not inspect.isclass(value)
        and not name.startswith("_")
        and name != "set_typed_error"
    }
    return sorted(found.items())


def calls_of(
    name: str, owner: Any, world: World
) -> dict[str, tuple[Callable[..., Any], list[tuple[str, str]]]]:
    """Each way to call into the owner: a function of the values, and what it says it takes."""
    if isinstance(owner, dict):
        return {key: (value, signature_of(value)) for key, value in owner.items()}
    calls: dict[str, tuple[Callable[..., Any], list[tuple[str, str]]]] = {}
    init = vars(owner).get("__init__", owner)
    # An enumeration's call is Python's own but for the value.
    takes = (
        [("value", f"str | DType | {name}")] if issubclass(owner, enum.Enum) else signature_of(init)
    )
    if name not in MADE_BY_LOAD:
        calls[name] = (owner, takes)
    instances = [v for v in world.values if isinstance(v, owner)] or [None]
    for member, value in vars(owner).items():
        full = f"{name}.{member}"
        if isinstance(value, property):
            assert value.fget is not None
            calls[f"{full} (get)"] = (value.fget, [("self", name)])
            if value.fset is not None:
                takes = [("self", name), ("value", "int | str | float")]
                calls[f"{full} (set)"] = (value.fset, takes)
        elif hasattr(value, "__nb_signature__") or (
            inspect.isfunction(value) and not member.startswith("_") and instances[0] is not None
        ):
            if member in ("__init__", "__new__"):
                continue
            is_static = "self" not in str(getattr(value, "__nb_signature__", "self"))
            takes = signature_of(value)
            calls[full] = (value, takes if is_static else [("self", name), *takes])
    if instances[0] is not None:
        for each in OPERATORS:
            takes = [("a", name)] if each in UNARY else [("a", name), ("b", f"{name} | int | str")]
            calls[f"{name} {each.__name__}"] = (each, takes)
    return calls


def is_protocol(call: str, error: BaseException) -> bool:
    """What Python itself says of an operator that is not there, and what the other operand's own
    method raises."""
    is_operator = " " in call and not call.endswith(")")
    return is_operator and (type(error) in (TypeError, BufferError) or str(error) == "hostile")


def check_calls(name: str, owner: Any, world: World, examples: int) -> None:
    limit = world.rt.device.memory_limit
    calls = calls_of(name, owner, world)
    anything = world.anything()
    likely = {
        annotation: st.sampled_from(pool) if (pool := world.likely(annotation)) else anything
        for _, takes in calls.values()
        for _, annotation in takes
    }

    @st.composite
    def call(draw: st.DrawFn) -> tuple[str, list[Any], dict[str, Any]]:
        key = draw(st.sampled_from(sorted(calls)))
        _, takes = calls[key]
        # Operators, enumerations and properties of Python's classes bind their operands themselves,
        # in Python's words.
        is_operator = " " in key and not key.endswith(")")
        is_accessor = key.endswith(")") and inspect.isfunction(calls[key][0])
        is_bound = is_operator or is_accessor or isinstance(calls[key][0], enum.EnumMeta)
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for parameter, annotation in takes:
            fate = draw(st.integers(0, 9))
            is_own = parameter == "self" and inspect.isfunction(calls[key][0])
            if fate == 0 and not is_bound and not is_own:
                continue
            # The other operand's own methods may raise, and a method of Python's needs its self.
            wild = fate < 4 and not is_bound and not is_own
            value = draw(anything if wild else likely[annotation])
            if parameter in ("self", "a") or (not kwargs and fate % 2) or is_bound:
                args.append(value)
            else:
                kwargs[parameter] = value
        if not is_bound and draw(st.integers(0, 9)) == 0:
            kwargs[draw(st.sampled_from(["naem", "x", "\ud800", "self"]))] = draw(anything)
        if not is_bound and draw(st.integers(0, 9)) == 0:
            args.append(draw(anything))
        return key, args, kwargs

    @seed(9)
    @settings(
        max_examples=max(1, examples * min(len(calls), 40) // 4),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(call())
    def check(drawn: tuple[str, list[Any], dict[str, Any]]) -> None:
        key, args, kwargs = drawn
        if key in NOT_CALLED:
            return
        try:
            result = calls[key][0](*args, **kwargs)
            if isinstance(result, fd.models.Generation):
                list(itertools.islice(result, 2))
        except fd.Error as error:
            text = str(error)
            assert text and not NOT_WORDS.search(text), f"{key}: {text}"
        except Exception as error:
            assert is_protocol(key, error), f"{key}(*{len(args)}, **{list(kwargs)}): {error!r}"
        finally:
            world.rt.device.memory_limit = limit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check()
    with contextlib.suppress(fd.Error):
        world.rt.synchronize()
    x = world.rt.tensor(np.arange(8, dtype=np.float32))
    world.rt.run(fd.ops.Add(a=x, b=x, y=x))
    assert np.asarray(x).tolist() == [2.0 * i for i in range(8)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "owner"), owners(), ids=[name for name, _ in owners()])
def test_only_foundry_errors_in_plain_words(
    name: str, owner: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_calls(name, owner, World(), EXAMPLES)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", MODEL_CLASSES, ids=lambda kind: kind.__name__)
def test_only_foundry_errors_of_models(
    kind: type, model: fd.models.LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world = World()
    world.values += [
        *(model, model.tokenizer, model.tokenizer.stream(), model.chat_template, model.config),
        *(
            SamplingParameters(),
            fd.models.Statistics(),
            [{"role": "user", "content": "hi"}],
            [1, 2],
        ),
    ]
    check_calls(kind.__name__, kind, world, max(1, EXAMPLES // 4))
    assert len(list(itertools.islice(model.generate("The capital of France is", raw=True), 2))) == 2
