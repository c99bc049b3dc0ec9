"""What a call raises whose arguments do not fit: Foundry's errors, in the words of its signature.

The bound functions' failures come here from C++ (`typed_error`), those of Python's functions from
their decorator (`typed_call`). Nothing of this runs in a call that succeeds.
"""

from __future__ import annotations

import ast
import difflib
import enum
import functools
import inspect
import operator
import re
import reprlib
import threading
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from foundry import _foundry
from foundry._foundry import (
    ArgumentError,
    ArgumentTypeError,
    DeviceError,
    DType,
    DTypeError,
    Error,
    OutOfMemoryError,
    StorageError,
    TensorIndexError,
)
from foundry.errors import MissingKeyError

# The first whose builtin matches; what none does is an Error.
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[Error]], ...] = (
    (MemoryError, OutOfMemoryError),
    (BufferError, StorageError),
    (IndexError, TensorIndexError),
    (KeyError, MissingKeyError),
    ((TypeError, AttributeError), ArgumentTypeError),
    ((ValueError, ArithmeticError, LookupError, RecursionError), ArgumentError),
    (OSError, DeviceError),
)

# How an annotation is said, and what fits it.
_INTEGER = "an integer"
_WORDS = {
    "int": _INTEGER,
    "float": "a number",
    "bool": "True or False",
    "str": "a string",
    "bytes": "bytes",
    "None": "None",
    "object": "anything",
    "Any": "anything",
    "DType": "a dtype such as foundry.f16",
    "DTypeLike": "what numpy takes for a dtype",
    "ArrayLike": "an array",
    "PathLike": "a path",
    "Operation": "an operation of foundry.ops or a kernel's call",
    "dict": "a dict",
    "list": "a list",
    "tuple": "a tuple",
}
_PLURALS = {"int": "integers", "float": "numbers", "str": "strings", "PathLike": "paths"}


def typed_error(
    signatures: Sequence[tuple[str, Any, Any]],
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    raised: Exception,
) -> Exception:
    """The exception in place of `raised`, which came out of the bound function `name`."""
    if isinstance(raised, Error):
        return raised
    # To say what was given calls its methods, and these may be bound functions that fail too.
    if getattr(_explaining, "active", False):
        return ArgumentTypeError(f"{name}: an argument of a type that is not taken there")
    _explaining.active = True
    try:
        return _explained(signatures, name, args, kwargs, raised)
    finally:
        _explaining.active = False


_explaining = threading.local()


def _explained(
    signatures: Sequence[tuple[str, Any, Any]],
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    raised: Exception,
) -> Exception:
    signature = _parse(signatures[-1][0])
    if type(raised) is TypeError and raised.__traceback__ is None and signature is not None:
        misfit = _misfit(name, signature, args, kwargs)
        if misfit is not None:
            return misfit
        if _NANOBIND.search(str(raised)):
            return ArgumentTypeError(_unexplained(name, args, kwargs))
    return _as_own(name, raised)


# What nanobind and the translator of errors.cpp say of arguments that they refuse.
_NANOBIND = re.compile("incompatible function arguments|nanobind::|type that is not taken there$")


def _as_own(name: str, raised: BaseException) -> Exception:
    kind = next((kind for builtin, kind in _KINDS if isinstance(raised, builtin)), Error)
    text = _text(raised)
    error = kind(f"{name}: {text}" if text else f"{name}: {type(raised).__name__}")
    error.__cause__ = raised
    return error


_P = ParamSpec("_P")
_R = TypeVar("_R")


