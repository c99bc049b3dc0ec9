"""Source to syntax tree. Nothing of a template runs here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser

from foundry.errors import ChatTemplateError
from foundry.generation.templates.text import TemplateText

MAX_SOURCE = 256 * 1024
"""Characters; the largest published templates are under 32 Ki."""
_MAX_NESTING = 100  # levels of expressions and blocks in the source
MAX_INTEGER_BITS = 64


def parse(source: str) -> nodes.Template:
    """The syntax tree, its texts marked as the template's own. `ChatTemplateError` with the line
    where it does not parse."""
    if len(source) > MAX_SOURCE:
        raise ChatTemplateError(
            f"chat template of {len(source)} characters, the limit is {MAX_SOURCE}"
        )
    try:
        tree = _Environment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _GenerationTag]
        ).parse(source)
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        where = "" if line is None else f", line {line}"
        raise ChatTemplateError(f"chat template{where}: {error}") from error
    # int() of thousands of digits is a ValueError, lone surrogates are a UnicodeError.
    except (ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        raise ChatTemplateError(f"chat template does not parse: {error}") from error
    _own_constants(tree)
    return tree


class _GenerationTag(Extension):
    """`{% generation %}`: marks what the model itself says, and prints it (as transformers)."""

    tags = {"generation"}  # noqa: RUF012 - declared so by jinja2

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


class _Environment(jinja2.Environment):
    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return _Parser(self, source, name, filename).parse()


class _Parser(Parser):
    """Jinja's parser calls itself; here no deeper than a stack of any size bears."""

    _depth = 0

    def _nested(self, parse: Callable[..., Any], *arguments: Any) -> Any:
        self._depth += 1
        if self._depth > _MAX_NESTING:
            self.fail(f"nested deeper than {_MAX_NESTING} levels")
        node = parse(*arguments)
        self._depth -= 1
        return node

    def parse_statement(self) -> Any:
        return self._nested(super().parse_statement)

    def parse_condexpr(self) -> Any:
        return self._nested(super().parse_condexpr)

    def parse_not(self) -> Any:
        return self._nested(super().parse_not)

    def parse_unary(self, with_filter: bool = True) -> Any:
        return self._nested(super().parse_unary, with_filter)


def _own_constants(tree: nodes.Template) -> None:
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.TemplateData):
            node.data = TemplateText(node.data)
        elif isinstance(node, nodes.Const):
            value = node.value
            if isinstance(value, str):
                node.value = TemplateText(value)
            elif isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
                raise ChatTemplateError(
                    f"chat template, line {node.lineno}: a number of {value.bit_length()} bits, "
                    f"the limit is {MAX_INTEGER_BITS}"
                )
        waiting.extend(node.iter_child_nodes())
