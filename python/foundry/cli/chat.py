"""`foundry chat`: a conversation."""

from __future__ import annotations

from foundry.cli import ui
from foundry.cli.generate import answer
from foundry.errors import ChatTemplateError, ContextLengthError
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingParameters
from foundry.models import Llama

_HELP = "/reset starts over, /quit or Ctrl-D leaves, Ctrl-C stops an answer."


def converse(
    model: Llama,
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
    ui.stderr.print(f"[bold]{model.name}[/]. {_HELP}")
    while True:
        try:
            text = ui.stdout.input("[bold green]> [/]").strip()
        except (EOFError, KeyboardInterrupt):
            ui.stdout.print()
            return
        if text in ("/quit", "/exit"):
            return
        if text == "/reset":
            history = list(opening)
            continue
        if not text:
            continue
        history.append({"role": "user", "content": text})
        try:
            generation = answer(model, history, max_tokens=max_tokens, sampling=sampling, seed=seed)
        except ContextLengthError as error:
            history.pop()
            ui.stderr.print(f"[yellow]{error}. /reset starts over.[/]")
            continue
        history.append({"role": "assistant", "content": generation.text})
