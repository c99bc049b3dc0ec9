"""The MSL body of a decorated function, and where it stands, for compile errors."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from types import FunctionType
from typing import NamedTuple

from foundry._foundry import ArgumentError


class Body(NamedTuple):
    text: str
    file: str
    line: int  # of the file, where the text begins


def body_of(function: FunctionType, body: str | None) -> Body:
    """The text `body`, or the function's docstring.

    `python -OO` takes docstrings away: the text is read from the source file then. ArgumentError
    where there is none, and for statements beside it, which would never run.
    """
    file = inspect.getsourcefile(function) or "<python>"
    line = function.__code__.co_firstlineno
    definition = _definition(function)
    text = body if body is not None else function.__doc__
    if definition is not None:
        written = _text_of_body(definition, body is not None)
        if written is not None:
            line = written.lineno
            if text is None and isinstance(written.value, str):
                text = written.value
        _refuse_statements(function.__name__, definition)
    if not text:
        stripped = sys.flags.optimize >= 2 and body is None and definition is None
        raise ArgumentError(
            f"kernel {function.__name__}: its docstring, the MSL body, is missing"
            + ("; python -OO strips docstrings: pass body= to kernel()" if stripped else "")
        )
    return Body(text, file, line)


def header_of(function: FunctionType, header: str) -> Body:
    """The text `header`, with its place where the decorator spells it."""
    file = inspect.getsourcefile(function) or "<python>"
    line = function.__code__.co_firstlineno
    definition = _definition(function) if header else None
    written = _keyword(definition, "header") if definition is not None else None
    return Body(header, file, written.lineno if written is not None else line)


def _text_of_body(definition: ast.FunctionDef, is_argument: bool) -> ast.Constant | None:
    if not is_argument:
        first = definition.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return first.value
        return None
    return _keyword(definition, "body")


def _keyword(definition: ast.FunctionDef, name: str) -> ast.Constant | None:
    """A text that is given to the decorator by name."""
    for decorator in definition.decorator_list:
        if isinstance(decorator, ast.Call):
            for keyword in decorator.keywords:
                if keyword.arg == name and isinstance(keyword.value, ast.Constant):
                    return keyword.value
    return None


def _refuse_statements(name: str, definition: ast.FunctionDef) -> None:
    for statement in definition.body:
        is_nothing = isinstance(statement, ast.Pass) or (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        )
        if not is_nothing:
            raise ArgumentError(
                f"kernel {name}: its function has Python statements, in line {statement.lineno}, "
                f"which never run; the body is the MSL text"
            )


def _definition(function: FunctionType) -> ast.FunctionDef | None:
    """The function's syntax tree; None where its source cannot be had."""
    try:
        lines, _ = inspect.findsource(function)
        tree = _parsed("".join(lines))
    except (OSError, TypeError, SyntaxError, ValueError, RecursionError, IndexError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            begin = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if begin <= function.__code__.co_firstlineno <= node.lineno:
                return node
    return None


@functools.lru_cache(maxsize=2)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)
