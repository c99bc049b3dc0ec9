"""What a chat is made of, as its caller gives it, checked and copied to plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foundry.errors import ArgumentError, ArgumentTypeError
from foundry.generation.arguments import checked_text
from foundry.generation.templates.budget import MAX_NESTING

Message = Mapping[str, Any]
"""One turn: `role` (system, user, assistant, tool), `content` (a text, or parts of one as
`{"type": "text", "text": ...}`), and whatever else a template reads."""

_ROLES = frozenset(
    {
        *("system", "developer", "user", "assistant", "tool"),
        *("function", "ipython", "model", "observation", "context"),
    }
)
_REASONING = ("reasoning_content", "thinking", "reasoning")
_MOST_INTEGER_BITS = 4096


def is_conventional(role: object) -> bool:
    """Whether `role` is one of the names that templates make turns of."""
    return isinstance(role, str) and role in _ROLES


def checked_messages(messages: object) -> list[dict[str, Any]]:
    """The turns as plain values. `ArgumentTypeError` or `ArgumentError` that names the place."""
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Sequence):
        raise ArgumentTypeError(
            f"messages is a {type(messages).__name__}; expected a list of "
            '{"role": ..., "content": ...}'
        )
    if not messages:
        raise ArgumentError("messages is empty; a chat has one turn at least")
    return [_checked_message(message, index) for index, message in enumerate(messages)]


def _checked_message(message: object, index: int) -> dict[str, Any]:
    where = f"messages[{index}]"
    if not isinstance(message, Mapping):
        raise ArgumentTypeError(
            f"{where} is a {type(message).__name__}; expected a mapping with 'role' and 'content'"
        )
    plain: dict[str, Any] = plain_value(message, where)
    if "role" not in plain:
        raise ArgumentError(f"{where} has no 'role'; its keys are {_named(list(plain))}")
    if not isinstance(plain["role"], str):
        raise ArgumentTypeError(
            f"{where}['role'] is a {type(plain['role']).__name__}; expected a str"
        )
    content = plain.get("content")
    if isinstance(content, list):
        for number, part in enumerate(content):
            _check_part(part, f"{where}['content'][{number}]")
    elif content is not None and not isinstance(content, str | dict):
        raise ArgumentTypeError(
            f"{where}['content'] is a {type(content).__name__}; expected a str or a list of parts"
        )
    return plain


def _check_part(part: object, where: str) -> None:
    if isinstance(part, str):
        return
    if not isinstance(part, dict):
        raise ArgumentTypeError(
            f"{where} is a {type(part).__name__}; expected {{'type': 'text', 'text': ...}}"
        )
    kind = part.get("type")
    if kind not in (None, "text"):
        raise ArgumentError(f"{where}: unsupported content type {kind!r:.80}; supported: 'text'")
    if not isinstance(part.get("text"), str):
        raise ArgumentTypeError(
            f"{where}['text'] is a {type(part.get('text')).__name__}; expected a str"
        )


def with_reasoning(message: dict[str, Any]) -> dict[str, Any]:
    """The message with its reasoning under the names that templates read (transformers)."""
    found = next((message[name] for name in _REASONING if message.get(name) is not None), None)
    if found is None:
        return message
    return {"thinking": found, **message, "reasoning_content": found}


def joined_parts(message: dict[str, Any]) -> dict[str, Any]:
    """The message with the parts of its content as one text, a line break between two."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    texts = [part if isinstance(part, str) else part["text"] for part in content]
    return {**message, "content": "\n".join(texts)}


def plain_value(value: object, where: str, depth: int = 0) -> Any:
    """A copy of `value` in dicts, lists, str, numbers and None; content, whatever it was before."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return checked_text(value, where)
    if isinstance(value, int | np.integer):
        number = int(value)
        if number.bit_length() > _MOST_INTEGER_BITS:
            raise ArgumentError(
                f"{where}: a number of {number.bit_length()} bits; at most {_MOST_INTEGER_BITS}"
            )
        return number
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if depth == MAX_NESTING:
        raise ArgumentError(f"{where[:200]}: nested deeper than {MAX_NESTING} levels")
    if isinstance(value, Mapping):
        plain: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise ArgumentTypeError(
                    f"{where[:200]}: unsupported key of type {type(key).__name__}; supported: str"
                )
            name = plain_value(key, f"{where}'s keys")
            plain[name] = plain_value(item, f"{where}[{name!r:.40}]", depth + 1)
        return plain
    if isinstance(value, list | tuple):
        return [
            plain_value(item, f"{where}[{index}]", depth + 1) for index, item in enumerate(value)
        ]
    raise ArgumentTypeError(
        f"{where[:200]}: unsupported value of type {type(value).__name__}; supported: str, "
        "numbers, None, lists and mappings of them"
    )


def _named(keys: list[str]) -> str:
    return ", ".join(f"{key!r:.40}" for key in keys[:8]) or "none"
