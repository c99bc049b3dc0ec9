"""Speculative decoding as options of a command, by llama.cpp's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import foundry
from foundry.cli import ui
from foundry.cli.options import option, stands_for

_GROUP = "Speculative decoding"
_OPTIONS = [
    option("model_draft", Path | None, None, "--model-draft", "-md", "--spec-draft-model",
           metavar="PATH", group=_GROUP, help="A smaller model that guesses; same vocabulary."),
    option("ngram", int | None, None, "--ngram", "--spec-ngram-simple-size-n", min=1, metavar="N",
           group=_GROUP, help="Guess what followed the last N tokens before."),
    option("draft_max", int | None, None, "--draft-max", "--spec-draft-n-max", metavar="N",
           group=_GROUP, help="Tokens that are guessed at most."),
    option("draft_min", int, 0, "--draft-min", "--spec-draft-n-min", metavar="N", group=_GROUP,
           help="Fewer are not tried."),
]  # fmt: skip


def takes_drafts() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command's `drafts` becomes these options; its value gives what `generate` takes of them,
    with the draft model loaded on the model's runtime."""
    return stands_for("drafts", _OPTIONS, _drafts)


@dataclass(frozen=True)
class Drafts:
    """How tokens are guessed, as the command line says it."""

    path: Path | None
    ngram: int | None
    most: int | None
    least: int

    def __call__(self, model: foundry.models.LanguageModel) -> dict[str, Any]:
        draft = None
        if self.path is not None:
            with ui.progress_bars() as report:
                draft = foundry.models.load(self.path, runtime=model.runtime, progress=report)
        return {
            "draft": draft,
            "ngram": self.ngram,
            "draft_tokens": self.most,
            "draft_min": self.least,
        }


def _drafts(given: dict[str, Any]) -> Drafts:
    names = ("model_draft", "ngram", "draft_max", "draft_min")
    return Drafts(*(given.pop(name) for name in names))
