"""`foundry chat`: a conversation."""

from __future__ import annotations

from foundry.cli import ui
from foundry.cli.generate import answer
from foundry.errors import ArgumentError, ChatTemplateError, ContextLengthError
from foundry.generation.arguments import checked_text
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingParameters
from foundry.models import LanguageModel

_HELP = "/reset starts over, /quit or Ctrl-D leaves, Ctrl-C stops an answer."


def converse(
    model: LanguageModel,
    system: str | None,
    max_tokens: int,
    sampling: SamplingParameters,
    seed: int | None,
) -> None:
    """Reads turns until the user leaves; a chat that fills the context has to be reset."""
    if not model.chat_templates:
        raise ChatTemplateError(
            f"{model.name}: the file has no chat template; use `generate --raw`"
        )
    opening: list[Message] = [] if system is None else [{"role": "system", "content": system}]
    history = list(opening)
    ui.say(ui.stderr, (model.name, "bold"), f". {_HELP}")
    while True:
        try:
            text = ui.stdout.input(ui.text(("> ", "bold green"))).strip()
        except EOFError:
            ui.stream("\n")
            return
        if text in ("/quit", "/exit"):
            return
        if text == "/reset":
            history = list(opening)
            continue
        if not text:
            continue
        try:
            turns = [*history, {"role": "user", "content": checked_text(text, "your turn")}]
            generation = answer(model, turns, max_tokens=max_tokens, sampling=sampling, seed=seed)
        except (ArgumentError, ContextLengthError) as error:
            ui.say(ui.stderr, (f"{error}. /reset starts over.", "yellow"))
            continue
        except KeyboardInterrupt:
            ui.say(ui.stderr, (" (interrupted; this turn is forgotten)", "dim"))
            continue
        history = [*turns, {"role": "assistant", "content": generation.text}]
