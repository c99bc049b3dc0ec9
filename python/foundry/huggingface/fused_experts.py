"""Experts of a layer in one tensor, whose gate and up alternate row by row, as gpt-oss has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from foundry.errors import ModelError
from foundry.huggingface.derived import DerivedTensor, Stored, Values
from foundry.metadata import shown

_EXPERTS = re.compile(r"(.*\.experts)\.(gate_up|down)_proj(\.weight|_bias)?")

_PARTS = {
    "gate_up": {"gate": slice(0, None, 2), "up": slice(1, None, 2)},
    "down": {"down": slice(None)},
}


def split_experts(stored: Mapping[str, Stored]) -> dict[str, Stored]:
    """The tensors with `gate_proj`, `up_proj` and `down_proj` of experts, each with its rows first:
    quantised ones have them so, others are stored (experts, inputs, outputs)."""
    found: dict[str, Stored] = {}
    for name, tensor in stored.items():
        match = _EXPERTS.fullmatch(name)
        if match is None:
            found[name] = tensor
            continue
        experts, kind, end = match.groups()
        place = "bias" if end == "_bias" else "weight"
        parts = (
            {"down": slice(None)}
            if kind == "down"
            else {"gate": slice(0, None, 2), "up": slice(1, None, 2)}
        )
        for part, rows in parts.items():
            new = f"{experts}.{part}_proj.{place}"
            found[new] = _rows(new, tensor, rows, turned=end is None)
    return found


def _rows(name: str, tensor: Stored, rows: slice, *, turned: bool) -> DerivedTensor:
    if len(tensor.shape) < 2 + turned:
        raise ModelError(f"tensor {shown(tensor.name)} has shape {tensor.shape}; expected experts'")
    count, *rest = tensor.shape
    if turned:
        rest = rest[::-1]
    shape = (count, len(range(rest[0])[rows]), *rest[1:])

    def make(values: Values) -> Values:
        return np.asarray((values.swapaxes(1, 2) if turned else values)[:, rows])

    return DerivedTensor(name, shape, tensor.dtype, (tensor,), make)
