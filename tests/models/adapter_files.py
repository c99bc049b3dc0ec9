"""Adapters of random numbers for the writer's models, as GGUF files and as folders of `peft`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

Updates = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""By tensor: (rank, inputs) and (outputs, rank)."""


def shapes_of(model: Path) -> dict[str, tuple[int, ...]]:
    return {
        tensor.name: tuple(int(extent) for extent in reversed(tensor.shape))
        for tensor in gguf.GGUFReader(model).tensors
    }


def random_updates(model: Path, names: str, rank: int, seed: int = 5) -> Updates:
    """Of the layers' tensors and those outside of them that have one of these names."""
    random = np.random.default_rng(seed)
    found = {}
    for name, shape in shapes_of(model).items():
        if name.endswith(".weight") and name.split(".")[-2] in names.split():
            rows, columns = (1, *shape)[-2:]  # a vector is a matrix of one row
            down = random.standard_normal((rank, columns)) / np.sqrt(columns)
            up = random.standard_normal((rows, rank)) / np.sqrt(rank)
            found[name] = (down.astype(np.float32), up.astype(np.float32))
    return found


def write_gguf(
    path: Path,
    architecture: str,
    updates: Updates,
    alpha: float,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in {
        "general.type": "adapter",
        "adapter.type": "lora",
        **(metadata or {}),
    }.items():
        writer.add_string(key, value)
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, (down, up) in updates.items():
        writer.add_tensor(f"{name}.lora_a", down)
        writer.add_tensor(f"{name}.lora_b", up)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_folder(
    folder: Path, updates: Updates, alpha: float, rank: int, **configuration: Any
) -> Path:
    """`updates` are by module, "model.layers.0.self_attn.q_proj"."""
    folder.mkdir()
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps({**settings, **configuration}))
    tensors = {}
    for name, (down, up) in updates.items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = down
        tensors[f"base_model.model.{name}.lora_B.weight"] = up
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def merge(model: Path, merged: Path, updates: Updates, scale: float) -> Path:
    """The model's file with f32 weights that have the updates in them."""
    reader = gguf.GGUFReader(model)
    architecture = str(reader.fields["general.architecture"].contents())
    writer = gguf.GGUFWriter(merged, architecture)
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        writer.add_key_value(
            key, field.contents(), field.types[0], field.types[-1] if len(field.types) > 1 else None
        )
    for tensor in reader.tensors:
        values = np.array(tensor.data, np.float32)
        if tensor.name in updates:
            down, up = updates[tensor.name]
            values = (values + scale * up.astype(np.float64) @ down).astype(np.float32)
        writer.add_tensor(tensor.name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return merged
