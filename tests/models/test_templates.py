"""The chat templates that llama.cpp brings along, rendered as transformers renders them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import jinja2
import llama_cpp
import pytest

import foundry as fd
from foundry.generation.chat_template import ChatTemplate
from reference_chats import CHATS, MORE_CHATS, SIMPLE_TOOL, TOOLS
from reference_environment import transformers_environment, transformers_messages

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
DOCUMENTS = [{"title": "On <b>", "text": "Line\nline"}, {"title": "t2", "text": "x", "id": 3}]
# The parts of a content are joined where a template would print them as Python does.
ALL_CHATS = [chat for name, chat in (CHATS | MORE_CHATS).items() if name != "parts"]
EXTRAS: list[dict[str, Any]] = [
    {},
    {"enable_thinking": False, "functions": "[]", "datetime": "now"},
    {"enable_thinking": True, "thinking": True, "preserve_thinking": True},
    {"reasoning_effort": "high", "date_string": "1 Jan 2025", "builtin_tools": ["browser"]},
]


def names() -> list[str]:
    folder = llama_cpp.sources() / "models" / "templates"
    return sorted(path.name for path in folder.glob("*.jinja"))


def compare(name: str, cases: Iterable[tuple[Any, ...]]) -> int:
    """How many prompts were equal; what transformers refuses is refused."""
    source = (llama_cpp.sources() / "models" / "templates" / name).read_text()
    oracle = transformers_environment().from_string(source)
    template = ChatTemplate(source, **TOKENS)
    equal = 0
    for chat, tools, documents, opens, extra in cases:
        given = {"tools": tools, "documents": documents, "add_generation_prompt": opens, **extra}
        try:
            expected = oracle.render(messages=transformers_messages(chat), **given, **TOKENS)
        except (jinja2.TemplateError, TypeError, RecursionError):
            with pytest.raises(fd.ChatTemplateError):
                template.render(chat, **given)
            continue
        assert template.render(chat, **given) == expected
        equal += 1
    return equal


@pytest.mark.parametrize("name", names())
def test_a_template(name: str) -> None:
    cases = product(ALL_CHATS, (SIMPLE_TOOL, []), (None,), (True,), EXTRAS[1:2])
    assert compare(name, cases) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_a_template_with_everything(name: str) -> None:
    tools: tuple[Any, ...] = (None, [], SIMPLE_TOOL, [*TOOLS, *SIMPLE_TOOL])
    compare(name, product(ALL_CHATS, tools, (None, DOCUMENTS), (True, False), EXTRAS))
