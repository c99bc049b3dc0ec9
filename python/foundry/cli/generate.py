"""`foundry generate`: one answer, streamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foundry.cli import ui
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingParameters
from foundry.models import Generation, LanguageModel


def answer(
    model: LanguageModel,
    prompt: str | Sequence[Message],
    *,
    max_tokens: int,
    sampling: SamplingParameters,
    seed: int | None = None,
    stop: Sequence[str] = (),
    form: Mapping[str, Any] | None = None,
    statistics: bool = True,
) -> Generation:
    """Streams the answer to standard output and, after it, its cost to standard error. `form` is
    what it is held to, as `generate` takes it."""
    generation = model.generate(
        prompt,
        max_tokens=max_tokens,
        sampling=sampling,
        seed=seed,
        stop=stop,
        raw=True,
        **(form or {}),
    )
    try:
        for piece in generation:
            ui.stream(piece)
    finally:
        ui.stream("\n")
    if statistics:
        ui.say(ui.stderr, (str(generation.statistics), "dim"))
    return generation