def typed_call(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """A Python function whose missing, surplus and misspelt arguments are `ArgumentTypeError`s."""
    signature = inspect.signature(function)
    name = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            # Python's own refusal of the arguments has no frame below this one.
            if isinstance(error, Error) or (error.__traceback__ and error.__traceback__.tb_next):
                raise
            misfit = misbound(name, signature, args, kwargs)
            if misfit is None:
                raise
            raise misfit from None

    return call


_C = TypeVar("_C", bound=type[Any])


def typed_calls(kind: _C) -> _C:
    """A class whose constructor and public methods are typed_call()s."""
    for name, member in list(vars(kind).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if inspect.isfunction(member):
            setattr(kind, name, typed_call(member))
        elif isinstance(member, staticmethod | classmethod):
            setattr(kind, name, type(member)(typed_call(member.__func__)))
    return kind


def close_to(name: str, names: Collection[str]) -> str:
    """What a name may have been meant for: "; did you mean 'axpy'?", or what there is."""
    close = difflib.get_close_matches(name, list(names), 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    shown_names = list(names)[:12]
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"; there are {', '.join(shown_names)}{more}" if shown_names else "; there are none"


def shown(value: object) -> str:
    """The value's type and a short text of it, whatever its own methods do."""
    kind = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    try:
        text = _repr.repr(value)
    except Exception:
        return f"{_article(kind)} that cannot be shown"
    text = text.encode("utf-8", "backslashreplace").decode().replace("foundry._foundry.", "")
    return f"{text[:80]} ({_article(kind)})" if text else _article(kind)


_repr = reprlib.Repr()
_repr.maxother = _repr.maxstring = _repr.maxlong = 60


def _text(raised: BaseException) -> str:
    try:
        return str(raised).encode("utf-8", "backslashreplace").decode()
    except Exception:
        return ""


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _parse(text: str) -> inspect.Signature | None:
    """The signature that nanobind renders, its annotations as syntax trees."""
    text = re.sub(r"\\=?\d+", "...", text[text.rfind("def ") :])
    text = re.sub(r"^def [^(]*\(", "def call(", text)
    try:
        call = ast.parse(f"{text}: ...").body[0]
    except SyntaxError:
        return None
    assert isinstance(call, ast.FunctionDef)
    a = call.args
    kind = inspect.Parameter
    positional: list[tuple[ast.arg, Any]] = [(arg, kind.POSITIONAL_ONLY) for arg in a.posonlyargs]
    positional += [(arg, kind.POSITIONAL_OR_KEYWORD) for arg in a.args]
    required = len(positional) - len(a.defaults)
    parameters = [
        kind(arg.arg, how, annotation=arg.annotation, default=... if i >= required else kind.empty)
        for i, (arg, how) in enumerate(positional)
    ]
    if a.vararg:
        parameters.append(kind(a.vararg.arg, kind.VAR_POSITIONAL))
    for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        value = kind.empty if default is None else ...
        parameters.append(
            kind(arg.arg, kind.KEYWORD_ONLY, annotation=arg.annotation, default=value)
        )
    if a.kwarg:
        parameters.append(kind(a.kwarg.arg, kind.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _misfit(
    name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Error | None:
    """Which of the arguments does not fit the bound function `name`; None if none is seen to be."""
    out_of_place = misbound(name, signature, args, kwargs)
    if out_of_place is not None:
        return out_of_place
    given = signature.bind(*args, **kwargs).arguments
    for argument, value in given.items():
        parameter = signature.parameters[argument]
        where = f"{name}: {_called(parameter)}"
        if argument == "self" and next(iter(given)) == "self":
            owner = getattr(_foundry, name.partition(".")[0], None)
            if isinstance(owner, type) and not isinstance(value, owner):
                return ArgumentTypeError(
                    f"{name} is called on {shown(value)}; expected {_article(owner.__name__)}"
                )
            continue
        if parameter.annotation is None or parameter.annotation is parameter.empty:
            continue
        accepted = _parts(parameter.annotation)
        if not any(_fits(part, value) for part in accepted):
            return ArgumentTypeError(f"{where} is {shown(value)}; expected {_said(accepted)}")
    for argument, value in given.items():
        problem = "" if argument == "self" else _problem(value)
        if problem:
            called = _called(signature.parameters[argument])
            return ArgumentError(f"{name}: {called} is {shown(value)}, {problem}")
    return None


def _called(parameter: inspect.Parameter) -> str:
    """A setter's and an operator's parameter has a name of nanobind's only."""
    is_nameless = parameter.kind is parameter.POSITIONAL_ONLY and parameter.name.startswith("arg")
    return "the value" if is_nameless else f"argument '{parameter.name}'"


def _unexplained(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    if len(args) == 1 and not kwargs:
        return f"{name} is called on {shown(args[0])} that was never made"
    given = [shown(value) for value in [*args, *kwargs.values()]]
    return f"{name}: {', '.join(given)}: an argument of a type that is not taken there"


def misbound(
    name: str,
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    optional: Collection[str] = (),
) -> ArgumentTypeError | None:
    """Missing, surplus and misspelt arguments; None where all have their place. `optional` may be
    left out besides those that have a default."""
    parameters = signature.parameters
    by_name = [
        p.name for p in parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    by_position = [
        p.name
        for p in parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    kinds = {p.kind for p in parameters.values()}
    users = [other for other in parameters if other != "self"]
    takes = f"it takes {', '.join(users)}" if users else "it takes no arguments"
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        for key in kwargs:
            if key not in by_name:
                close = difflib.get_close_matches(str(key), by_name, 1)
                hint = f"did you mean '{close[0]}'?" if close else takes
                return ArgumentTypeError(f"{name}: there is no argument '{_text_of(key)}'; {hint}")
    if inspect.Parameter.VAR_POSITIONAL not in kinds and len(args) > len(by_position):
        is_method = by_position[:1] == ["self"]
        return ArgumentTypeError(
            f"{name}: {len(args) - is_method} arguments by position, of at most "
            f"{len(by_position) - is_method}; {takes}"
        )
    for argument in by_position[: len(args)]:
        if argument in kwargs and argument in by_name:
            return ArgumentTypeError(f"{name}: argument '{argument}' is given twice")
    given = {*by_position[: len(args)], *kwargs}
    missing = [
        p.name
        for p in parameters.values()
        if p.default is p.empty
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        and p.name not in given
        and p.name not in optional
    ]
    if missing:
        quoted = ", ".join(f"'{each}'" for each in missing)
        return ArgumentTypeError(
            f"{name}: argument {quoted} is missing; {takes}"
            if len(missing) == 1
            else f"{name}: arguments {quoted} are missing; {takes}"
        )
    return None


def _text_of(key: object) -> str:
    return str(key).encode("utf-8", "backslashreplace").decode()


def _parts(annotation: ast.expr | str) -> list[ast.expr]:
    """The members of a union, None last."""
    if isinstance(annotation, str):
        annotation = ast.parse(annotation, mode="eval").body
    if isinstance(annotation, ast.BinOp):
        return [*_parts(annotation.left), *_parts(annotation.right)]
    return [annotation]


def _base(part: ast.expr) -> str:
    """`Sequence` of `collections.abc.Sequence[int]`."""
    if isinstance(part, ast.Subscript):
        part = part.value
    if isinstance(part, ast.Attribute):
        return part.attr
    if isinstance(part, ast.Constant):
        return "None" if part.value is None else str(part.value).rpartition("::")[2]
    return part.id if isinstance(part, ast.Name) else ast.unparse(part)


def _said(parts: Sequence[ast.expr]) -> str:
    words = list(dict.fromkeys(_said_one(part) for part in parts))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _said_one(part: ast.expr) -> str:
    base = _base(part)
    if base in ("Sequence", "Iterable", "list") and isinstance(part, ast.Subscript):
        items = [_base(item) for item in _parts(part.slice)]
        several = " or ".join(_PLURALS.get(item, f"{item}s") for item in items)
        return f"{'a list' if base == 'list' else 'a sequence'} of {several}"
    return _WORDS.get(base) or _article(base)


def _fits(part: ast.expr, value: object) -> bool:
    """Whether the value is of the annotation's kind; what cannot be told fits."""
    base = _base(part)
    if base == "None":
        return value is None
    if base == "int":
        return hasattr(type(value), "__index__")
    if base == "float":
        return hasattr(type(value), "__float__") or hasattr(type(value), "__index__")
    if base == "PathLike":
        return hasattr(type(value), "__fspath__")
    if base in ("Sequence", "Iterable"):
        return hasattr(type(value), "__iter__") or hasattr(type(value), "__getitem__")
    builtin = {"str": str, "bool": bool, "bytes": bytes, "dict": dict, "list": list, "tuple": tuple}
    expected = builtin.get(base) or getattr(_foundry, base, None)
    return isinstance(value, expected) if isinstance(expected, type) else True


def _problem(value: object) -> str:
    """What is wrong with a value of the right type."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeError:
            return "which is no valid Unicode text: it has lone surrogates"
        return "which holds a NUL character" if "\0" in value else ""
    if hasattr(type(value), "__index__") and not isinstance(value, bool):
        try:
            number = operator.index(value)  # type: ignore[arg-type]
        except Exception as error:
            return f"whose __index__ raises {type(error).__name__}"
        if number < -(2**63):
            return "which is too small"
        return "which is negative; expected 0 or more" if number < 0 else "which is too large"
    return ""


def _no_member(kind: type[enum.Enum], value: object) -> enum.Enum:
    members = ", ".join(member.name for member in kind)
    error = DTypeError if kind is DType else ArgumentError
    raise error(f"{kind.__name__}: {shown(value)} is none of its values; there are {members}")


# Weakly: the extension and its enumerations are never freed, and would hold this module's globals,
# and what these lead to, past the interpreter's end.
_foundry.set_typed_error(weakref.proxy(typed_error))
for _kind in vars(_foundry).values():
    if isinstance(_kind, enum.EnumMeta):
        _kind._missing_ = classmethod(weakref.proxy(_no_member))  # type: ignore[attr-defined]
