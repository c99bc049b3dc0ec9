"""`foundry generate` with several prompts: their answers, several at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import foundry
from foundry.cli import terminal, ui
from foundry.cli.generate import fields, stream_answer
from foundry.generation.messages import Message
from foundry.generation.statistics import peak_memory
from foundry.models import BatchSequence, LanguageModel

_HEADING = 60
"""Characters of a prompt that tell it from the others."""

Found = BatchSequence | foundry.Error


def read_prompts(path: Path) -> list[str]:
    """Those of a file, '-' for standard input: one a line, or JSON lines with a `prompt`, which
    the first line's brace tells."""
    name = "standard input" if path == Path("-") else str(path)
    text = ui.read_input() if path == Path("-") else ui.read_text(path)
    lines = text.removesuffix("\n").split("\n") if text else []
    if not lines:
        raise foundry.ArgumentError(f"{name}: no prompts; expected one a line")
    if not lines[0].startswith("{"):
        return lines
    return [_prompt_of(line, f"{name}: line {number}") for number, line in enumerate(lines, 1)]


def _prompt_of(line: str, where: str) -> str:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise foundry.ArgumentError(f"{where} is no JSON: {error}") from error
    prompt = found.get("prompt") if isinstance(found, dict) else None
    if not isinstance(prompt, str):
        raise foundry.ArgumentError(f'{where}: expected {{"prompt": TEXT}}, found {line[:60]!r}')
    return prompt


def answer_many(
    model: LanguageModel,
    texts: Sequence[str],
    prompts: Sequence[str | Sequence[int] | Sequence[Message]],
    *,
    parallel: int,
    statistics: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Prints the answers to `prompts`, which `texts` are the words of, in their order, `parallel`
    at a time. `settings` are those of `Batch.answers`. A prompt that fails is told, the others are
    answered, and the command leaves with status 1."""
    begin, tokens = time.perf_counter(), 0
    shown, failed = 0, 0
    ended: dict[int, Found] = {}

    def show(index: int) -> None:
        found = ended.pop(index)
        if as_json:
            print(_line(index, found), flush=True)
        elif isinstance(found, BatchSequence):
            heading = texts[index].partition("\n")[0][:_HEADING]
            ui.stream(f"==> {index + 1} of {len(texts)}: {heading} <==\n")
            stream_answer(model, found)
        if isinstance(found, foundry.Error):
            ui.say(
                ui.stderr,
                (f"prompt {index + 1} of {len(texts)}", "bold red"),
                f": {_told(found)}",
                lines=True,
            )

    with _progress(len(texts)) as progress, model.batch(min(parallel, len(texts))) as batch:
        (task,) = progress.task_ids
        try:
            for index, found in batch.answers(prompts, raw=True, **settings):
                ended[index] = found
                failed += isinstance(found, foundry.Error)
                tokens += len(found.tokens) if isinstance(found, BatchSequence) else 0
                progress.update(task, advance=1, tokens=tokens)
                if shown in ended:
                    progress.stop()  # its line would be in the way
                while shown in ended:
                    show(shown)
                    shown += 1
                if shown < len(texts):
                    progress.start()
        finally:
            progress.stop()
            for index in sorted(ended):  # whole, though one before them is not
                show(index)
    if statistics:
        seconds = time.perf_counter() - begin
        ui.note(
            f"answers {len(texts) - failed}, tokens {tokens}, tokens per second of all "
            f"{tokens / seconds:.1f}, peak memory {peak_memory() / 2**20:.0f} MiB"
        )
    if failed:
        raise terminal.Leave(1)


def _told(error: foundry.Error) -> str:
    return f"{type(error).__name__}: {error}"


def _line(index: int, found: Found) -> str:
    of_it = {"error": _told(found)} if isinstance(found, foundry.Error) else fields(found)
    return json.dumps({"index": index, **of_it})


def _progress(prompts: int) -> Progress:
    """Prompts and tokens that are done, where standard error is a terminal."""
    progress = Progress(
        TextColumn("{task.completed:.0f}/{task.total:.0f} answers, {task.fields[tokens]} tokens"),
        BarColumn(),
        TimeElapsedColumn(),
        console=ui.stderr,
        transient=True,
        redirect_stdout=False,
        disable=not ui.stderr.is_terminal,
    )
    progress.add_task("answers", total=prompts, tokens=0)
    return progress
