"""The options of `foundry embed`, under llama-embedding's names."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer


class Pooling(enum.Enum):
    none = "none"
    mean = "mean"
    cls = "cls"
    last = "last"
    rank = "rank"


class Format(enum.Enum):
    raw = "raw"
    array = "array"
    json = "json"
    json_with_similarities = "json+"


Texts = Annotated[
    list[str] | None, typer.Argument(help="Texts; '-' reads them from standard input.")
]
TextsFile = Annotated[
    Path | None, typer.Option("--file", "-f", help="A file of texts, a line each.")
]
Separator = Annotated[
    str,
    typer.Option(
        "--embd-separator",
        help="Between the texts of a file. [default: newline]",
        show_default=False,
    ),
]
PoolingOption = Annotated[
    Pooling | None, typer.Option(help="Of a text's tokens. [default: the model's]")
]
Normalize = Annotated[
    int,
    typer.Option(
        "--embd-normalize",
        min=-1,
        help="-1: none, 0: to 16-bit integers, 1: taxicab, 2: Euclidean, more: p-norm.",
    ),
]
OutputFormat = Annotated[Format, typer.Option("--embd-output-format", help="What is printed.")]
ClsSeparator = Annotated[
    str,
    typer.Option(
        help="Between query and document, with --pooling rank. [default: tab]",
        show_default=False,
    ),
]
PromptName = Annotated[
    str | None, typer.Option(help="A prompt of the model's to put before each text.")
]
Truncate = Annotated[bool, typer.Option("--truncate", help="Leave out what is past the context.")]
