"""Adapters (LoRA) as options of a command, as llama.cpp has them."""

from __future__ import annotations

from foundry.cli.options import option
from foundry.errors import ArgumentError

_GROUP = "Model"
OPTIONS = [
    option("lora", list[str] | None, None, "--lora", metavar="PATH", group=_GROUP,
           help="An adapter: a GGUF file or a folder of peft; may be repeated."),
    option("lora_scaled", list[str] | None, None, "--lora-scaled", metavar="PATH:SCALE",
           group=_GROUP, help="An adapter times a scale; may be repeated."),
]  # fmt: skip


def adapters_of(lora: list[str] | None, lora_scaled: list[str] | None) -> list[tuple[str, float]]:
    """Paths and scales; several may stand between commas."""
    found = [(path, 1.0) for text in lora or () for path in text.split(",")]
    for item in (item for text in lora_scaled or () for item in text.split(",")):
        path, _, scale = item.rpartition(":")
        try:
            found.append((path, float(scale)))
        except ValueError:
            path = ""
        if not path:
            raise ArgumentError(
                f"--lora-scaled: unsupported {item!r}; supported: PATH:SCALE, such as a.gguf:0.5"
            )
    return found
