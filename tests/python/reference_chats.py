"""Chats and tools that chat templates are tried with."""

from __future__ import annotations

from typing import Any

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather of a place.\nNow, in °C.",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "enum": ["Zürich", "東京"]},
                    "days": {"type": "array", "items": {"type": "integer"}},
                    "unit": {"type": ["string", "null"]},
                },
                "required": ["place"],
            },
        },
    }
]

_CALL = {
    "role": "assistant",
    "content": "Let me look.",
    "tool_calls": [
        {
            "id": "abcdef123",
            "type": "function",
            "function": {"name": "weather", "arguments": {"place": "Zürich", "days": [1, 2]}},
        }
    ],
}

CHATS: dict[str, list[dict[str, Any]]] = {
    "one turn": [{"role": "user", "content": "What is the capital of France?"}],
    "system": [
        {"role": "system", "content": " Be brief. /no_think\n"},
        {"role": "user", "content": "\n  Bonjour \u00e0 tous \U0001f600 <b>&</b>  "},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nSalut"},
        {"role": "user", "content": "x" * 300},
    ],
    "tools": [
        {"role": "user", "content": "Weather?"},
        _CALL,
        {"role": "tool", "content": '{"celsius": 21}'},
        {"role": "assistant", "content": "21 °C"},
        {"role": "user", "content": "Thanks\n\n1. a\n2. b"},
    ],
    "roles": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}],
    "parts": [{"role": "user", "content": [{"type": "text", "text": " part "}]}],
}
