"""`foundry generate`: one answer, streamed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from foundry.cli import ui
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingParameters
from foundry.models import Generation, Llama


def answer(
    model: Llama,
    prompt: str | Sequence[Message],
    *,
    max_tokens: int,
    sampling: SamplingParameters,
    seed: int | None = None,
    stop: Sequence[str] = (),
    statistics: bool = True,
) -> Generation:
    """Streams the answer to standard output and, after it, its cost to standard error.

    Ctrl-C ends the answer, not the program.
    """
    generation = model.generate(
        prompt, max_tokens=max_tokens, sampling=sampling, seed=seed, stop=stop
    )
    try:
        for piece in generation:
            sys.stdout.write(piece)
            sys.stdout.flush()
    except KeyboardInterrupt:
        ui.stderr.print("[dim] (interrupted)[/]", end="")
    sys.stdout.write("\n")
    sys.stdout.flush()
    if statistics:
        ui.stderr.print(f"[dim]{generation.statistics}[/]", soft_wrap=True)
    return generation
