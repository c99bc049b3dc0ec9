"""Kernels of one's own: a decorated Python signature and an MSL body are a kernel.

    @fd.kernel(dispatch=fd.per_element("y"))
    def axpy(x: fd.In[fd.f16], y: fd.InOut[fd.f16], a: fd.f32):
        \"\"\"
        if (gid < y_size) y[gid] = half(a * float(x[gid]) + float(y[gid]));
        \"\"\"

    rt.run(axpy(x=x, y=y, a=2.0))

The body sees the arguments by name, `<name>_size` (elements) of every tensor, `gid`
(thread_position_in_grid.x), and the other positions under Metal's names.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NoReturn

from foundry import values
from foundry._foundry import (
    Access,
    ArgumentDescription,
    ArgumentError,
    ArgumentTypeError,
    DispatchConfig,
    DType,
    DTypeError,
    KernelCall,
    KernelDefinition,
    Parameter,
    Tensor,
)
from foundry.call_errors import typed_call
from foundry.parameter_struct import ParameterStruct


class _Annotation:
    """What `In[f16]` and its like evaluate to."""

    def __init__(self, kind: type[_Argument], dtype: DType, *, optional: bool = False) -> None:
        self.kind = kind
        self.dtype = dtype
        self.optional = optional

    def __or__(self, other: None) -> _Annotation:
        """`In[f16] | None`: a tensor that may be left out; the body asks `has_<name>`."""
        if other is not None or self.kind.access is None:
            raise ArgumentError(f"{self!r} | {other!r}: only a tensor may be optional, with None")
        return _Annotation(self.kind, self.dtype, optional=True)

    def __repr__(self) -> str:
        return f"{self.kind.__name__}[{self.dtype}]{' | None' if self.optional else ''}"


class _Argument:
    """Base of the annotations; subscripted with a dtype, never instantiated."""

    access: ClassVar[Access | None] = None

    def __new__(cls, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError(f"{cls.__name__} is an annotation: {cls.__name__}[foundry.f32]")

    def __class_getitem__(cls, dtype: DType) -> _Annotation:
        if not isinstance(dtype, DType):
            raise DTypeError(
                f"{cls.__name__}[...] takes a dtype such as foundry.f16, not {dtype!r}"
            )
        return _Annotation(cls, dtype)


class In(_Argument):
    """A tensor that the kernel reads: `In[f16]`."""

    access = Access.read


class Out(_Argument):
    """A tensor that the kernel writes: `Out[f16]`."""

    access = Access.write


class InOut(_Argument):
    """A tensor that the kernel reads and writes: `InOut[f16]`."""

    access = Access.read_write


class ThreadgroupMemory(_Argument):
    """Threadgroup memory; its value in a call is a number of elements."""


class Constant(_Argument):
    """A value that is compiled into the kernel, `constant T name [[function_constant(i)]]`: one
    kernel for each value that is called with."""


Dispatch = Callable[[Mapping[str, Any]], DispatchConfig]
"""Grid and threadgroup from the arguments of a call, by name."""


class _PerElement:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, arguments: Mapping[str, Any]) -> DispatchConfig:
        tensor = arguments.get(self.name)
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"per_element: the kernel has no tensor argument '{self.name}'")
        return DispatchConfig.per_element(tensor.size)


@typed_call
def per_element(name: str) -> Dispatch:
    """One thread for each element of the tensor `name`."""
    return _PerElement(name)


class _Arguments(Mapping[str, Any]):
    """A call's arguments by name, for its dispatch; parameters have no value to size a grid by."""

    def __init__(self, kernel: str, arguments: Mapping[str, Any]) -> None:
        self._kernel = kernel
        self._arguments = arguments

    def __getitem__(self, name: str) -> Any:
        value = self._arguments[name]
        if isinstance(value, Parameter):
            raise ArgumentError(
                f"kernel {self._kernel}: the grid depends on '{name}', a Parameter, which has no "
                f"value while recording; size the grid for the most and test the bound in the body"
            )
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._arguments)

    def __len__(self) -> int:
        return len(self._arguments)


