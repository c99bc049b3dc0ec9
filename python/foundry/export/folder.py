"""The tables of an exported model: tokenizer, chat, and how its programs are to be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from foundry.export.chat_pieces import chat_tables
from foundry.export.tables import write
from foundry.export.tokenizer_tables import tokenizer_tables
from foundry.generation.chat_templates import ChatTemplates
from foundry.generation.tokenizer import Tokenizer

_STEPS = (256, 128, 64, 32, 8, 1)
"""Tokens of the programs, the most first."""


def steps_for(context_length: int) -> tuple[int, ...]:
    """The tokens of the steps that a context has room for."""
    return tuple(tokens for tokens in _STEPS if tokens <= context_length)


def write_text_tables(
    folder: Path,
    *,
    tokenizer: Tokenizer,
    templates: ChatTemplates,
    context_length: int,
    caches: Sequence[str],
    rings: Mapping[str, int],
    states: Sequence[str],
) -> None:
    """Writes what `foundry::Generator` reads besides programs. `caches` have a row for each
    position, `rings` rows for the last ones, of which a token attends to so many, `states` are of
    the last token: names of the programs' tensors.

    Raises `UnsupportedModelError` for a tokenizer that C++ has not.
    """
    tables = {
        **tokenizer_tables(tokenizer),
        **chat_tables(templates, tokenizer),
        "model.context_length": context_length,
        "model.steps": np.array(steps_for(context_length), np.uint32),
        "model.caches": list(caches),
        "model.rings": list(rings),
        "model.windows": np.array(list(rings.values()), np.uint32),
        "model.states": list(states),
    }
    write(tables, folder / "text.gguf")
