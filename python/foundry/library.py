"""Libraries of `.metal` files: their kernels are called by their own signatures.

    lib = fd.Library.from_file("kernels.metal", include=["include"], defines={"TILE": 16})
    lib.functions                                     # ('axpy', 'softmax')
    rt.run(lib["axpy"](x, y, 2.0, grid=1000))
    rt.run(lib["softmax"](x=x, y=y, params={"rows": 8, "scale": 0.5}, grid=(32, 8), threadgroup=32))

What an argument is, reflection tells: a tensor is bound; numbers, dicts and arrays are packed as
the bytes of its type.
"""

from __future__ import annotations

import keyword
import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from foundry import packing, values
from foundry._foundry import (
    ArgumentError,
    ArgumentTypeError,
    CompiledLibraryKernel,
    Device,
    DispatchConfig,
    DispatchError,
    GridSize,
    KernelCall,
    KernelLibrary,
    LibraryArgument,
    LibraryConstant,
    Parameter,
    Tensor,
    ThreadgroupSize,
)
from foundry.call_errors import close_to, shown, typed_calls
from foundry.errors import MissingKeyError

Grid = int | Sequence[int] | GridSize
Threadgroup = int | Sequence[int] | ThreadgroupSize
Constants = Mapping[Any, Any]  # by name or index
Path = str | os.PathLike[str]


@typed_calls
class LibraryKernel:
    """A kernel of a library; compiled at the first call with these constants."""

    def __init__(self, library: Library, name: str, label: str, constants: Constants) -> None:
        self._library = library
        self._function = name
        self._constants = dict(constants)
        self._compiled: dict[tuple[Any, ...], _Compiled] = {}
        self.name = label

    @property
    def constants(self) -> tuple[LibraryConstant, ...]:
        """Function constants that it may have."""
        return tuple(self._library._library.constants(self._function))

    @property
    def arguments(self) -> tuple[LibraryArgument, ...]:
        """Buffers by index, then threadgroup memory by index: the order of values by position.

        Compiles the kernel; `ArgumentError` for a function constant that needs a value.
        """
        return tuple(self._with({}).handle.arguments)

    def specialised(self, constants: Constants) -> LibraryKernel:
        """The kernel with values for its function constants, by name or index."""
        _check_constants(self.name, constants)
        return LibraryKernel(
            self._library, self._function, self.name, {**self._constants, **constants}
        )

    def compile(self) -> LibraryKernel:
        """Compiles it now, as the first call would: from several threads, several at once."""
        self._with({})
        return self

    def numpy_dtype(self, argument: str) -> np.dtype[Any]:
        """numpy's dtype of what an argument points to: for arrays of structs."""
        compiled = self._with({})
        for known in compiled.arguments:
            if known.name == argument:
                return packing.numpy_dtype_of(known.layout, known.size)
        raise ArgumentError(
            f"kernel {self.name}: there is no argument '{argument}'"
            + close_to(argument, [known.name for known in compiled.arguments])
        )

    def __repr__(self) -> str:
        return f"<kernel {self.name} of library '{self._library.name}'>"

    def __call__(
        self,
        *args: Any,
        grid: Grid,
        threadgroup: Threadgroup | None = None,
        constants: Constants | None = None,
        **named: Any,
    ) -> KernelCall:
        """The kernel with its values, for `Foundry.run`.

        `grid`: threads in up to three dimensions, or `GridSize.threadgroups(...)`. `threadgroup`:
        threads of one threadgroup; without it, up to 256 along x. A value may be a `Parameter`
        where the call is recorded and the argument is one number.

        Raises `ArgumentTypeError` for missing, surplus and misspelt arguments and for values of
        another type, `ArgumentError` for values that the type does not hold, `DTypeError` and
        `ShapeError` for tensors of other elements, `DispatchError` for sizes.
        """
        if constants is not None:
            _check_constants(self.name, constants)
        compiled = self._with(constants or {})
        given = compiled.bind(args, named)
        config = _config(f"kernel {self.name}", grid, threadgroup, compiled.handle.max_threads)
        return compiled.handle.call(given, config)

    def _with(self, more: Constants) -> _Compiled:
        key = tuple((name, _key_of(value)) for name, value in more.items())
        known = self._compiled.get(key)
        if known is None:
            merged = {**self._constants, **more}
            packed = _packed_constants(f"kernel {self.name}", self.constants, merged)
            handle = self._library._library.kernel(self._function, packed)
            known = self._compiled[key] = _Compiled(self.name, handle)
        return known


