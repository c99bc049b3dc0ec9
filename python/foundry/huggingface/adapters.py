"""Folders as the `peft` package saves adapters of low rank, by GGUF's names of what they change."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ModelError, UnsupportedModelError
from foundry.huggingface.table import MODELS
from foundry.huggingface.tensors import row_changes, tensor_names
from foundry.huggingface.weights import json_object, tensors_of
from foundry.metadata import shown

_CONFIGURATION, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_TENSOR = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.default)?\.weight")
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": (None, "none"),
    "use_dora": (None, False),
    "use_qalora": (None, False),
    "lora_bias": (None, False),
    "modules_to_save": (None, []),
    "layer_replication": (None, []),
    "target_parameters": (None, []),
    "trainable_token_indices": (None, [], {}),
    "alora_invocation_tokens": (None, []),
}
"""Settings that would compute something else, and their values that do not."""


@dataclass(frozen=True)
class LowRankUpdate:
    """`up @ down` is added to a matrix (outputs, inputs)."""

    down: NDArray[np.float32]
    """(rank, inputs)."""
    up: NDArray[np.float32]
    """(outputs, rank), with the adapter's own scale."""


def updates_of_folder(
    folder: Path,
    architecture: str,
    layers: int,
    *,
    heads: int,
    kv_heads: int,
    in_order: bool,
) -> dict[str, LowRankUpdate]:
    """By GGUF's names. `in_order` puts the rows of queries and keys where GGUF has them."""
    configuration = json_object(folder / _CONFIGURATION)
    for name, neutral in _NEUTRAL.items():
        if configuration.get(name) not in neutral:
            raise UnsupportedModelError(
                f"adapter {folder}: unsupported {name} {shown(configuration.get(name))}; "
                f"supported: {neutral[-1]!r}"
            )
    model = next((m for m in MODELS.values() if m.architecture == architecture), None)
    if model is None:
        known = sorted({m.architecture for m in MODELS.values()})
        raise UnsupportedModelError(
            f"adapter {folder}: unsupported folder for a model of {architecture}; supported: "
            f"{', '.join(known)}, and adapters as GGUF files"
        )
    if not (folder / _WEIGHTS).exists():
        raise ModelError(f"adapter {folder}: there is no {_WEIGHTS}")
    names = tensor_names(architecture, layers)
    found = {}
    for module, parts in _pairs(folder).items():
        name = names.get_name(f"{module}.weight", try_suffixes=(".weight",))
        if ".experts." in module:
            raise UnsupportedModelError(
                f"adapter {folder}: unsupported module {shown(module)}; supported: those that "
                "every token takes"
            )
        if model.delta_net is not None and ".linear_attn." in module:
            raise UnsupportedModelError(
                f"adapter {folder}: unsupported module {shown(module)}, whose rows GGUF has in "
                "another order; supported: adapters as GGUF files, and attention and MLPs of "
                "folders"
            )
        if name is None:
            raise ModelError(
                f"adapter {folder}: {shown(module)} is no module of a {architecture} model of "
                f"{layers} layers"
            )
        down, up = parts["A"], parts["B"]
        up = up * np.float32(_scale(configuration, module, folder, down.shape[0]))
        for change in row_changes(name, up.shape[0], model, heads, kv_heads, in_order=in_order):
            up = change([up])
        found[name] = LowRankUpdate(down, up)
    return found


def _pairs(folder: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """By module."""
    modules: dict[str, dict[str, NDArray[np.float32]]] = {}
    for name, tensor in tensors_of(folder / _WEIGHTS).items():
        match = _TENSOR.fullmatch(name)
        if match is None or len(tensor.shape) != 2:
            raise UnsupportedModelError(
                f"adapter {folder}: unsupported tensor {shown(name)} of shape {tensor.shape}; "
                "supported: matrices MODULE.lora_A.weight and MODULE.lora_B.weight"
            )
        modules.setdefault(match[1], {})[match[2]] = tensor.values().astype(np.float32)
    for module, parts in modules.items():
        for part in "AB":
            if part not in parts:
                raise ModelError(f"adapter {folder}: tensor '{module}.lora_{part}' is missing")
    return modules


def _scale(configuration: Mapping[str, Any], module: str, folder: Path, rank: int) -> float:
    """What the product is multiplied with."""
    alpha = configuration.get("lora_alpha", 8)
    for pattern, own in (configuration.get("alpha_pattern") or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            alpha = own
            break
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not math.isfinite(alpha):
        raise ModelError(f"adapter {folder}: lora_alpha is {shown(alpha)}; expected a number")
    return alpha / (math.sqrt(rank) if configuration.get("use_rslora") else rank)
