"""`foundry bench`: prefill and decode speed of a model."""

from __future__ import annotations

import json
import statistics

from rich.table import Table

from foundry.cli import ui
from foundry.generation.statistics import Statistics, peak_memory
from foundry.models import LanguageModel


def measure(
    model: LanguageModel, prompt_tokens: int, max_tokens: int, repeat: int, as_json: bool
) -> None:
    """One run to warm up, then `repeat` runs; best and median, since machines are shared."""
    vocabulary = len(model.tokenizer)
    runs: list[Statistics] = []
    for run in range(repeat + 1):
        # Ordinary text tokens, another prompt for each run, so that no prefix is reused.
        prompt = [
            (1000 + 7 * position + 911 * run) % vocabulary for position in range(prompt_tokens)
        ]
        generation = model.generate(prompt, max_tokens=max_tokens, ignore_end=True)
        for _ in generation:
            pass
        if run > 0:
            runs.append(generation.statistics)

    figures = {
        "prefill tokens/s": [run.prompt_tokens_per_second for run in runs],
        "decode tokens/s": [run.tokens_per_second for run in runs],
        "time to first token, ms": [run.time_to_first_token * 1000 for run in runs],
    }
    best = {name: (min if name.endswith("ms") else max)(values) for name, values in figures.items()}
    if as_json:
        report = {
            "model": model.name,
            "device": model.runtime.device.name,
            "prompt_tokens": prompt_tokens,
            "max_tokens": max_tokens,
            "dispatches_per_token": runs[-1].dispatches_per_token,
            "peak_memory": peak_memory(),
            "runs": figures,
        }
        print(json.dumps(report, indent=2))
        return
    table = Table(
        title=ui.text(f"{model.name} on {model.runtime.device.name}"), box=None, title_style="bold"
    )
    for column in ("", "best", "median"):
        table.add_column(column, justify="left" if not column else "right")
    for name, values in figures.items():
        ui.add_row(table, name, f"{best[name]:.1f}", f"{statistics.median(values):.1f}")
    ui.add_row(table, "dispatches per token", f"{runs[-1].dispatches_per_token:.0f}", "")
    ui.add_row(table, "peak memory, MiB", f"{peak_memory() / 2**20:.0f}", "")
    ui.stdout.print(table)
