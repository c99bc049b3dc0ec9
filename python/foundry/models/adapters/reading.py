"""An adapter's file read: GGUF, or a folder of `peft`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import Gguf
from foundry.errors import ModelError, UnsupportedModelError
from foundry.generation.arguments import checked_number
from foundry.huggingface.adapters import LowRankUpdate, updates_of_folder
from foundry.huggingface.tensors import half_pairs
from foundry.metadata import shown
from foundry.models.adapters.adapter import Adapter
from foundry.models.architectures import ARCHITECTURES, Pairing
from foundry.models.config import ModelConfig

_PARTS = (".lora_a", ".lora_b")


def read(path: Path, scale: float, config: ModelConfig) -> Adapter:
    """`ModelError` and `UnsupportedModelError` name the adapter and what of it does not fit."""
    of_file = ARCHITECTURES[config.architecture.name].pairing
    is_turned = of_file is Pairing.NEIGHBOURS and config.architecture.pairing is Pairing.HALVES
    if path.is_dir():
        updates = updates_of_folder(
            path,
            config.architecture.name,
            config.layers,
            heads=config.attention.heads,
            kv_heads=config.attention.kv_heads,
            in_order=not is_turned,
        )
        return Adapter(path, scale, updates)
    updates = _updates_of_file(path, config)
    if is_turned:
        updates = {name: _turned(name, update, config) for name, update in updates.items()}
    return Adapter(path, scale, updates)


def _updates_of_file(path: Path, config: ModelConfig) -> dict[str, LowRankUpdate]:
    file = Gguf(path)
    alpha = _checked_metadata(path, file.metadata, config)
    values = _values(path)
    found: dict[str, LowRankUpdate] = {}
    for name in values:
        if not name.endswith(_PARTS):
            raise UnsupportedModelError(
                f"adapter {path}: unsupported tensor {shown(name)}; supported: pairs of "
                "NAME.lora_a and NAME.lora_b"
            )
        base = name[: -len(_PARTS[0])]
        if base in found:
            continue
        for part in _PARTS:
            if base + part not in values:
                raise ModelError(f"adapter {path}: tensor '{base}{part}' is missing")
        down, up = (values[base + part] for part in _PARTS)
        rank = up.shape[-1]
        found[base] = LowRankUpdate(down, up * np.float32(alpha / rank if alpha else 1.0))
    return found


def _checked_metadata(path: Path, metadata: Mapping[str, object], config: ModelConfig) -> float:
    """The file's alpha; 0 where it has none."""
    for key, wanted in (("general.type", "adapter"), ("adapter.type", "lora")):
        if metadata.get(key) != wanted:
            raise UnsupportedModelError(
                f"adapter {path}: unsupported {key} {shown(metadata.get(key))}; supported: "
                f"'{wanted}'"
            )
    architecture = metadata.get("general.architecture")
    if architecture != config.architecture.name:
        raise ModelError(
            f"adapter {path}: is for {shown(architecture)} models; the model is "
            f"'{config.architecture.name}'"
        )
    if "adapter.alora.invocation_tokens" in metadata:
        raise UnsupportedModelError(
            f"adapter {path}: unsupported adapter.alora.invocation_tokens; supported: adapters "
            "that count from the first token on"
        )
    return checked_number(metadata.get("adapter.lora.alpha", 0.0), f"adapter {path}: alpha")


def _values(path: Path) -> dict[str, NDArray[np.float32]]:
    import gguf

    return {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        .astype(np.float32)
        .reshape(tuple(int(extent) for extent in reversed(tensor.shape)))
        for tensor in gguf.GGUFReader(path).tensors
    }


def _turned(name: str, update: LowRankUpdate, config: ModelConfig) -> LowRankUpdate:
    heads = {"attn_q": config.attention.heads, "attn_k": config.attention.kv_heads}.get(
        name.split(".")[-2]
    )
    if heads is None or update.up.shape[0] % (2 * heads):
        return update
    return LowRankUpdate(update.down, half_pairs(update.up, heads))
