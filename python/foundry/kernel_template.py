"""What a decorated kernel is a template of: `template={"T": fd.f16, "rows": 4}`.

A dtype is a type in the body, `using T = half;`, and in the signature, `fd.In[T]` with `T` a
`typing.TypeVar` of that name; a number is a constant, `constant constexpr int rows = 4;`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from foundry._foundry import ArgumentError, ArgumentTypeError, DType, DTypeError, is_msl_word
from foundry.annotations import Annotation
from foundry.call_errors import close_to, shown

Template = Mapping[str, DType | bool | int | float]


def checked_template(where: str, template: Any) -> dict[str, Any]:
    if template is None:
        return {}
    if not isinstance(template, Mapping):
        raise ArgumentTypeError(
            f"{where}: argument 'template' is {shown(template)}; expected a dict of dtypes and "
            f"numbers by name"
        )
    for name in template:
        is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
        if not is_name or is_msl_word(name):
            why = "is a word of MSL" if is_name else "is not an identifier"
            raise ArgumentError(f"{where}: template name {name!r} {why}")
    return dict(template)


def template_lines(where: str, template: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """The MSL that says what each name is."""
    lines = []
    for name, value in template.items():
        if name in arguments:
            raise ArgumentError(f"{where}: template name '{name}' is an argument's too")
        lines.append(_line(f"{where}: template '{name}'", name, value))
    return "".join(f"{line}\n" for line in lines)


def _line(where: str, name: str, value: Any) -> str:
    if isinstance(value, DType):
        if value.is_block or not value.is_supported:
            raise DTypeError(f"{where} is {value}; expected a plain dtype")
        return f"using {name} = {value.metal_name};"
    if isinstance(value, bool):
        return f"constant constexpr bool {name} = {str(value).lower()};"
    if isinstance(value, int):
        kind = next((kind for kind, low, high in _INTEGERS if low <= value <= high), None)
        if kind is None:
            raise ArgumentError(f"{where} is {value}, which no integer type of MSL holds")
        suffix = {"int": "", "uint": "u", "long": "l", "ulong": "ul"}[kind]
        text = f"{value}{suffix}" if value > -(2**31) else f"({value + 1}{suffix} - 1)"
        return f"constant constexpr {kind} {name} = {text};"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ArgumentError(f"{where} is {value}; expected a finite number")
        return f"constant constexpr float {name} = {value!r}f;"
    raise ArgumentTypeError(f"{where} is {shown(value)}; expected a dtype or a number")


_INTEGERS = (
    ("int", -(2**31), 2**31 - 1),
    ("uint", 0, 2**32 - 1),
    ("long", -(2**63), 2**63 - 1),
    ("ulong", 0, 2**64 - 1),
)


def with_template(where: str, annotation: Any, template: Mapping[str, Any]) -> Any:
    """An annotation whose type variable, if it has one, is what the template says."""
    if isinstance(annotation, TypeVar):
        return _dtype_of(where, annotation, template)
    if isinstance(annotation, Annotation) and isinstance(annotation.dtype, TypeVar):
        return replace(annotation, dtype=_dtype_of(where, annotation.dtype, template))
    return annotation


def _dtype_of(where: str, variable: Any, template: Mapping[str, Any]) -> DType:
    name = variable.__name__
    if name not in template:
        raise ArgumentError(
            f"{where}: the template has no '{name}'{close_to(name, list(template))}"
        )
    value = template[name]
    if not isinstance(value, DType):
        raise DTypeError(f"{where}: '{name}' of the template is {shown(value)}; expected a dtype")
    return value