class _Argument:
    """An argument and how its values are converted."""

    def __init__(self, kernel: str, argument: LibraryArgument) -> None:
        self.name = argument.name
        self.where = f"kernel {kernel}: argument '{argument.name or argument.index}'"
        self.size = argument.size
        self.layout = packing.layout_of(argument)
        self.is_optional = not argument.is_used
        self._is_written = argument.is_written
        self._threadgroup = (
            values.threadgroup_memory(self.where) if argument.is_threadgroup else None
        )

    def convert(self, value: Any) -> values.Value:
        if isinstance(value, Tensor):
            return value
        if value is None and self.is_optional:
            return None
        if self._threadgroup is not None:
            return self._threadgroup(value)
        if self._is_written:
            hint = (
                ": rt.tensor(array) copies it, rt.borrow(array) shares it"
                if isinstance(value, np.ndarray)
                else ""
            )
            raise ArgumentTypeError(
                f"{self.where} may be written; expected a Tensor, got {shown(value)}{hint}"
            )
        layout = self.layout
        is_number = isinstance(layout, packing.Numbers) and not layout.shape
        if isinstance(value, Parameter):
            if not is_number:
                raise ArgumentTypeError(f"{self.where} is a Parameter; expected {layout}")
            assert isinstance(layout, packing.Numbers)
            return (value, layout.dtype)
        return packing.pack(self.where, layout, self.size, value)


