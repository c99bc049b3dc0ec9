"""`foundry chat`: a conversation."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from foundry.cli import ui
from foundry.cli.chat_commands import Conversation, Next, run_command
from foundry.cli.chat_input import reader
from foundry.cli.generate import stream_answer
from foundry.errors import ArgumentError, ArgumentTypeError, ChatTemplateError, ContextLengthError
from foundry.generation.arguments import checked_text
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingParameters
from foundry.models import LanguageModel


@dataclass
class Drawing:
    """How answers are drawn."""

    max_tokens: int
    sampling: SamplingParameters
    seed: int | None
    regenerated: int = 0
    """Answers that were asked for again, which a seed must not repeat."""


def converse(
    model: LanguageModel, system: str | None, drawing: Drawing, *, shows_timings: bool = False
) -> None:
    """Reads turns until the user leaves; a chat that fills the context has to be cleared."""
    if not model.chat_templates:
        raise ChatTemplateError(
            f"{model.name}: the file has no chat template; use `generate --raw`"
        )
    conversation = Conversation(system, shows_timings=shows_timings)
    ui.say(ui.stderr, (model.name, "bold"), f" on {model.runtime.device.name}")
    read = reader()
    interrupted = False
    while True:
        try:
            text = read().strip()
        except EOFError:
            ui.stream("\n")
            return
        except KeyboardInterrupt:
            if interrupted or not sys.stdin.isatty():
                raise
            ui.note("Ctrl-C once more, /exit or Ctrl-D leaves.")
            interrupted = True
            continue
        interrupted = False
        try:
            step = run_command(conversation, text) if text else Next.READ
            if step is Next.LEAVE:
                return
            if step is Next.READ:
                continue
            if step is None:
                content = checked_text(text, "your turn")
                asked = [*conversation.turns, {"role": "user", "content": content}]
            else:
                asked = conversation.asked()
                drawing.regenerated += 1
            interrupted = not _answer(model, conversation, asked, drawing)
        except ContextLengthError as error:
            ui.warn(f"{error}. /clear starts over, /undo takes the last question back.")
        except (ArgumentError, ArgumentTypeError, ChatTemplateError) as error:
            ui.warn(f"{error}")


def _answer(
    model: LanguageModel, conversation: Conversation, asked: list[Message], drawing: Drawing
) -> bool:
    """Answers and remembers it, as far as Ctrl-C lets it; whether it came to its end."""
    seed = None if drawing.seed is None else drawing.seed + drawing.regenerated
    generation = model.generate(
        conversation.messages(asked),
        max_tokens=drawing.max_tokens,
        sampling=drawing.sampling,
        seed=seed,
    )
    finished = True
    try:
        stream_answer(model, generation)
    except KeyboardInterrupt:
        finished = False
        ui.note("(stopped)" if generation.text else "(stopped; this turn is forgotten)")
    if finished or generation.text:
        conversation.turns = [*asked, {"role": "assistant", "content": generation.text}]
    if finished and conversation.shows_timings:
        ui.note(str(generation.statistics))
    return finished
