"""Chat templates: Jinja text from a model file, so untrusted input (sandbox and limits).

Jinja's sandbox keeps a template away from Python's internals. It does not keep it from running
forever or from filling memory, so loops, macro calls, strings and time have limits here.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import loopcontrols
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from foundry.errors import ChatTemplateError

Message = Mapping[str, Any]
"""One turn: `role` (system, user, assistant) and `content`, and whatever else a template reads."""

MAX_SOURCE = 256 * 1024  # characters; the largest published templates are under 32 Ki
MAX_TEXT = 8 * 1024 * 1024  # characters of one string; contexts hold far less
MAX_STEPS = 1_000_000  # loop iterations and macro calls of one rendering
MAX_SECONDS = 5.0

# These pad to a width that the template chooses, or format with one.
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map"})
_FORBIDDEN_FILTERS = frozenset({"center", "format", "indent", "pprint", "wordwrap"})


class ChatTemplate:
    """A compiled chat template. `ChatTemplateError` where it does not parse."""

    def __init__(self, source: str, *, bos_token: str = "", eos_token: str = "") -> None:
        if len(source) > MAX_SOURCE:
            raise ChatTemplateError(
                f"chat template of {len(source)} characters, the limit is {MAX_SOURCE}"
            )
        self.source = source
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        environment = _Environment()
        try:
            tree = _with_steps(environment.parse(source))
            self._template = environment.from_string(tree)
        except (jinja2.TemplateError, RecursionError) as error:
            raise ChatTemplateError(f"chat template: {_describe(error)}") from error
        self._environment = environment

    def render(
        self, messages: Sequence[Message], *, add_generation_prompt: bool = True, **extra: object
    ) -> str:
        """The prompt text for `messages`; `extra` goes to the template as variables.

        Raises `ChatTemplateError` where the template refuses the messages or exceeds a limit.
        """
        self._environment.start()
        try:
            pieces: list[str] = []
            size = 0
            for piece in self._template.generate(
                messages=[dict(message) for message in messages],
                add_generation_prompt=add_generation_prompt,
                **self._tokens,
                **extra,
            ):
                size += len(piece)
                _check_length(size)
                pieces.append(piece)
            return "".join(pieces)
        except ChatTemplateError:
            raise
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise ChatTemplateError(f"chat template: {_describe(error)}") from error
        except (AttributeError, MemoryError, RecursionError) as error:
            raise ChatTemplateError(f"chat template: {_describe(error)}") from error


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja as chat templates expect it, with every growing operation bounded."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        for name in _FORBIDDEN_FILTERS:
            del self.filters[name]
        self.filters["tojson"] = _to_json
        self.filters["replace"] = _bounded_replace
        self.filters["join"] = _bounded_join
        self.globals.pop("lipsum", None)
        self.globals["raise_exception"] = _refuse
        self.globals["strftime_now"] = _strftime_now
        self._budget = threading.local()

    def start(self) -> None:
        self._budget.steps = MAX_STEPS
        self._budget.deadline = time.monotonic() + MAX_SECONDS

    def step(self) -> str:
        """Called by the compiled template at each loop iteration and macro call."""
        self._budget.steps -= 1
        if self._budget.steps < 0:
            raise ChatTemplateError(f"chat template ran more than {MAX_STEPS} steps")
        if self._budget.steps % 64 == 0 and time.monotonic() > self._budget.deadline:
            raise ChatTemplateError(f"chat template ran longer than {MAX_SECONDS:g} s")
        return ""

    def concatenate(self, *values: object) -> str:
        """The `~` operator."""
        texts = [str(value) for value in values]
        _check_length(sum(map(len, texts)))
        return "".join(texts)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        if isinstance(obj, str) and attr in _PADDING:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: object) -> None:
        """Leaves `str.format` to `is_safe_attribute`, which refuses it."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            _check_length(_size(left) + _size(right))
        elif operator == "*" and (_size(left) or _size(right)):
            count = right if _size(left) else left
            _check_length(max(_size(left), _size(right)) * (count if isinstance(count, int) else 1))
        elif operator == "%" and isinstance(left, str | bytes):
            raise SecurityError("'%' on a string is not available in a chat template")
        elif operator in ("*", "**"):
            _check_number(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, callee: Any, *args: Any, **kwargs: Any) -> Any:
        # Bound methods of str that grow their operand by a factor that the template chooses.
        owner = getattr(callee, "__self__", None)
        if isinstance(owner, str) and args:
            if callee.__name__ == "replace":
                return _bounded_replace(owner, *args)
            if callee.__name__ == "join":
                return _bounded_join(args[0], owner)
            if callee.__name__ == "translate":
                raise SecurityError("str.translate is not available in a chat template")
        return super().call(context, callee, *args, **kwargs)


def _with_steps(tree: nodes.Template) -> nodes.Template:
    """Adds a call of `environment.step` to every loop and macro, and bounds `~`."""

    def call(method: str, arguments: list[nodes.Expr]) -> nodes.Call:
        return nodes.Call(nodes.EnvironmentAttribute(method), arguments, [], None, None)

    found: Any = tree.find_all((nodes.For, nodes.Macro, nodes.CallBlock))
    for node in found:
        node.body.insert(0, nodes.ExprStmt(call("step", [])))
        if isinstance(node, nodes.For) and node.test is not None:
            # The filter of `for x in xs if test` runs before the body does.
            node.test = nodes.And(nodes.Not(call("step", [])), node.test)
    _replace_concat(tree, call)
    return tree


def _replace_concat(node: Any, call: Callable[[str, list[nodes.Expr]], nodes.Call]) -> Any:
    for name, value in node.iter_fields():
        if isinstance(value, nodes.Node):
            setattr(node, name, _replace_concat(value, call))
        elif isinstance(value, list):
            value[:] = [
                _replace_concat(item, call) if isinstance(item, nodes.Node) else item
                for item in value
            ]
    return call("concatenate", node.nodes) if isinstance(node, nodes.Concat) else node


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else 0


def _check_length(length: int) -> None:
    if length > MAX_TEXT:
        raise ChatTemplateError(f"chat template makes {length} characters, the limit is {MAX_TEXT}")


def _check_number(operator: str, left: object, right: object) -> None:
    if not isinstance(left, int) or not isinstance(right, int):
        return
    bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
    if bits > 4096:
        raise ChatTemplateError(f"chat template computes a number of {bits} bits")


def _bounded_replace(text: object, old: str, new: str, count: int = -1) -> str:
    text = str(text)
    _check_length(len(text) + text.count(old) * max(len(new) - len(old), 0))
    return text.replace(old, new, -1 if count is None else count)


def _bounded_join(values: Any, separator: str = "", attribute: str | None = None) -> str:
    texts = [str(value if attribute is None else value.get(attribute, "")) for value in values]
    _check_length(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _to_json(value: object, indent: int | None = None) -> str:
    """Plain JSON: Jinja's own filter escapes for HTML."""
    if indent is not None and not 0 <= indent <= 16:
        raise ChatTemplateError(f"tojson: an indent of {indent}, the limit is 16")
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise ChatTemplateError(f"the chat template refuses these messages: {message}")


def _strftime_now(pattern: str) -> str:
    if len(pattern) > 256 or re.search(r"%[^a-zA-Z%]*\d", pattern):  # glibc takes a field width
        raise ChatTemplateError(
            f"strftime_now: pattern {pattern[:40]!r} is too long or has a width"
        )
    return datetime.now().strftime(pattern)


def _describe(error: BaseException) -> str:
    line = getattr(error, "lineno", None)
    return f"{'' if line is None else f'line {line}: '}{error or type(error).__name__}"
