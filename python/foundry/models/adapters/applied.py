"""Adapters beside a model's weights, which stay as and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from foundry._foundry import Foundry
from foundry.errors import ModelError
from foundry.models.adapters.adapter import Adapter
from foundry.models.adapters.updates import Part, Updates, fused
from foundry.models.config import ModelConfig
from foundry.models.latents import LatentWeights
from foundry.models.recurrent_weights import DeltaNetWeights, Mamba2Weights, RecurrentWeights
from foundry.models.tensors import TensorEntry
from foundry.models.weights import (
    AttentionWeights,
    Beside,
    Dense,
    Experts,
    LayerInput,
    LayerWeights,
    ModelWeights,
)

if TYPE_CHECKING:
    from foundry.huggingface.adapters import LowRankUpdate

_Tensors = Mapping[str, TensorEntry]


def apply(
    weights: ModelWeights,
    config: ModelConfig,
    tensors: _Tensors,
    adapters: Sequence[Adapter],
    runtime: Foundry,
) -> ModelWeights:
    """The weights with what the adapters add; `tensors` are the model file's.

    `ModelError` for an update of a tensor that the model has not, or of another shape,
    `UnsupportedModelError` for one that nothing is added to, a `ModelWarning` for those of tensors
    that the model does not use.
    """
    for adapter in adapters:
        for name, update in adapter.updates.items():
            _check(adapter, name, update, tensors.get(name))
    updates, inputs = Updates(adapters, runtime), weights.layer_inputs
    if inputs is not None:
        projection = updates.product("per_layer_model_proj", inputs.projection)
        inputs = replace(inputs, projection=projection)
    applied = replace(
        weights,
        layers=tuple(
            _layer(updates, tensors, f"blk.{index}.", layer)
            for index, layer in enumerate(weights.layers)
        ),
        output=updates.product("output", weights.output),
        layer_inputs=inputs,
    )
    for index in range(config.layers, config.layers + config.appended):
        updates.pass_over(name for name in tensors if name.startswith(f"blk.{index}."))
    updates.check_all_taken()
    return applied


def _check(adapter: Adapter, name: str, update: LowRankUpdate, found: TensorEntry | None) -> None:
    down, up = update.down.shape, update.up.shape
    if found is None:
        raise ModelError(
            f"adapter {adapter.path}: has an update of '{name}', a tensor that the model has not"
        )
    if len(down) != 2 or len(up) != 2 or len(found.shape) > 2:
        return  # refused below, by its name
    # A vector is a matrix of one row.
    if (up[0], down[1]) != (1, *found.shape)[-2:] or down[0] != up[1]:
        raise ModelError(
            f"adapter {adapter.path}: '{name}' has shapes {up} and {down}; the model's tensor has "
            f"{found.shape}"
        )


def _layer(updates: Updates, tensors: _Tensors, prefix: str, layer: LayerWeights) -> LayerWeights:
    own, output, brought = layer.attention, layer.attention_output, layer.input
    if isinstance(own, AttentionWeights):
        own = _attention(updates, tensors, prefix, own)
    elif own is not None:
        own = _latents(updates, prefix, own)
    recurrent = layer.recurrent
    return replace(
        layer,
        attention=own,
        recurrent=None if recurrent is None else _recurrent(updates, prefix, recurrent),
        attention_output=None
        if output is None
        else updates.product(f"{prefix}attn_output", output),
        feed_forward=_feed_forward(updates, tensors, prefix, layer.feed_forward),
        input=None if brought is None else _layer_input(updates, prefix, brought),
    )


def _attention(
    updates: Updates, tensors: _Tensors, prefix: str, own: AttentionWeights
) -> AttentionWeights:
    products = [own.query]
    if own.key is not None and own.value is not None:
        products += [own.key, own.value]
    name = f"{prefix}attn_qkv"
    if f"{name}.weight" in tensors:
        parts = fused(name, products)
    else:
        names = [f"{prefix}attn_{part}" for part in "qkv"]
        if len(products) == 1:
            updates.pass_over(f"{name}.weight" for name in names[1:])
        if f"{names[2]}.weight" not in tensors:
            names[2] = names[1]  # values are what keys are
        parts = [Part(*part) for part in zip(names, products, strict=False)]
    low_rank = updates.of(parts)
    if len(products) == 1:
        return replace(own, query=replace(own.query, low_rank=low_rank))
    return replace(own, low_rank=low_rank)


def _latents(updates: Updates, prefix: str, own: LatentWeights) -> LatentWeights:
    """But for the products from a latent to keys and values, which are not made: queries and
    results are multiplied with their matrices."""
    latent, query = Part(f"{prefix}attn_kv_a_mqa", own.latent), own.query
    if own.query_latent is None:
        first = Part(f"{prefix}attn_q", query)
    else:
        first = Part(f"{prefix}attn_q_a", own.query_latent)
        query = updates.product(f"{prefix}attn_q_b", query)
    return replace(own, query=query, low_rank=updates.of([first, latent]))


def _recurrent(updates: Updates, prefix: str, own: RecurrentWeights) -> RecurrentWeights:
    if isinstance(own, DeltaNetWeights):
        rates = ["ssm_ba"] if len(own.rates) == 1 else ["ssm_beta", "ssm_alpha"]
        products = zip(
            ["attn_qkv", "attn_gate", *rates], [own.input, own.gate, *own.rates], strict=True
        )
        return replace(
            own,
            low_rank=updates.of([Part(f"{prefix}{name}", product) for name, product in products]),
            output=updates.product(f"{prefix}ssm_out", own.output),
        )
    is_scan = isinstance(own, Mamba2Weights)
    names = ("ssm_in", "ssm_out") if is_scan else ("shortconv.in_proj", "shortconv.out_proj")
    return replace(
        own,
        input=updates.product(f"{prefix}{names[0]}", own.input),
        output=updates.product(f"{prefix}{names[1]}", own.output),
    )


def _feed_forward(
    updates: Updates, tensors: _Tensors, prefix: str, mlp: Dense | Experts | Beside | None
) -> Dense | Experts | Beside | None:
    if mlp is None:
        return None
    if isinstance(mlp, Beside):
        return replace(
            mlp,
            dense=_dense(updates, tensors, prefix, mlp.dense),
            experts=_experts(updates, tensors, prefix, mlp.experts),
        )
    if isinstance(mlp, Experts):
        return _experts(updates, tensors, prefix, mlp)
    return _dense(updates, tensors, prefix, mlp)


def _dense(updates: Updates, tensors: _Tensors, prefix: str, mlp: Dense, kind: str = "") -> Dense:
    gate, up = f"{prefix}ffn_gate{kind}", f"{prefix}ffn_up{kind}"
    if mlp.gate is None:
        parts = [Part(up, mlp.up)]
    elif f"{gate}.weight" in tensors:
        parts = [Part(gate, mlp.gate), Part(up, mlp.up)]
    else:
        parts = fused(up, [mlp.gate, mlp.up])
    return replace(
        mlp,
        low_rank=updates.of(parts),
        down=updates.product(f"{prefix}ffn_down{kind}", mlp.down),
    )


def _experts(updates: Updates, tensors: _Tensors, prefix: str, experts: Experts) -> Experts:
    """What every token takes of them."""
    shared, share = experts.shared, experts.shared_share
    return replace(
        experts,
        router=updates.product(f"{prefix}ffn_gate_inp", experts.router),
        shared=None if shared is None else _dense(updates, tensors, prefix, shared, "_shexp"),
        shared_share=None
        if share is None
        else updates.product(f"{prefix}ffn_gate_inp_shexp", share),
    )


def _layer_input(updates: Updates, prefix: str, brought: LayerInput) -> LayerInput:
    return replace(
        brought,
        gate=updates.product(f"{prefix}inp_gate", brought.gate),
        projection=updates.product(f"{prefix}proj", brought.projection),
    )
