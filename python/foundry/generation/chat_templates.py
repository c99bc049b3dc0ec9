"""The chat templates of a model file, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from foundry.call_errors import typed_calls
from foundry.errors import ArgumentError, ArgumentTypeError, ChatTemplateError
from foundry.generation.arguments import shown
from foundry.generation.templates.text import TemplateText
from foundry.generation.tokenizer import Tokenizer

if TYPE_CHECKING:
    from foundry.generation.chat_template import ChatTemplate

_KEY = "tokenizer.chat_template"
_TOKENS = {"bos": "bos", "eos": "eos", "unknown": "unk", "seperator": "sep", "padding": "pad"}
"""Special tokens of the GGUF specification, and how templates name them."""
_DEFAULT = "default"
_TOOLS = "tool_use"


@typed_calls
class ChatTemplates(Mapping[str, "ChatTemplate"]):
    """Templates by name: `tokenizer.chat_template` is "default", `tokenizer.chat_template.NAME`
    is NAME. Empty where the file has none."""

    def __init__(self, metadata: Mapping[str, object], tokenizer: Tokenizer) -> None:
        tokens = {"bos_token": "", "eos_token": ""}
        for key, name in _TOKENS.items():
            token = metadata.get(f"tokenizer.ggml.{key}_token_id")
            if type(token) is int and 0 <= token < len(tokenizer):
                tokens[f"{name}_token"] = tokenizer.decode([token], skip_special=False)
        self._tokens = tokens
        self._sources: dict[str, object] = {}
        self._templates: dict[str, ChatTemplate] = {}  # of them those that were asked for
        for key, source in metadata.items():
            if key == _KEY:
                self._sources[_DEFAULT] = source
            elif key.startswith(f"{_KEY}."):
                self._sources[key.removeprefix(f"{_KEY}.")] = source

    def __getitem__(self, name: str) -> ChatTemplate:
        if name not in self._templates:
            # Only who chats pays for Jinja.
            from foundry.generation.chat_template import ChatTemplate

            made = ChatTemplate(self._sources[name], **self._tokens)
            return self._templates.setdefault(name, made)
        return self._templates[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __repr__(self) -> str:
        return f"ChatTemplates({', '.join(map(shown, self)) or 'none'})"

    def render(
        self,
        messages: Sequence[Any],
        *,
        template: str | None = None,
        template_arguments: Mapping[str, object] | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        continue_final_message: bool = False,
    ) -> TemplateText:
        """The prompt by the template of that name; without one by "tool_use", where there are
        tools and the file has it, else by the default. `ChatTemplateError` where it is not there.
        """
        if template is not None and not isinstance(template, str):
            raise ArgumentTypeError(f"template is {shown(template)}; expected a name or None")
        name = template
        if name is None:
            name = _TOOLS if tools is not None and _TOOLS in self else _DEFAULT
        if name not in self:
            there = ", ".join(map(shown, self)) or "none"
            raise ChatTemplateError(f"the file has no chat template {name!r}; it has {there}")
        extra: Any = {} if template_arguments is None else template_arguments
        if not isinstance(extra, Mapping) or not all(isinstance(key, str) for key in extra):
            raise ArgumentTypeError("template_arguments: expected a mapping from names to values")
        taken = _ARGUMENTS.intersection(extra)
        if taken:
            raise ArgumentError(
                f"template_arguments: {', '.join(sorted(taken))} has its own argument"
            )
        return self[name].render(
            messages,
            continue_final_message=continue_final_message,
            tools=tools,
            documents=documents,
            **extra,
        )


_ARGUMENTS = frozenset({"messages", "continue_final_message", "tools", "documents"})
