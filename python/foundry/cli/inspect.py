"""`foundry inspect`: what a GGUF file or a Hugging Face folder holds."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path

import numpy as np
from rich.table import Table

import foundry
from foundry import DType, GgufStrings
from foundry.cli import ui
from foundry.errors import ModelError
from foundry.huggingface import Folder, opened
from foundry.models import ARCHITECTURES, ModelConfig

_SHOWN = 60  # characters of one metadata value
_MOST_ELEMENTS = 64  # of an array in JSON


def show(path: Path, tensors: bool) -> None:
    """Prints metadata, tensor formats, and with `tensors` every tensor."""
    file = opened(path)
    kind = "a Hugging Face folder" if isinstance(file, Folder) else f"GGUF {file.version}"
    ui.say(ui.stdout, (_name(path), "bold"), f": {kind}, {_size(file.nbytes)}")

    if isinstance(file, foundry.Gguf) and len(file.paths) > 1:
        _show_parts(file)

    metadata = Table(box=None, show_header=False)
    for key, value in file.metadata.items():
        ui.add_row(metadata, key, _shorten(value))
    ui.stdout.print(metadata)

    _show_architecture(file.metadata.get("general.architecture"))
    _show_cache(file.metadata)

    formats: defaultdict[str, list[int]] = defaultdict(list)
    for tensor in file.tensors.values():
        formats[str(tensor.dtype)].append(tensor.nbytes)
    summary = Table(box=None, header_style="bold")
    for column in ("format", "tensors", "size"):
        summary.add_column(column, justify="left" if column == "format" else "right")
    for name, sizes in sorted(formats.items(), key=lambda item: -sum(item[1])):
        ui.add_row(summary, name, f"{len(sizes)}", _size(sum(sizes)))
    ui.stdout.print(summary)

    if tensors:
        table = Table(box=None, header_style="bold")
        for column in ("tensor", "shape", "format", "size"):
            table.add_column(column)
        for tensor in file.tensors.values():
            ui.add_row(
                table, tensor.name, str(tensor.shape), str(tensor.dtype), _size(tensor.nbytes)
            )
        ui.stdout.print(table)


def as_json(path: Path) -> str:
    """The same, whole: arrays of metadata by their length where they have more than 64 elements."""
    file = opened(path)
    report = {
        "name": _name(path),
        "bytes": file.nbytes,
        "metadata": {key: _plain(value) for key, value in file.metadata.items()},
        "tensors": [
            {
                "name": name,
                "shape": list(tensor.shape),
                "format": str(tensor.dtype),
                "bytes": tensor.nbytes,
            }
            for name, tensor in file.tensors.items()
        ],
    }
    return json.dumps(report, indent=2)


def _name(path: Path) -> str:
    """As the command line has it; in the hub's cache files are links, by other names."""
    return Path(os.path.abspath(path)).name


def _plain(value: object) -> object:
    """As JSON has it; text that is no UTF-8 with its bytes escaped."""
    if isinstance(value, GgufStrings | np.ndarray | list):
        if len(value) > _MOST_ELEMENTS:
            return {"elements": len(value)}
        return [
            _plain(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)
        ]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return value


def _show_architecture(name: object) -> None:
    """What the entry of the table says, but for what is as in most."""
    entry = ARCHITECTURES.get(name) if isinstance(name, str) else None
    if entry is None:
        supported = ", ".join(sorted(ARCHITECTURES))
        ui.say(ui.stdout, f"unsupported architecture {name!r}; supported: {supported}")
        return
    table = Table(box=None, show_header=False)
    for field in fields(entry):
        value = getattr(entry, field.name)
        if field.default is not MISSING and value == field.default:
            continue
        shown = value.value if isinstance(value, Enum) else value
        if isinstance(value, Mapping):
            shown = ", ".join(value)
        if shown or value is None:
            ui.add_row(table, f"architecture: {field.name}", str(shown))
    ui.stdout.print(table)


def _show_cache(metadata: Mapping[str, object]) -> None:
    """The memory of keys and values, of a file that says enough for it and of a model that keeps
    them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = ModelConfig.from_metadata(metadata)
    except ModelError:
        return
    if not config.causal:
        return
    each, windows = config.cache_elements
    kept = [layer.cache.attention for layer in config.of_layers if layer.cache.attention]
    dtypes = [
        dtype
        for dtype in (DType.f16, DType.q8_0, DType.q4_0)
        if not any(of.refusal(dtype) for of in kept)
    ]

    def sizes(elements: int) -> str:
        bytes_of = {d: elements // d.block_elements * d.block_bytes for d in dtypes}
        return ", ".join(f"{_size(count)} in {dtype.name}" for dtype, count in bytes_of.items())

    table = Table(box=None, show_header=False)
    ui.add_row(table, "cache: each token", sizes(each))
    if windows:
        ui.add_row(table, "cache: layers with windows", f"{sizes(windows)}, all together")
    ui.stdout.print(table)


def _show_parts(file: foundry.Gguf) -> None:
    parts = Table(box=None, header_style="bold")
    for column in ("part", "tensors", "size"):
        parts.add_column(column, justify="left" if column == "part" else "right")
    for number, path in enumerate(file.paths):
        sizes = [tensor.nbytes for tensor in file.tensors.values() if tensor.part == number]
        ui.add_row(parts, Path(path).name, f"{len(sizes)}", _size(sum(sizes)))
    ui.stdout.print(parts)


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 1024:.1f} KiB"


def _shorten(value: object) -> str:
    if isinstance(value, GgufStrings | np.ndarray) or (isinstance(value, list) and len(value) > 8):
        return f"{len(value)} values"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
