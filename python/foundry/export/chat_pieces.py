"""A chat template as fixed texts between the neighbours of a conversation.

They are found by rendering conversations of marker texts, and tried on others: what a template
makes of a chat has to be these texts and the contents, token for token, or C++ has no chat.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from foundry.errors import ChatTemplateError
from foundry.export.tables import Table
from foundry.generation.chat_templates import ChatTemplates
from foundry.generation.messages import Message
from foundry.generation.templates.text import TemplateText, concatenate
from foundry.generation.tokenizer import Tokenizer

_ROLES = ("system", "user", "assistant")
_START, _ANSWER = "the start", "the answer"
_PLACES = (*_ROLES, _START, _ANSWER)
_TURNS = ("user", "assistant", "user", "assistant", "user")
_END_OF_REASONING = "</think>"
_REASONING: Mapping[int, Callable[[str], str]] = {
    0: lambda text: text,
    1: lambda text: text.split(_END_OF_REASONING)[-1],
    2: lambda text: text.split(_END_OF_REASONING)[-1].lstrip("\n"),
}
"""What templates make of an answer that begins with its reasoning."""
_STRIPS: Mapping[int, Callable[[str], str]] = {
    0: lambda text: text,
    3: str.strip,
    1: str.lstrip,
    2: str.rstrip,
}
"""And of the white space around a content: on the left, on the right."""


@dataclass
class ChatPieces:
    """The text between two places, which roles' contents lose the white space around them, and how
    an answer's reasoning is dropped."""

    between: dict[tuple[str, str], str] = field(default_factory=dict)
    strips: dict[str, int] = field(default_factory=dict)
    reasoning: int = 0

    def render(self, messages: Sequence[Message]) -> str:
        """What C++ makes of them."""
        parts: list[str] = []
        for place, message in _places(messages):
            parts.append(TemplateText(self.between[place]))
            if message is not None:
                parts.append(self._content(message))
        return concatenate(parts)

    def _content(self, message: Message) -> str:
        text: str = message["content"]
        if message["role"] == "assistant":
            text = _REASONING[self.reasoning](text)
        return _STRIPS[self.strips.get(message["role"], 0)](text)


def chat_tables(templates: ChatTemplates, tokenizer: Tokenizer) -> dict[str, Table]:
    """`chat.absence` says why there is no chat, where there is none."""
    try:
        pieces = find_pieces(templates, tokenizer)
    except ChatTemplateError as error:
        return {"chat.absence": str(error)}
    places = [_PLACES.index(place) for pair in pieces.between for place in pair]
    return {
        "chat.absence": "",
        "chat.places": np.array(places, np.uint8),
        "chat.pieces": list(pieces.between.values()),
        "chat.strips": np.array([pieces.strips.get(role, 0) for role in _ROLES], np.uint8),
        "chat.reasoning": pieces.reasoning,
        "chat.white_space": "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1)))),
    }


def find_pieces(templates: ChatTemplates, tokenizer: Tokenizer) -> ChatPieces:
    """`ChatTemplateError` where there is no template, or it is not of this kind."""
    if "default" not in templates:
        raise ChatTemplateError("the model has no chat template")
    pieces = ChatPieces()
    _learn(pieces, templates, _conversation(_TURNS))
    try:
        _learn(pieces, templates, _conversation(("system", *_TURNS)))
    except ChatTemplateError:
        # It takes no system message, or puts it where none is.
        pieces.between = {
            pair: text for pair, text in pieces.between.items() if "system" not in pair
        }
    has_system = ("system", "user") in pieces.between

    def agrees(messages: Sequence[Message]) -> bool:
        wanted = templates.render(messages)
        return tokenizer.encode(pieces.render(messages)) == tokenizer.encode(wanted)

    starts = [(), ("system",)] if has_system else [()]
    for role in _ROLES[0 if has_system else 1 :]:
        padded = _conversation((*starts[-1], *_TURNS), {role: " \n{} \n"})
        for kind in _STRIPS:
            pieces.strips[role] = kind
            if agrees(padded):
                break
        else:
            raise _unfit(f"what it does to the white space around what is of the role {role}")
    answer = f"<think>\nWhy.\n{_END_OF_REASONING}\n\n{{}}"
    reasoned = _conversation((*starts[-1], *_TURNS), {"assistant": answer})
    for kind in _REASONING:
        pieces.reasoning = kind
        if agrees(reasoned):
            break
    else:
        raise _unfit("what it does to the reasoning of an answer")
    for start in starts:
        for length in range(1, len(_TURNS) + 1, 2):
            if not agrees(_conversation((*start, *_TURNS[:length]))):
                raise _unfit(f"a conversation of {len(start) + length} messages")
    return pieces


def _learn(pieces: ChatPieces, templates: ChatTemplates, messages: Sequence[Message]) -> None:
    text = templates.render(messages)
    at = 0
    for place, message in _places(messages):
        content = message["content"] if message else ""
        end = text.find(content, at) if message else len(text)
        if end < 0:
            raise _unfit(f"a {place[1]} message, which is not where it belongs")
        between = str(text[at:end])
        if pieces.between.setdefault(place, between) != between:
            raise _unfit(f"what is between {place[0]} and {place[1]}, which is not always the same")
        at = end + len(content)


def _places(messages: Sequence[Message]) -> Iterator[tuple[tuple[str, str], Message | None]]:
    """What each text stands between, and the message that follows it."""
    places = [_START, *(message["role"] for message in messages), _ANSWER]
    return zip(pairwise(places), [*messages, None], strict=True)


def _conversation(roles: Sequence[str], forms: Mapping[str, str] | None = None) -> list[Message]:
    """Each message says something of its own, within what its role's form adds."""
    forms = forms or {}
    return [
        {"role": role, "content": forms.get(role, "{}").format(f"Marker{index}qX")}
        for index, role in enumerate(roles)
    ]


def _unfit(what: str) -> ChatTemplateError:
    return ChatTemplateError(
        f"the chat template is not made of fixed texts between messages, by {what}"
    )
