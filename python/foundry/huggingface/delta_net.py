"""Delta nets of folders as GGUF has them: one kind after the other, where folders have each key
head's share of all, and for Qwen 3.5 heads of values in turns, where folders have those of one key
head side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType
from foundry.errors import ModelError, UnsupportedModelError
from foundry.huggingface.recipe import Recipe, Values
from foundry.huggingface.table import DeltaNet
from foundry.metadata import shown


def delta_metadata(
    configuration: Mapping[str, Any], kind: DeltaNet, rope: Mapping[str, Any]
) -> dict[str, Any]:
    """Under the architecture's prefix. What has heads in turns has sections of RoPE, too."""
    sizes = _Sizes.of(configuration)
    found: dict[str, Any] = {
        "ssm.conv_kernel": configuration.get("linear_conv_kernel_dim"),
        "ssm.state_size": sizes.key,
        "ssm.group_count": sizes.key_heads,
        "ssm.time_step_rank": sizes.heads,
        "ssm.inner_size": sizes.heads * sizes.value,
        "full_attention_interval": configuration.get("full_attention_interval"),
    }
    kinds = configuration.get("layer_types")
    if isinstance(kinds, list):
        found["attention.recurrent_layers"] = [name == "linear_attention" for name in kinds]
    if kind is DeltaNet.IN_TURNS:
        found["rope.dimension_sections"] = _sections(rope)
    return found


def delta_recipes(recipe: Recipe, configuration: Mapping[str, Any], kind: DeltaNet) -> list[Recipe]:
    """What GGUF has of a tensor of GGUF's name; most are as they are."""
    layer, _, part = recipe.name.removesuffix(".weight").rpartition(".")
    if recipe.name.endswith("ssm_dt.bias"):
        layer, part = recipe.name.removesuffix(".ssm_dt.bias"), "ssm_dt"
    sizes = _Sizes.of(configuration)
    if part == "ssm_in":
        return [
            _changed(recipe, f"{layer}.attn_qkv.weight", sizes.channels, _Split(sizes, False)),
            _changed(recipe, f"{layer}.attn_gate.weight", sizes.inner, _Split(sizes, True)),
        ]
    in_turns = kind is DeltaNet.IN_TURNS and sizes.heads > sizes.key_heads
    first, of_head = {
        "attn_qkv": (sizes.channels - sizes.inner, sizes.value),
        "attn_gate": (0, sizes.value),
        "ssm_conv1d": (sizes.channels - sizes.inner, sizes.value),
        "ssm_out": (0, sizes.value),
        **dict.fromkeys(("ssm_alpha", "ssm_beta", "ssm_a", "ssm_dt"), (0, 1)),
    }.get(part, (0, 0))
    if part == "ssm_conv1d":
        if len(recipe.shape) != 3 or recipe.shape[1] != 1:
            raise ModelError(
                f"tensor {shown(recipe.stored[0].name)} has shape {recipe.shape}; expected "
                f"({sizes.channels}, 1, taps)"
            )
        recipe = replace(
            recipe,
            shape=(recipe.shape[0], recipe.shape[2]),
            dtype=DType.f32,
            change=_Then(recipe, _without_middle),
        )
    elif part == "ssm_a":
        recipe = replace(recipe, name=f"{layer}.ssm_a", change=_Then(recipe, _decay))
    if of_head and in_turns:
        axis = 1 if part == "ssm_out" else 0
        if axis and recipe.dtype.is_block:
            raise UnsupportedModelError(
                f"unsupported format {recipe.dtype} of tensor {shown(recipe.stored[0].name)}, "
                f"whose columns are to be in another order; supported: f32, f16, bf16"
            )
        if len(recipe.shape) <= axis or recipe.shape[axis] != first + sizes.heads * of_head:
            raise ModelError(
                f"tensor {shown(recipe.stored[0].name)} has shape {recipe.shape}; expected "
                f"{first + sizes.heads * of_head} in dimension {axis}"
            )
        turns = _InTurns(sizes.key_heads, sizes.heads, of_head, first, axis)
        recipe = replace(recipe, change=_Then(recipe, turns))
    return [recipe]


@dataclass(frozen=True)
class _Sizes:
    key_heads: int
    heads: int
    key: int
    value: int

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> _Sizes:
        names = ("num_key_heads", "num_value_heads", "key_head_dim", "value_head_dim")

        def size(name: str) -> int:
            value = configuration.get(f"linear_{name}")
            if not isinstance(value, int) or value < 1:
                raise ModelError(f"config.json: linear_{name} is {shown(value)}; expected above 0")
            return value

        sizes = cls(*map(size, names))
        if sizes.heads % sizes.key_heads:
            raise ModelError(
                f"config.json: linear_num_value_heads is {sizes.heads}; expected a multiple of "
                f"{sizes.key_heads}, linear_num_key_heads"
            )
        return sizes

    @property
    def inner(self) -> int:
        return self.heads * self.value

    @property
    def channels(self) -> int:
        return 2 * self.key_heads * self.key + self.inner


def _changed(recipe: Recipe, name: str, rows: int, change: _Split) -> Recipe:
    return replace(recipe, name=name, shape=(rows, *recipe.shape[1:]), change=_Then(recipe, change))


@dataclass(frozen=True)
class _Then:
    """A change of what a recipe makes."""

    before: Recipe
    change: Any

    def __call__(self, found: list[Values]) -> Values:
        values = found[0] if self.before.change is None else self.before.change(found)
        return np.asarray(self.change(values))


@dataclass(frozen=True)
class _Split:
    """Of rows that each key head has its share of: queries, keys and values, or the gates."""

    sizes: _Sizes
    is_gate: bool

    def __call__(self, rows: NDArray[Any]) -> NDArray[Any]:
        s = self.sizes
        of_values = s.heads // s.key_heads * s.value
        if len(rows) != s.channels + s.inner:
            raise ModelError(
                f"a delta net's input has {len(rows)} rows; expected {s.channels + s.inner}"
            )
        shares = rows.reshape(s.key_heads, 2 * (s.key + of_values), *rows.shape[1:])
        ends = np.cumsum([0, s.key, s.key, of_values, of_values])
        kinds = [shares[:, first:end].reshape(-1, *rows.shape[1:]) for first, end in pairwise(ends)]
        return kinds[3] if self.is_gate else np.concatenate(kinds[:3])


@dataclass(frozen=True)
class _InTurns:
    """Heads of values, `of_head` elements of `axis` each from `first` on: the first of every key
    head, then the second of every."""

    key_heads: int
    heads: int
    of_head: int
    first: int
    axis: int

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        order = np.arange(self.heads * self.of_head).reshape(self.key_heads, -1, self.of_head)
        moved = self.first + order.swapaxes(0, 1).reshape(-1)
        return values.take(np.concatenate([np.arange(self.first), moved]), axis=self.axis)


def _without_middle(values: NDArray[Any]) -> NDArray[Any]:
    return values.reshape(values.shape[0], values.shape[-1]).astype(np.float32)


def _decay(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(-np.exp(values))


def _sections(parameters: Mapping[str, Any]) -> list[int]:
    """Of pairs that turn by time, height, width; the fourth is nothing's."""
    given = parameters.get("mrope_section", [11, 11, 10])
    if not isinstance(given, list) or not all(isinstance(part, int) for part in given):
        raise ModelError(f"config.json: mrope_section is {shown(given)}; expected integers")
    return [*given, *[0] * (4 - len(given))]
