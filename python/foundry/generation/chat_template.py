"""Chat templates: Jinja text from a model file, so untrusted input, made into prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import jinja2
from jinja2 import nodes

from foundry.call_errors import typed_calls
from foundry.errors import ArgumentError, ArgumentTypeError, ChatTemplateError
from foundry.generation.arguments import checked_flag, shown
from foundry.generation.messages import (
    Message,
    checked_messages,
    is_conventional,
    joined_parts,
    plain_value,
    with_reasoning,
)
from foundry.generation.templates.budget import Budget
from foundry.generation.templates.functions import FUNCTIONS
from foundry.generation.templates.interpreter import Interpreter
from foundry.generation.templates.parser import parse
from foundry.generation.templates.text import TemplateText, own_spans, part

_PROBE = "content-part"


@typed_calls
class ChatTemplate:
    """A chat template and the special tokens that it names (`bos_token`, `eos_token`, ...).

    It is parsed when it is first used, so that a model with a template that does not parse still
    loads: `ChatTemplateError` then.
    """

    def __init__(self, source: object, **tokens: str) -> None:
        self.source = source
        self._tokens = tokens

    def render(
        self,
        messages: Sequence[Message],
        *,
        add_generation_prompt: bool | None = None,
        continue_final_message: bool = False,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        **extra: object,
    ) -> TemplateText:
        """The prompt text for `messages`; `extra` goes to the template as variables.

        The result knows which of its characters the template wrote: `Tokenizer.encode` takes no
        others for control tokens. `add_generation_prompt` opens the answer's turn, unless
        `continue_final_message` leaves the last message open instead. `tools` (JSON schemas) and
        `documents` are what the template makes of them.

        Raises `ChatTemplateError` where the template refuses the messages, does not parse or
        exceeds a limit, `ArgumentError` and `ArgumentTypeError` for what is no chat.
        """
        continue_final_message = checked_flag(continue_final_message, "continue_final_message")
        opens = not continue_final_message
        if add_generation_prompt is not None:
            opens = checked_flag(add_generation_prompt, "add_generation_prompt")
        if opens and continue_final_message:
            raise ArgumentError(
                "continue_final_message leaves the last message open; add_generation_prompt opens "
                "another: give one of them"
            )
        turns = list(map(with_reasoning, checked_messages(messages)))
        variables = {
            "tools": _listed(tools, "tools"),
            "documents": _listed(documents, "documents"),
            "add_generation_prompt": opens,
            **{name: plain_value(value, shown(name)) for name, value in extra.items()},
        }
        has_parts = any(isinstance(turn.get("content"), list) for turn in turns)
        if has_parts and not self._takes_parts:
            turns = [joined_parts(turn) for turn in turns]
        text = self._evaluate(turns, variables)
        if continue_final_message:
            text = _cut_after(text, turns[-1])
        return TemplateText(text, own_spans(text))  # without a span it is content as a whole

    @cached_property
    def _tree(self) -> nodes.Template:
        if not isinstance(self.source, str):
            raise ChatTemplateError(
                f"chat template: unsupported source of type {type(self.source).__name__}; "
                "supported: str"
            )
        return parse(self.source)

    @cached_property
    def _takes_parts(self) -> bool:
        """Whether the template itself makes text of a content in parts."""
        turn = {"role": "user", "content": [{"type": "text", "text": _PROBE}]}
        try:
            text = self._evaluate([turn], {"add_generation_prompt": False})
        except ChatTemplateError:
            return False
        return _PROBE in text and "'text'" not in text and '"text"' not in text

    def _evaluate(self, turns: list[dict[str, Any]], variables: dict[str, Any]) -> str:
        tree = self._tree
        for turn in turns:
            if is_conventional(turn["role"]):  # of which templates make tokens: '<|' + role + '|>'
                turn["role"] = TemplateText(turn["role"])
        interpreter = Interpreter(Budget())
        names: dict[str, Any] = {"tools": None, "documents": None, **FUNCTIONS}
        names |= {name: TemplateText(token) for name, token in self._tokens.items()}
        try:
            return interpreter.render(tree, {**names, **variables, "messages": turns})
        except ChatTemplateError:
            raise
        except (
            *(jinja2.TemplateError, ArithmeticError, AttributeError, LookupError),
            *(MemoryError, RuntimeError, TypeError, ValueError),
        ) as error:
            what = str(error) or type(error).__name__
            raise ChatTemplateError(
                f"chat template, line {interpreter.line}: {what[:1000]}"
            ) from error


def _listed(value: object, where: str) -> Any:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise ArgumentTypeError(
            f"{where} is a {type(value).__name__}; expected a list of mappings or None"
        )
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise ArgumentTypeError(
                f"{where}[{index}]: unsupported {type(item).__name__}; supported: a mapping, such "
                "as a JSON schema"
            )
    return plain_value(value, where)


def _cut_after(text: str, turn: dict[str, Any]) -> str:
    """The prompt without what the template puts after the last message's text (transformers)."""
    final = turn.get("content")
    if isinstance(final, list):
        final = next((part["text"] for part in reversed(final) if isinstance(part, dict)), None)
    if not isinstance(final, str):
        raise ArgumentError("continue_final_message: the last message has no text to go on with")
    start = _last_content(text, final.strip())
    if start < 0:
        raise ChatTemplateError(
            "continue_final_message: the chat template does not print the last message as it is"
        )
    whole = final.lstrip()
    kept = whole if text.startswith(whole, start) else whole.rstrip()
    return part(text, 0, start + len(kept))


def _last_content(text: str, wanted: str) -> int:
    """Where `wanted` begins the last time that the template did not write it; -1 if nowhere."""
    start = text.rfind(wanted)
    while start >= 0 and own_spans(part(text, start, start + len(wanted))):
        start = text.rfind(wanted, 0, start + len(wanted) - 1)
    return start
