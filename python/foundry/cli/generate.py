"""`foundry generate`: one answer, streamed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foundry.cli import ui
from foundry.cli.reasoning import ReasoningParts
from foundry.generation.messages import Message
from foundry.generation.statistics import peak_memory
from foundry.models import BatchSequence, Generation, LanguageModel

_TAIL = 8
"""Tokens at a prompt's end that may spell a tag."""


def answer(
    model: LanguageModel,
    prompt: str | Sequence[Message],
    *,
    prompt_cache: Path | None = None,
    statistics: bool = True,
    as_json: bool = False,
    **settings: Any,
) -> Generation:
    """Streams the answer to standard output and, after it, its cost to standard error. `settings`
    are those of `LanguageModel.generate`. With `as_json` both come as one object, at the end. The
    file `prompt_cache` is read where there is one, and written."""
    if prompt_cache is not None and prompt_cache.exists():
        model.load_prompt_cache(prompt_cache)
    generation = model.generate(prompt, raw=True, **settings)
    if as_json:
        for _ in generation:
            pass
        print(_report(generation))
    else:
        stream_answer(model, generation)
        if statistics:
            ui.note(str(generation.statistics))
    if prompt_cache is not None:
        model.save_prompt_cache(prompt_cache)
    return generation


def stream_answer(model: LanguageModel, generation: Generation | BatchSequence) -> None:
    """Prints the answer as it comes, reasoning dimmed, and ends its line."""
    prompt = model.tokenizer.decode(generation.prompt[-_TAIL:], skip_special=False)
    parts = ReasoningParts(prompt)
    try:
        for piece in generation:
            for text, is_reasoning in parts.push(piece):
                ui.stream(text, dim=is_reasoning)
    finally:
        for text, is_reasoning in parts.finish():
            ui.stream(text, dim=is_reasoning)
        ui.stream("\n")


def fields(answer: Generation | BatchSequence) -> dict[str, Any]:
    """An answer as an object of JSON, without what it cost."""
    found: dict[str, Any] = {
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "tokens": answer.tokens,
        "prompt_tokens": len(answer.prompt),
    }
    if answer.logprobs:
        found["logprobs"] = [
            {"token": found.token, "logprob": found.logprob, "top": dict(found.top)}
            for found in answer.logprobs
        ]
    return found


def _report(generation: Generation) -> str:
    cost = generation.statistics
    report = fields(generation) | {
        "reused_tokens": cost.reused_tokens,
        "time_to_first_token_seconds": cost.time_to_first_token,
        "tokens_per_second": cost.tokens_per_second,
        "peak_memory_bytes": peak_memory(),
    }
    return json.dumps(report, indent=2)
