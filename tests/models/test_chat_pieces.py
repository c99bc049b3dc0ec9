"""Chat templates as fixed texts, for C++: they make of a conversation what the template makes.

Conversations here are others than those by which the texts were found.
"""

from __future__ import annotations

import random

import llama_cpp
import pytest
from test_templates import names
from test_tokenizers import tokenizer_of
from vocabularies import path_of, texts

import foundry as fd
from foundry.export.chat_pieces import find_pieces
from foundry.generation.chat_templates import ChatTemplates
from foundry.generation.messages import Message

REFUSED = {
    "Bielik-11B-v3.0-Instruct.jinja": "the reasoning of an answer",
    "CohereForAI-c4ai-command-r-plus-tool_use.jinja": "a nonetype is not iterable",
    "LFM2.5-Instruct.jinja": "the reasoning of an answer",
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja": "a nonetype is not iterable",
    "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja": "a nonetype is not iterable",
    "fireworks-ai-llama-3-firefunction-v2.jinja": "'functions' is undefined",
    "inclusionai-ling-3.0-flash.jinja": "the reasoning of an answer",
    "poolside-Laguna-XS-2.1.jinja": "the reasoning of an answer",
    "poolside-Laguna-XS.2.jinja": "the reasoning of an answer",
}


def conversation(chance: random.Random, has_system: bool) -> list[Message]:
    roles = ["system"] * (has_system and chance.random() < 0.5)
    roles += ["user", "assistant"] * chance.randint(0, 4) + ["user"]
    # No mark of a template's own language, which some look for, and no message of nothing, which
    # some leave out.
    contents = texts(len(roles), [], chance.randrange(1 << 30))
    return [
        {"role": role, "content": " q" + text.replace("<", "(").replace("[", "(").replace("/", "|")}
        for role, text in zip(roles, contents, strict=True)
    ]


@pytest.mark.parametrize("name", names())
def test_a_template_is_its_fixed_texts(name: str) -> None:
    metadata = dict(fd.Gguf(path_of("llama-spm")).metadata)
    source = (llama_cpp.sources() / "models" / "templates" / name).read_text()
    metadata["tokenizer.chat_template"] = source
    tokenizer = tokenizer_of(metadata)
    templates = ChatTemplates(metadata, tokenizer)
    if name in REFUSED:
        with pytest.raises(fd.ChatTemplateError, match=REFUSED[name]):
            find_pieces(templates, tokenizer)
        return
    pieces = find_pieces(templates, tokenizer)
    chance = random.Random(name)
    for _ in range(8):
        messages = conversation(chance, ("system", "user") in pieces.between)
        assert pieces.render(messages) == templates.render(messages), messages
