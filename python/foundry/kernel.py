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

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from foundry import values
from foundry._foundry import (
    ArgumentDescription,
    ArgumentError,
    ArgumentTypeError,
    DispatchConfig,
    DType,
    KernelCall,
    KernelDefinition,
    Parameter,
    Tensor,
)
from foundry.annotations import Annotation, Constant, resolved
from foundry.call_errors import close_to, misbound, shown, typed_call
from foundry.kernel_body import Body, body_of, header_of
from foundry.kernel_template import Template, checked_template, template_lines, with_template
from foundry.parameter_struct import ParameterStruct

Dispatch = Callable[[Mapping[str, Any]], DispatchConfig]
"""Grid and threadgroup from the arguments of a call, by name."""


class _PerElement:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, arguments: Mapping[str, Any]) -> DispatchConfig:
        tensor = arguments.get(self.name)
        if not isinstance(tensor, Tensor):
            raise ArgumentError(f"per_element: the tensor '{self.name}' is left out of this call")
        return DispatchConfig.per_element(tensor.size)


@typed_call
def per_element(name: str) -> Dispatch:
    """One thread for each element of the tensor `name`."""
    if not isinstance(name, str):
        raise ArgumentTypeError(f"per_element: argument 'name' is {shown(name)}; expected a string")
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
    """A described kernel: call it with its arguments, and run the result.

    As a function has, it has a name, a docstring and a signature; copies are itself, and pickle
    takes it by its name in its module.
    """

    __name__: str
    __qualname__: str

    @typed_call
    def __init__(
        self,
        function: Callable[..., Any],
        dispatch: Dispatch | DispatchConfig,
        body: str | None = None,
        in_place: Mapping[str, str | Sequence[str]] | None = None,
        header: str = "",
        include: Sequence[str | os.PathLike[str]] = (),
        template: Template | None = None,
    ) -> None:
        function = _checked(function, dispatch, body)
        self.name = function.__name__
        where = f"kernel {self.name}"
        self._dispatch = dispatch
        self._made_from = (function, dispatch, body, in_place, header, include)
        self._template = checked_template(where, template)
        self._base: Kernel = self
        self._instances: dict[tuple[Any, ...], Kernel] = {}
        signature = inspect.signature(function)
        annotations = resolved(function, where)
        self._annotations: dict[str, Any] = {}
        self._converters: list[tuple[str, values.Converter]] = []
        self._constant_converters: list[tuple[str, DType, Callable[[Any], bytes]]] = []
        self._defaults: dict[str, Any] = {}
        arguments = []
        for name, parameter in signature.parameters.items():
            _check_kind(where, parameter)
            of = f"{where}: argument '{name}'"
            annotation = with_template(of, annotations.get(name), self._template)
            convert: Callable[[Any], Any]
            if isinstance(annotation, Annotation) and annotation.kind is Constant:
                convert = values.constant(of, annotation.dtype)
                self._constant_converters.append((name, annotation.dtype, convert))
            else:
                description, convert = _described(of, name, annotation)
                arguments.append(description)
                self._converters.append((name, convert))
            self._annotations[name] = annotation
            if parameter.default is not parameter.empty:
                convert(parameter.default)
                self._defaults[name] = parameter.default
            elif isinstance(annotation, Annotation) and annotation.optional:
                self._defaults[name] = None  # a tensor that may be left out need not be named
        self._names = frozenset(signature.parameters)
        self._signature = signature
        self._positional = [
            p.name for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY
        ]
        if isinstance(dispatch, _PerElement):
            annotation = self._annotations.get(dispatch.name)
            if not (isinstance(annotation, Annotation) and annotation.kind.access is not None):
                raise ArgumentError(
                    f"{where}: per_element: the kernel has no tensor argument '{dispatch.name}'"
                )
        source: Body = body_of(function, body)
        constants = [(name, dtype) for name, dtype, _ in self._constant_converters]
        lines = template_lines(where, self._template, self._annotations)
        own = header_of(function, _text(where, header))
        self._kernel = KernelDefinition(
            self.name,
            arguments,
            source.text,
            source.file,
            source.line,
            constants,
            _pairs(where, in_place),
            lines,
            own.text,
            own.file,
            own.line,
            _folders(where, include),
        )
        functools.update_wrapper(self, function)
        self.__signature__ = signature.replace(
            parameters=_with_defaults(signature, self._defaults), return_annotation=KernelCall
        )

    @property
    def source(self) -> str:
        """The whole MSL, signature included."""
        return self._kernel.source

    def __repr__(self) -> str:
        def described(name: str) -> str:
            annotation = self._annotations[name]
            text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
            default = self._defaults.get(name)
            return f"{name}: {text}" if default is None else f"{name}: {text} = {default!r}"

        return f"Kernel {self.name}({', '.join(map(described, self._annotations))})"

    def __copy__(self) -> Kernel:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Kernel:
        return self

    @typed_call
    def instantiate(self, **template: DType | bool | int | float) -> Kernel:
        """The kernel with other values for names of its template."""
        base = self._base
        for name in template:
            if name not in base._template:
                raise ArgumentTypeError(
                    f"kernel {self.name}: the template has no '{name}'"
                    + close_to(name, list(base._template))
                )
        values = {**self._template, **template}
        if base._template == values:
            return base
        key = tuple((type(value), value) for value in values.values())
        known = base._instances.get(key)
        if known is None:
            known = base._instances[key] = Kernel(*base._made_from, values)
            known._base = base
        return known

    def __reduce__(self) -> str | tuple[Any, ...]:
        if self._base is not self:
            return _instantiated, (self._base, self._template)
        if "<locals>" in self.__qualname__:
            raise ArgumentTypeError(
                f"kernel {self.__qualname__} cannot be pickled: it is local to a function, and "
                f"pickle stores a kernel by its name in its module"
            )
        return self.__qualname__

    def __call__(self, *args: Any, **kwargs: Any) -> KernelCall:
        """The kernel with its values, for `Foundry.run`.

        A value may be a `Parameter` where the call is recorded.

        Raises `ArgumentTypeError` for a missing, surplus or misspelt argument and for a value of
        another type, `ArgumentError` for a value that the type does not hold, `DTypeError` for a
        tensor of another dtype. What the `dispatch` function raises comes out as it is.
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
            if type(config) is not DispatchConfig:
                raise ArgumentTypeError(
                    f"kernel {self.name}: its dispatch gave {shown(config)}; "
                    f"expected a DispatchConfig"
                )
        return self._kernel.call(call, config, constants)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        misfit = misbound(f"kernel {self.name}", self._signature, args, kwargs, self._defaults)
        if misfit is not None:
            raise misfit
        return {**self._defaults, **dict(zip(self._positional, args, strict=False)), **kwargs}


@typed_call
def kernel(
    *,
    dispatch: Dispatch | DispatchConfig,
    body: str | None = None,
    in_place: Mapping[str, str | Sequence[str]] | None = None,
    header: str = "",
    include: Sequence[str | os.PathLike[str]] = (),
    template: Template | None = None,
) -> Callable[[Callable[..., Any]], Kernel]:
    """Makes a kernel of a function whose docstring is an MSL body.

    `dispatch` is a `DispatchConfig`, `per_element(name)`, or a function from the call's arguments
    (a mapping by name) to a `DispatchConfig`. `body` is the MSL where the docstring is to be
    documentation.

    A tensor that is written may be another one, as the same elements in the same order; other
    overlaps are an `ArgumentError` before anything is encoded. `in_place` says which may, where not
    all do: `{"y": ("a", "b")}` if each element of a and b is read by no thread but the one that
    writes it in y, `{}` if none may.

    `header` is MSL before the kernel: types and functions that the body uses. Its `#include "..."`
    names files beside the Python file, in the folders `include`, Foundry's own shader files, such
    as "lib/random.metal", and those of `register_shader`. `template` has dtypes and numbers by
    name, which the header, the body and, by a `typing.TypeVar` of that name, the signature use;
    `instantiate(T=...)` gives the kernel with others.

    Raises `ArgumentError` and `ArgumentTypeError`, with the argument's name, for a signature that
    no kernel can have.
    """

    def decorate(function: Callable[..., Any]) -> Kernel:
        return Kernel(function, dispatch, body, in_place, header, include, template)

    return decorate


def _checked(function: Any, dispatch: Dispatch | DispatchConfig, body: str | None) -> FunctionType:
    """The plain function that was decorated."""
    if isinstance(function, staticmethod):
        function = function.__func__
    if not isinstance(function, FunctionType):
        raise ArgumentTypeError(f"kernel: {shown(function)} is decorated; expected a function")
    if function.__name__ == "<lambda>":
        raise ArgumentError("kernel: a lambda has neither a name nor a docstring; use def")
    if not (isinstance(dispatch, DispatchConfig) or callable(dispatch)):
        raise ArgumentTypeError(
            f"kernel {function.__name__}: argument 'dispatch' is {shown(dispatch)}; expected a "
            f"DispatchConfig, per_element(name) or a function"
        )
    if body is not None and not isinstance(body, str):
        raise ArgumentTypeError(
            f"kernel {function.__name__}: argument 'body' is {shown(body)}; expected a string"
        )
    return function


def _pairs(where: str, in_place: Any) -> list[tuple[str, str]] | None:
    """(output, input) of every entry of `in_place`."""
    if in_place is None:
        return None
    expected = "expected a dict from an output's name to an input's or to several"
    if not isinstance(in_place, Mapping):
        raise ArgumentTypeError(f"{where}: argument 'in_place' is {shown(in_place)}; {expected}")
    pairs: list[tuple[str, str]] = []
    for output, inputs in in_place.items():
        names = (inputs,) if isinstance(inputs, str) else inputs
        if not isinstance(output, str) or not (
            isinstance(names, Sequence) and all(isinstance(name, str) for name in names)
        ):
            raise ArgumentTypeError(
                f"{where}: 'in_place' has {shown(output)}: {shown(inputs)}; {expected}"
            )
        pairs.extend((output, name) for name in names)
    return pairs


def _folders(where: str, include: Any) -> list[str | os.PathLike[str]]:
    if isinstance(include, str | os.PathLike) or not (
        isinstance(include, Sequence)
        and all(isinstance(path, str | os.PathLike) for path in include)
    ):
        raise ArgumentTypeError(
            f"{where}: argument 'include' is {shown(include)}; expected a list of folders"
        )
    return list(include)


def _text(where: str, header: Any) -> str:
    if not isinstance(header, str):
        raise ArgumentTypeError(f"{where}: argument 'header' is {shown(header)}; expected a string")
    return header


def _instantiated(base: Kernel, template: Mapping[str, Any]) -> Kernel:
    return base.instantiate(**template)


def _check_kind(where: str, parameter: inspect.Parameter) -> None:
    if parameter.kind is parameter.POSITIONAL_ONLY:
        raise ArgumentError(
            f"{where}: argument '{parameter.name}' is positional only; a kernel's arguments have "
            f"names, take the '/' away"
        )
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
        raise ArgumentError(
            f"{where}: argument '{stars}{parameter.name}': a kernel's arguments are a fixed list"
        )


def _described(
    where: str, name: str, annotation: Any
) -> tuple[ArgumentDescription, values.Converter]:
    if isinstance(annotation, DType):
        return ArgumentDescription.value(name, annotation), values.scalar(where, annotation)
    if isinstance(annotation, type) and issubclass(annotation, ParameterStruct):
        if annotation is ParameterStruct:
            raise ArgumentError(f"{where} is a ParameterStruct; expected a class derived from it")
        return (
            ArgumentDescription.struct(name, annotation.layout),
            values.parameter_struct(where, annotation),
        )
    if not isinstance(annotation, Annotation):
        hint = "; a kernel has no self: make it a static method" if name == "self" else ""
        raise ArgumentError(
            f"{where} needs an annotation: In[...], Out[...], InOut[...], ThreadgroupMemory[...], "
            f"Constant[...], a ParameterStruct, or a dtype for a value{hint}"
        )
    dtype = annotation.dtype
    if annotation.kind.access is None:
        return (
            ArgumentDescription.threadgroup_memory(name, dtype),
            values.threadgroup_memory(where),
        )
    make = (
        ArgumentDescription.optional_buffer if annotation.optional else ArgumentDescription.buffer
    )
    return (
        make(name, annotation.kind.access, dtype),
        values.tensor(where, dtype, optional=annotation.optional),
    )


def _with_defaults(
    signature: inspect.Signature, defaults: Mapping[str, Any]
) -> list[inspect.Parameter]:
    """The parameters for help(): a default makes those after it keyword-only, as Python asks."""
    parameters: list[inspect.Parameter] = []
    has_default = False
    for parameter in signature.parameters.values():
        kind = parameter.kind
        if parameter.name in defaults:
            parameter = parameter.replace(default=defaults[parameter.name])
            has_default = True
        elif has_default:
            kind = parameter.KEYWORD_ONLY
        if parameters and parameters[-1].kind is parameter.KEYWORD_ONLY:
            kind = parameter.KEYWORD_ONLY
        parameters.append(parameter.replace(kind=kind))
    return parameters
