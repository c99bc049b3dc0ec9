"""GGUF's tensors, made of a folder's: by name as they are, or changed as GGUF has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from foundry._foundry import DType
from foundry.errors import ModelError, UnsupportedModelError
from foundry.huggingface.configuration import head_counts, positions_before
from foundry.huggingface.delta_net import delta_recipes
from foundry.huggingface.derived import Stored
from foundry.huggingface.recipe import Change, Recipe, Values
from foundry.huggingface.table import FolderModel
from foundry.metadata import shown

_PASSED_OVER = re.compile(r".*(rotary_emb\.inv_freq|\.masked_bias|\.attn\.bias|\.attention\.bias)")
"""What follows from the configuration, or is a constant of the class."""
_FINAL = re.compile(r"(blk\.\d+|cls|dense_\d)\.")
"""Names of GGUF's that no class has."""
_ACTIVATION = re.compile(r"model\.layers\.(\d+)\.mlp\.act_fn\.(alpha_p|alpha_n|beta|eps)")
_EXPERT = re.compile(r"(.*\.experts)\.(\d+)\.(.+)")


def recipes(
    stored: Mapping[str, Stored],
    model: FolderModel,
    configuration: Mapping[str, Any],
    layers: int,
) -> dict[str, Recipe]:
    """By GGUF's names, which are those of the `gguf` package for the classes of `transformers`.
    `UnsupportedModelError` for a tensor that has none there."""
    names = tensor_names(model.architecture, layers)
    found = {}
    for name, parts in _joined(stored).items():
        if _PASSED_OVER.fullmatch(name):
            continue
        for pattern, replacement in model.renamed:
            name = re.sub(pattern, replacement, name)
        if model.passed_over and re.match(model.passed_over, name):
            continue
        is_final = _FINAL.match(name) is not None
        new = name if is_final else names.get_name(name, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise UnsupportedModelError(
                f"unsupported tensor {shown(parts[0].name)}; supported: those that the gguf "
                f"package names for {model.architecture}"
            )
        if not new.endswith((".weight", ".bias")):
            new += ".weight"
        if new == "output.weight" and configuration.get("tie_word_embeddings"):
            continue
        recipe = _recipe(new, parts, model, configuration)
        if model.delta_net is None:
            found[new] = recipe
        else:
            found |= {r.name: r for r in delta_recipes(recipe, configuration, model.delta_net)}
    return found


def learned_activations(stored: dict[str, Stored]) -> dict[str, list[float]]:
    """Takes the numbers of the layers' activations out, as GGUF's keys have them."""
    found: dict[str, dict[int, float]] = {}
    for name in list(stored):
        match = _ACTIVATION.fullmatch(name)
        if match is not None:
            values = stored.pop(name).values()
            found.setdefault(f"xielu.{match[2]}", {})[int(match[1])] = float(values.reshape(-1)[0])
    return {key: [layers[index] for index in sorted(layers)] for key, layers in found.items()}


def tensor_names(architecture: str, layers: int) -> Any:
    """The `gguf` package's table from the names of `transformers` to GGUF's."""
    import gguf

    kind = next(k for k, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    return gguf.get_tensor_name_map(kind, layers)


def row_changes(
    name: str, rows: int, model: FolderModel, heads: int, kv_heads: int, *, in_order: bool
) -> list[Change]:
    """What puts the rows of a matrix of GGUF's name in GGUF's order, from a folder's; without
    `in_order` all but the pairs of queries and keys."""
    part = name.split(".")[-2]
    if model.fused_by_head and part == "attn_qkv":
        if rows % (heads + 2 * kv_heads):
            raise ModelError(f"tensor {shown(name)}: {rows} rows for {heads} and {kv_heads} heads")
        return [_ByKind(heads, kv_heads)]
    if in_order and model.pairs_neighbours and part in ("attn_q", "attn_k"):
        own = heads if part == "attn_q" else kv_heads
        if rows % (2 * own):
            raise ModelError(f"tensor {shown(name)}: {rows} rows for {own} heads")
        return [_NeighbourPairs(own)]
    return []


def half_pairs(rows: Values, heads: int) -> Values:
    """Rows that GGUF has side by side as (i, i + n / 2) of each head."""
    pairs = rows.reshape(heads, len(rows) // heads // 2, 2, *rows.shape[1:])
    return np.asarray(pairs.swapaxes(1, 2).reshape(rows.shape))


def _joined(stored: Mapping[str, Stored]) -> dict[str, list[Stored]]:
    """By name, the number of an expert left out, which all of them share."""
    joined: dict[str, dict[int, Stored]] = {}
    for name, tensor in stored.items():
        expert = _EXPERT.fullmatch(name)
        key = name if expert is None else f"{expert[1]}.{expert[3]}"
        joined.setdefault(key, {})[int(expert[2]) if expert else 0] = tensor
    for name, parts in joined.items():
        if sorted(parts) != list(range(len(parts))):
            raise ModelError(f"tensor {shown(name)}: experts {sorted(parts)}; expected all of them")
        if len({(part.shape, part.dtype) for part in parts.values()}) > 1:
            raise ModelError(f"tensor {shown(name)}: its experts differ in shape or dtype")
    return {name: [parts[index] for index in sorted(parts)] for name, parts in joined.items()}


def _recipe(
    name: str, parts: list[Stored], model: FolderModel, configuration: Mapping[str, Any]
) -> Recipe:
    first = parts[0]
    shape, dtype, changes = first.shape, first.dtype, list[Change]()
    if _EXPERT.fullmatch(first.name):
        shape = (len(parts), *shape)
        changes.append(np.stack)
    part = name.split(".")[-2]
    if part in model.transposed and len(shape) == 2:
        shape = shape[::-1]
        changes.append(lambda found: found[0].T)
    if model.fused_by_head or model.pairs_neighbours:
        heads, kv_heads = head_counts(configuration, model)
        changes += row_changes(name, shape[0], model, heads, kv_heads, in_order=True)
    if part == "ffn_gate_inp_shexp":  # a row by itself, which GGUF has as a vector
        shape = shape[-1:]
        changes.append(lambda found: found[0].reshape(-1))
    if name == "position_embd.weight" and model.position_offset:
        first_row = positions_before(configuration)
        shape = (shape[0] - first_row, *shape[1:])
        changes.append(lambda found: found[0][first_row:])
    if name in ("position_embd.weight", "token_types.weight"):  # what is added in f32
        dtype = DType.f32
        changes.append(_widen)
    if len(shape) == 1 or name.endswith(".bias"):
        dtype = DType.f32
        changes.append(_add_one if model.norms_from_one and _is_norm(part) else _widen)
    change = _Chain(tuple(changes)) if changes else None
    return Recipe(name, shape, dtype, tuple(parts), change)


@dataclass(frozen=True)
class _Chain:
    changes: tuple[Change, ...]

    def __call__(self, found: list[Values]) -> Values:
        for change in self.changes:
            found = [change(found)]
        return found[0]


@dataclass(frozen=True)
class _NeighbourPairs:
    """Rows (i, i + n / 2) of each head side by side."""

    heads: int

    def __call__(self, found: list[Values]) -> Values:
        rows = found[0]
        halves = rows.reshape(self.heads, 2, len(rows) // self.heads // 2, *rows.shape[1:])
        return np.asarray(halves.swapaxes(1, 2).reshape(rows.shape))


@dataclass(frozen=True)
class _ByKind:
    """All queries' rows, then all keys', then all values'."""

    heads: int
    kv_heads: int

    def __call__(self, found: list[Values]) -> Values:
        rows = found[0]
        shared = self.heads // self.kv_heads + 2
        groups = rows.reshape(self.kv_heads, shared, -1, *rows.shape[1:])
        kinds = (groups[:, :-2], groups[:, -2], groups[:, -1])
        return np.concatenate([kind.reshape(-1, *rows.shape[1:]) for kind in kinds])


def _is_norm(part: str) -> bool:
    """One of those that a class may have as what is added to 1."""
    return "norm" in part and part != "ssm_norm"


def _widen(found: list[Values]) -> Values:
    return found[0].astype(np.float32)


def _add_one(found: list[Values]) -> Values:
    return np.asarray(found[0].astype(np.float32) + np.float32(1))
