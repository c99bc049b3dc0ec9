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

SIMPLE_TOOL: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "look",
            "description": 'Looks <up> & "answers".',
            "parameters": {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "description": "what"},
                    "count": {"type": "integer", "default": 3},
                },
                "required": ["query"],
            },
            "return": {"type": "string"},
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


def _call(identity: str, arguments: object) -> dict[str, Any]:
    function = {"name": "look", "arguments": arguments}
    return {"id": identity, "type": "function", "function": function}


MORE_CHATS: dict[str, list[dict[str, Any]]] = {
    "reasoning": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "reasoning_content": "Let me think.\n", "content": "Hello!"},
        {"role": "user", "content": "Why?"},
    ],
    "thinking": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "thinking": "hm", "content": "Hello!"},
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "reasoning": "so", "content": "Because."},
    ],
    "two calls": [
        {"role": "system", "content": "Use tools."},
        {"role": "user", "content": "Look up two."},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "two calls",
            "tool_calls": [
                _call("abcdef123", {"query": "one"}),
                _call("abcdef124", {"query": "two", "count": 1}),
            ],
        },
        {"role": "tool", "name": "look", "tool_call_id": "abcdef123", "content": "21"},
        {"role": "tool", "name": "look", "tool_call_id": "abcdef124", "content": '{"t": 3}'},
        {"role": "assistant", "content": "21 and 3"},
    ],
    "no content": [
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [_call("call12345", {"query": "é", "n": None, "f": 1.5, "b": True})],
        },
        {"role": "tool", "name": "look", "tool_call_id": "call12345", "content": "21"},
    ],
    "arguments as text": [
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": "x", "tool_calls": [_call("call12345", '{"query": "a"}')]},
        {"role": "tool", "content": "21"},
    ],
    "developer": [
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ],
    "two users": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    "code": [
        {"role": "system", "content": "\u00fcn\u00ef \u6f22\u2028"},
        {"role": "user", "content": 'tab\t"quotes" \\ back {{ x }} {% y %} <b>\'s</b>'},
    ],
    "long": [
        {"role": ("user", "assistant")[index % 2], "content": f"turn {index}"} for index in range(7)
    ],
}