class Kernel:
    """A described kernel: call it with its arguments, and run the result."""

    @typed_call
    def __init__(self, function: Callable[..., Any], dispatch: Dispatch | DispatchConfig) -> None:
        self.name = function.__name__
        self._dispatch = dispatch
        self._signature = inspect.signature(function)
        annotations = inspect.get_annotations(function, eval_str=True)
        self._annotations: dict[str, _Annotation | DType | type[ParameterStruct]] = {}
        self._constants: dict[str, DType] = {}
        self._converters: list[tuple[str, values.Converter]] = []
        self._constant_converters: list[tuple[str, DType, Callable[[Any], bytes]]] = []
        arguments = []
        for name in self._signature.parameters:
            annotation = annotations.get(name)
            where = f"kernel {self.name}: argument '{name}'"
            if isinstance(annotation, _Annotation) and annotation.kind is Constant:
                self._constants[name] = annotation.dtype
                self._constant_converters.append(
                    (name, annotation.dtype, values.constant(where, annotation.dtype))
                )
                continue
            if isinstance(annotation, DType):
                arguments.append(ArgumentDescription.value(name, annotation))
                converter = values.scalar(where, annotation)
            elif isinstance(annotation, type) and issubclass(annotation, ParameterStruct):
                arguments.append(ArgumentDescription.struct(name, annotation.layout))
                converter = values.parameter_struct(where, annotation)
            elif isinstance(annotation, _Annotation) and annotation.kind.access is not None:
                buffer = (
                    ArgumentDescription.optional_buffer
                    if annotation.optional
                    else ArgumentDescription.buffer
                )
                arguments.append(buffer(name, annotation.kind.access, annotation.dtype))
                converter = values.tensor(where, annotation.dtype, optional=annotation.optional)
            elif isinstance(annotation, _Annotation):
                arguments.append(ArgumentDescription.threadgroup_memory(name, annotation.dtype))
                converter = values.threadgroup_memory(where)
            else:
                raise ArgumentError(
                    f"{where} needs an annotation: In[...], Out[...], InOut[...], "
                    f"ThreadgroupMemory[...], Constant[...], a ParameterStruct, or a dtype for a "
                    f"value"
                )
            self._annotations[name] = annotation
            self._converters.append((name, converter))
        self._names = frozenset(self._signature.parameters)
        body = function.__doc__
        if not body:
            raise ArgumentError(f"kernel {self.name}: its docstring, the MSL body, is missing")
        file, line = _origin(function)
        self._kernel = KernelDefinition(
            self.name, arguments, body, file, line, list(self._constants.items())
        )

    @property
    def source(self) -> str:
        """The whole MSL, signature included."""
        return self._kernel.source

    def __repr__(self) -> str:
        described = {
            **self._annotations,
            **{name: f"Constant[{dtype}]" for name, dtype in self._constants.items()},
        }
        arguments = ", ".join(
            f"{name}: {kind.__name__ if isinstance(kind, type) else kind}"
            for name, kind in ((name, described[name]) for name in self._signature.parameters)
        )
        return f"Kernel {self.name}({arguments})"

    def __call__(self, *args: Any, **kwargs: Any) -> KernelCall:
        """The kernel with its values, for `Foundry.run`.

        A value may be a `Parameter` where the call is recorded.

        Raises `ArgumentError` for a missing, surplus or unfit argument, `DTypeError` for a tensor
        of another dtype.
        """
        # Every argument by its name is the usual call, and needs no binding.
        given = kwargs if not args and kwargs.keys() == self._names else self._bind(args, kwargs)
        call = []
        for name, convert in self._converters:
            call.append(convert(given[name]))
        constants = []
        for name, dtype, convert_constant in self._constant_converters:
            constants.append((dtype, convert_constant(given[name])))
        config = self._dispatch
        if not isinstance(config, DispatchConfig):
            # per_element() asks for a tensor, and needs no guard against parameters.
            guarded = given if type(config) is _PerElement else _Arguments(self.name, given)
            config = config(guarded)
        return self._kernel.call(call, config, constants)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        for name, annotation in self._annotations.items():
            # A tensor that may be left out need not be named either.
            if isinstance(annotation, _Annotation) and annotation.optional and len(args) == 0:
                kwargs.setdefault(name, None)
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentError(f"kernel {self.name}: {error}") from None
        return {name: bound.arguments.get(name) for name in self._names}


@typed_call
def kernel(*, dispatch: Dispatch | DispatchConfig) -> Callable[[Callable[..., Any]], Kernel]:
    """Makes a kernel of a function whose docstring is an MSL body.

    `dispatch` is a `DispatchConfig`, `per_element(name)`, or a function from the call's arguments
    (a mapping by name) to a `DispatchConfig`.
    """

    def decorate(function: Callable[..., Any]) -> Kernel:
        return Kernel(function, dispatch)

    return decorate


def _origin(function: Callable[..., Any]) -> tuple[str, int]:
    """File and first line of a function's docstring, for compile errors."""
    file = inspect.getsourcefile(function) or "<python>"
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
        definition = tree.body[0]
        assert isinstance(definition, ast.FunctionDef)
        return file, first + definition.body[0].lineno - 1
    except (OSError, TypeError, SyntaxError, AssertionError):
        return file, function.__code__.co_firstlineno