class _Compiled:
    """A compiled kernel, and its arguments by name."""

    def __init__(self, name: str, handle: CompiledLibraryKernel) -> None:
        self.name = name
        self.handle = handle
        self.arguments = [_Argument(name, argument) for argument in handle.arguments]
        self._places = {each.name: i for i, each in enumerate(self.arguments) if each.name}

    def bind(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> list[values.Value]:
        """One value for each argument, in their order."""
        if len(args) > len(self.arguments):
            raise ArgumentTypeError(
                f"kernel {self.name}: {len(args)} arguments by position, of at most "
                f"{len(self.arguments)}; {self._takes()}"
            )
        given: list[Any] = [_MISSING] * len(self.arguments)
        given[: len(args)] = args
        for name, value in named.items():
            place = self._places.get(name)
            if place is None and name.endswith("_") and keyword.iskeyword(name[:-1]):
                place = self._places.get(name[:-1])  # in_=x: `in` is a word of Python
            if place is None:
                raise ArgumentTypeError(
                    f"kernel {self.name}: there is no argument '{name}'"
                    + close_to(name, list(self._places))
                )
            if given[place] is not _MISSING:
                raise ArgumentTypeError(f"kernel {self.name}: argument '{name}' is given twice")
            given[place] = value
        missing = [
            argument.name or f"[{i}]"
            for i, (argument, value) in enumerate(zip(self.arguments, given, strict=True))
            if value is _MISSING and not argument.is_optional
        ]
        if missing:
            quoted = ", ".join(f"'{name}'" for name in missing)
            verb = "argument {} is missing" if len(missing) == 1 else "arguments {} are missing"
            raise ArgumentTypeError(f"kernel {self.name}: {verb.format(quoted)}; {self._takes()}")
        return [
            None if value is _MISSING else argument.convert(value)
            for argument, value in zip(self.arguments, given, strict=True)
        ]

    def _takes(self) -> str:
        names = [argument.name or f"[{i}]" for i, argument in enumerate(self.arguments)]
        return f"it takes {', '.join(names)}" if names else "it takes no arguments"


@typed_calls
class Library:
    """Kernels of a `.metal` file or text, or of a `.metallib`, for a device; a mapping by name.

    It stays as it was made: a file that changes is read by the next `from_file`.
    """

    def __init__(self, library: KernelLibrary) -> None:
        if not isinstance(library, KernelLibrary):
            raise ArgumentTypeError(
                "Library: made by Library.from_file(path), Library.from_source(text) and "
                "Library.from_metallib(path)"
            )
        self._library = library
        self._functions = tuple(library.functions)
        self._kernels: dict[str, LibraryKernel] = {}
        self._instances: dict[str, LibraryKernel] = {}

    @classmethod
    def from_file(
        cls,
        path: Path,
        *,
        include: Sequence[Path] = (),
        defines: Mapping[str, object] | None = None,
        math: str = "fast",
        device: Device | str | None = None,
    ) -> Library:
        """Compiles a file.

        `include`: folders that `#include` looks in, after the file's own. `defines`: preprocessor
        macros; a value is a number, a text, or True for 1. `math`: "fast" as Metal's compiler by
        itself, "relaxed" (NaN and infinity keep their meaning) or "safe" (IEEE 754).

        Raises `ArgumentError` for a file that cannot be read or is no UTF-8 text,
        `KernelCompileError` with the compiler's log.
        """
        folders, macros, on = _options("Library.from_file", include, defines, device)
        return cls(KernelLibrary.from_file(path, folders, macros, math, on))

    @classmethod
    def from_source(
        cls,
        text: str,
        *,
        name: str = "library.metal",
        include: Sequence[Path] = (),
        defines: Mapping[str, object] | None = None,
        math: str = "fast",
        device: Device | str | None = None,
    ) -> Library:
        """The same of a text; `name` is what messages call it, and where its includes begin."""
        folders, macros, on = _options("Library.from_source", include, defines, device)
        return cls(KernelLibrary.from_source(text, name, folders, macros, math, on))

    @classmethod
    def from_metallib(cls, path: Path, *, device: Device | str | None = None) -> Library:
        """Opens a library that was compiled before.

        That is a `.metallib` as Apple's compiler writes it or, on Anvil, as the `metal` that comes
        with it does. There is no source, so that it instantiates no templates and a program of its
        kernels cannot be saved.

        Raises `ArgumentError` for a file that cannot be read or is no library.
        """
        _, _, on = _options("Library.from_metallib", (), None, device)
        return cls(KernelLibrary.from_metallib(path, on))

    @property
    def name(self) -> str:
        return self._library.name

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the kernels, sorted; of templates those of their `host_name`s."""
        return self._functions

    @property
    def source(self) -> str:
        """The whole MSL, with its includes in place; empty for one that was compiled before."""
        return self._library.source

    @property
    def log(self) -> str:
        """The compiler's warnings, in its words."""
        return self._library.log

    def instantiate(self, expression: str) -> LibraryKernel:
        """An instance of a template that the source does not instantiate: `"gemm<half, 4>"`.

        `ArgumentError` for what is no template's name with its arguments, `KernelCompileError`.
        """
        if not isinstance(expression, str):
            raise ArgumentTypeError(
                f"Library.instantiate: argument 'expression' is {shown(expression)}; "
                f"expected a string"
            )
        known = self._instances.get(expression)
        if known is None:
            larger = self._library.instantiate(expression)
            (function,) = set(larger.functions) - set(self._functions)
            known = LibraryKernel(Library(larger), function, expression, {})
            self._instances[expression] = known
        return known

    def __getitem__(self, name: str) -> LibraryKernel:
        """`MissingKeyError` with what may have been meant, for a name that there is not."""
        if not isinstance(name, str):
            raise ArgumentTypeError(
                f"library '{self.name}': {shown(name)} is no name of a kernel; expected a string"
            )
        if name not in self._functions:
            raise MissingKeyError(
                f"library '{self.name}' has no kernel {name!r}{close_to(name, self._functions)}"
            )
        kernel = self._kernels.get(name)
        if kernel is None:
            kernel = self._kernels[name] = LibraryKernel(self, name, name, {})
        return kernel

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def values(self) -> tuple[LibraryKernel, ...]:
        return tuple(self[name] for name in self._functions)

    def __repr__(self) -> str:
        names = ", ".join(self._functions[:20]) or "no kernels"
        more = f" and {len(self) - 20} more" if len(self) > 20 else ""
        return f"<library '{self.name}': {names}{more}>"


class _Missing:
    pass


_MISSING = _Missing()


def _check_constants(kernel: str, constants: Any) -> None:
    if not isinstance(constants, Mapping):
        raise ArgumentTypeError(
            f"kernel {kernel}: argument 'constants' is {shown(constants)}; expected a dict by name "
            f"or index"
        )


def _key_of(value: Any) -> Any:
    """What tells two values of a constant apart."""
    array = np.asarray(value)
    return (array.dtype.str, array.shape, array.tobytes()) if array.dtype != object else repr(value)


def _packed_constants(
    where: str, declared: Sequence[LibraryConstant], given: Mapping[str | int, Any]
) -> list[tuple[int, str, bytes]]:
    packed = []
    for name, value in given.items():
        found = [each for each in declared if name in (each.name, each.index)]
        if not found or isinstance(name, bool):
            names = [each.name for each in declared]
            raise ArgumentError(
                f"{where}: there is no function constant {name!r}{close_to(str(name), names)}"
            )
        (constant,) = found
        of = f"{where}: function constant '{constant.name}'"
        layout = packing.layout_of(constant)
        data = packing.pack(of, layout, constant.size, value)
        if len(data) != constant.size:
            raise ArgumentError(f"{of} is {shown(value)}; expected one {layout}")
        packed.append((constant.index, constant.type, data))
    return packed


def _options(
    where: str, include: Any, defines: Any, device: Device | str | None
) -> tuple[list[Path], dict[str, str], Device | None]:
    if isinstance(include, str | os.PathLike) or not isinstance(include, Sequence):
        raise ArgumentTypeError(
            f"{where}: argument 'include' is {shown(include)}; expected a list of folders"
        )
    if defines is not None and not isinstance(defines, Mapping):
        raise ArgumentTypeError(
            f"{where}: argument 'defines' is {shown(defines)}; expected a dict of macros"
        )
    macros = {}
    for name, value in (defines or {}).items():
        if not isinstance(value, str | int | float | np.number):
            raise ArgumentTypeError(
                f"{where}: macro {name!r} is {shown(value)}; expected a number or a text"
            )
        macros[name] = str(int(value)) if isinstance(value, bool) else str(value)
    return list(include), macros, Device.find(device) if isinstance(device, str) else device


def _sizes(where: str, what: str, size: Any) -> list[int]:
    items = list(size) if isinstance(size, Sequence | np.ndarray) else [size]
    try:
        numbers = [operator.index(item) for item in items]
    except TypeError:
        raise ArgumentTypeError(
            f"{where}: argument '{what}' is {shown(size)}; expected one to three integers"
        ) from None
    if not 1 <= len(numbers) <= 3 or isinstance(size, str):
        raise ArgumentError(
            f"{where}: argument '{what}' is {shown(size)}; expected one to three integers"
        )
    if min(numbers) < 1:
        raise DispatchError(f"{where}: argument '{what}' is {shown(size)}; sizes are 1 or more")
    return numbers


def _config(where: str, grid: Any, threadgroup: Any, max_threads: int) -> DispatchConfig:
    size = grid if isinstance(grid, GridSize) else GridSize.threads(*_sizes(where, "grid", grid))
    if isinstance(threadgroup, ThreadgroupSize):
        return DispatchConfig(size, threadgroup)
    if threadgroup is not None:
        return DispatchConfig(size, ThreadgroupSize(*_sizes(where, "threadgroup", threadgroup)))
    if isinstance(grid, GridSize):
        raise ArgumentTypeError(
            f"{where}: argument 'threadgroup' is missing, which a GridSize needs beside it"
        )
    whole = (size.x + 31) // 32 * 32
    return DispatchConfig(size, ThreadgroupSize(min(256, whole, max_threads)))
