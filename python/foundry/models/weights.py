"""The weights of a model, as its architecture names them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from foundry._foundry import Foundry, Tensor
from foundry.models.architectures import HeadNorm, Norms
from foundry.models.config import ModelConfig
from foundry.models.experts_config import ExpertsConfig
from foundry.models.latents import LatentWeights, bind_latents
from foundry.models.layer_config import LayerConfig
from foundry.models.products import LowRank, Norm, Product, bind_product, rows_of
from foundry.models.recurrent_weights import RecurrentWeights, bind_recurrent
from foundry.models.tensors import TensorSource

_LENGTHS = ("short", "long")


@dataclass(frozen=True)
class Dense:
    """An MLP; without a gate the activation is of `up`."""

    gate: Product | None
    up: Product
    down: Product
    low_rank: LowRank | None = None
    """Of gate and up."""


@dataclass(frozen=True)
class Experts:
    """MLPs side by side, (experts, outputs, inputs), and a router, (experts, hidden)."""

    router: Product
    gate: Product | None
    """Without one the activation is of `up`."""
    up: Product
    down: Product
    shared: Dense | None
    """The one that every token takes."""
    shared_share: Product | None
    """(1, hidden): through a sigmoid it is its share."""
    choice_bias: Tensor | None
    """(experts,): added to what they are chosen by."""


@dataclass(frozen=True)
class Beside:
    """An MLP and experts beside each other, with norms of their own (Gemma 4)."""

    dense: Dense
    dense_after: Norm
    experts: Experts
    router_norm: Norm
    """Of the router's input, which is divided by the root of its length besides."""
    experts_before: Norm
    experts_after: Norm
    scales: Tensor | None
    """(experts,): what their results are multiplied by."""


@dataclass(frozen=True)
class AttentionWeights:
    """Products of the hidden state that attend to each other."""

    query: Product
    key: Product | None
    value: Product | None
    """None where the layer attends to another's keys and values."""
    query_norm: Tensor | None
    key_norm: Tensor | None
    sinks: Tensor | None
    """(heads,): what is in the denominator of a head's softmax besides the scores."""
    low_rank: LowRank | None = None
    """Of queries, keys and values."""


@dataclass(frozen=True)
class LayerInput:
    """How what a token brings to a layer is added: times the gate's activations, projected,
    normalised."""

    gate: Product
    projection: Product
    norm: Norm


@dataclass(frozen=True)
class LayerInputs:
    """What a token brings to all layers: rows of a table, and a product of the embedding, of which
    each layer's part is normalised."""

    table: Tensor
    """(vocabulary, layers * layer input)."""
    projection: Product
    norm: Tensor


@dataclass(frozen=True)
class LayerWeights:
    """One layer; what the architecture has not is None."""

    attention_norm: Norm | None
    attention: AttentionWeights | LatentWeights | None
    attention_output: Product | None
    recurrent: RecurrentWeights | None
    """In attention's place, or beside it."""
    after_attention: Norm | None
    feed_forward_norm: Norm | None
    parallel: bool
    """MLP and attention have the same input."""
    feed_forward: Dense | Experts | Beside | None
    after_feed_forward: Norm | None
    rope_factors: Tensor | None
    """f32 (rotated / 2,): what RoPE's frequencies are divided by."""
    input: LayerInput | None = None
    scale: float = 1.0
    """Of the hidden state that it leaves."""


@dataclass(frozen=True)
class ModelWeights:
    """A whole model; `output` is the embedding itself where the file ties them."""

    embedding: Tensor
    positions: Tensor | None
    """What is added to the embedding at each position of the context."""
    layers: tuple[LayerWeights, ...]
    output_norm: Norm
    output: Product
    layer_inputs: LayerInputs | None = None


def bind(
    source: TensorSource, config: ModelConfig, context_length: int, runtime: Foundry
) -> ModelWeights:
    """Raises `ModelError` for a missing tensor or a wrong shape, `UnsupportedModelError` for a
    format or a tensor that there is no kernel for."""
    vocabulary = source.rows_of("token_embd.weight")
    shape = (vocabulary, config.hidden)
    embedding = source.take("token_embd.weight", shape)
    output = source.take_if("output.weight", shape)
    factors = bind_rope_factors(source, config, context_length, runtime)
    weights = ModelWeights(
        embedding=embedding,
        positions=source.take("position_embd.weight", (config.positions, config.hidden))
        if config.architecture.pairing is None
        else None,
        layers=tuple(
            bind_layer(source, config, index, factors[index]) for index in range(config.layers)
        ),
        output_norm=bind_norm(source, config, config.architecture.output_norm or "output_norm"),
        output=Product(
            embedding if output is None else output, source.take_if("output.bias", (vocabulary,))
        ),
        layer_inputs=_layer_inputs(source, config, vocabulary) if config.layer_input else None,
    )
    for index in range(config.layers, config.layers + config.appended):
        source.pass_over_all(f"blk.{index}.")
    source.check_all_taken()
    return weights


def bind_layer(
    source: TensorSource, config: ModelConfig, index: int, factors: Tensor | None
) -> LayerWeights:
    """As `bind()` raises."""
    architecture, prefix = config.architecture, f"blk.{index}."
    layer = config.of_layers[index]
    before = architecture.norms in (Norms.BEFORE, Norms.AROUND)
    after = architecture.norms is not Norms.BEFORE
    after_attention, after_feed_forward = "post_attention_norm", "post_ffw_norm"
    if architecture.norms is Norms.SUM:
        after_attention, after_feed_forward = "attn_output_norm", "layer_output_norm"

    def norm(name: str, wanted: bool = True) -> Norm | None:
        return bind_norm(source, config, prefix + name) if wanted else None

    def first(names: tuple[str, ...]) -> str:
        there = (name for name in names if source.has(f"{prefix}{name}.weight"))
        return next(there, names[0])

    own = first(architecture.attention_norm)
    other = first(architecture.feed_forward_norm)
    has_feed_forward = layer.feed_forward > 0 or layer.mixes
    is_normed = index == 0 and architecture.embedding_norm
    attention_norm = norm(own, before and (not is_normed or source.has(f"{prefix}{own}.weight")))
    return LayerWeights(
        attention_norm=attention_norm,
        attention=_attention(source, config, layer, prefix),
        attention_output=bind_product(
            source, f"{prefix}attn_output", config.hidden, layer.mixed_columns
        )
        if layer.kv_heads
        else None,
        recurrent=None
        if layer.recurrent is None
        else bind_recurrent(source, layer.recurrent, prefix, config.hidden),
        after_attention=norm(after_attention, after),
        feed_forward_norm=attention_norm
        if own == other
        else norm(other, before and has_feed_forward),
        parallel=config.parallel or own == other,
        feed_forward=_feed_forward(source, config, layer, prefix),
        after_feed_forward=norm(after_feed_forward, after),
        rope_factors=factors,
        input=_layer_input(source, config, prefix) if config.layer_input else None,
        scale=source.number(f"{prefix}layer_output_scale.weight"),
    )


def _layer_inputs(source: TensorSource, config: ModelConfig, vocabulary: int) -> LayerInputs:
    columns = config.layers * config.layer_input
    return LayerInputs(
        table=source.take("per_layer_token_embd.weight", (vocabulary, columns)),
        projection=bind_product(source, "per_layer_model_proj", columns, config.hidden),
        norm=source.take("per_layer_proj_norm.weight", (config.layer_input,)),
    )


def _layer_input(source: TensorSource, config: ModelConfig, prefix: str) -> LayerInput:
    return LayerInput(
        gate=bind_product(source, f"{prefix}inp_gate", config.layer_input, config.hidden),
        projection=bind_product(source, f"{prefix}proj", config.hidden, config.layer_input),
        norm=bind_norm(source, config, f"{prefix}post_norm"),
    )


def bind_norm(source: TensorSource, config: ModelConfig, name: str) -> Norm:
    """As `bind()` raises."""
    columns = (config.hidden,)
    has_bias = config.architecture.has_layer_norm
    weight = f"{name}.weight"
    if not source.has(weight) and source.has(name):  # as Falcon H1's are called
        weight = name
    return Norm(
        source.take(weight, columns),
        source.take_if(f"{name}.bias", columns) if has_bias else None,
    )


def _attention(
    source: TensorSource, config: ModelConfig, layer: LayerConfig, prefix: str
) -> AttentionWeights | LatentWeights | None:
    if not layer.kv_heads:
        return None
    if layer.latent is not None:
        return bind_latents(source, layer, layer.latent, prefix, config.hidden)
    query, key, value = _attention_input(source, config, layer, prefix)
    query_norm, key_norm = _head_norms(source, config, layer, prefix)
    return AttentionWeights(
        query=query,
        key=key,
        value=value,
        query_norm=query_norm,
        key_norm=key_norm,
        sinks=source.take_if(f"{prefix}attn_sinks.weight", (layer.heads,)),
    )


def _head_norms(
    source: TensorSource, config: ModelConfig, layer: LayerConfig, prefix: str
) -> tuple[Tensor | None, Tensor | None]:
    """Of queries and of keys."""
    kind, names = config.architecture.head_norm, ("attn_q_norm", "attn_k_norm")
    is_optional = kind in (HeadNorm.LAYER, HeadNorm.FOUND)
    if kind is None or (is_optional and not source.has(f"{prefix}{names[0]}.weight")):
        return None, None

    def take(name: str, heads: int) -> Tensor:
        shape: tuple[int, ...] = (layer.key_size,)
        if kind is HeadNorm.ROW:
            shape = (heads * layer.key_size,)
        elif kind is HeadNorm.LAYER:
            shape = (heads, layer.key_size)
        tensor = source.take(f"{prefix}{name}.weight", shape)
        return tensor.reshape(tensor.size)

    if layer.keys_of is not None:
        source.pass_over(f"{prefix}{names[1]}.weight")
        return take(names[0], layer.heads), None
    return take(names[0], layer.heads), take(names[1], layer.kv_heads)


def _attention_input(
    source: TensorSource, config: ModelConfig, layer: LayerConfig, prefix: str
) -> tuple[Product, Product | None, Product | None]:
    query, key, value = layer.query_rows, layer.key_columns, layer.value_columns
    if not source.has(f"{prefix}attn_qkv.weight"):
        of_queries = bind_product(source, f"{prefix}attn_q", query, config.hidden)
        if layer.keys_of is not None:
            for name in ("attn_k", "attn_v"):
                source.pass_over(f"{prefix}{name}.weight")
            return of_queries, None, None
        of_keys = bind_product(source, f"{prefix}attn_k", key, config.hidden)
        if config.architecture.values_normed and not source.has(f"{prefix}attn_v.weight"):
            return of_queries, of_keys, of_keys
        return of_queries, of_keys, bind_product(source, f"{prefix}attn_v", value, config.hidden)
    fused = bind_product(source, f"{prefix}attn_qkv", query + key + value, config.hidden)
    if layer.keys_of is not None:
        return rows_of(fused, 0, query), None, None
    return (
        rows_of(fused, 0, query),
        rows_of(fused, query, key),
        rows_of(fused, query + key, value),
    )


def _dense(
    source: TensorSource, config: ModelConfig, prefix: str, inner: int, kind: str = ""
) -> Dense:
    """`kind` is what follows the tensors' names."""
    hidden = config.hidden
    down = bind_product(source, f"{prefix}ffn_down{kind}", hidden, inner)
    is_gated, is_fused = config.architecture.gated, config.architecture.fused_gate
    if is_gated is None:
        is_gated = source.has(f"{prefix}ffn_gate{kind}.weight")
        is_fused = not is_gated and source.rows_of(f"{prefix}ffn_up{kind}.weight") == 2 * inner
    if is_fused:
        fused = bind_product(source, f"{prefix}ffn_up{kind}", 2 * inner, hidden)
        return Dense(rows_of(fused, 0, inner), rows_of(fused, inner, inner), down)
    gate = None
    if is_gated:
        gate = bind_product(source, f"{prefix}ffn_gate{kind}", inner, hidden)
    return Dense(gate, bind_product(source, f"{prefix}ffn_up{kind}", inner, hidden), down)


def _feed_forward(
    source: TensorSource, config: ModelConfig, layer: LayerConfig, prefix: str
) -> Dense | Experts | Beside | None:
    if config.experts is None or not layer.mixes:
        inner = layer.feed_forward
        return _dense(source, config, prefix, inner) if inner else None
    experts = _experts(source, config, layer, prefix, config.experts)
    if not config.architecture.experts_beside:
        return experts
    router_norm = source.take(f"{prefix}ffn_gate_inp.scale", (config.hidden,))
    return Beside(
        dense=_dense(source, config, prefix, layer.feed_forward),
        dense_after=bind_norm(source, config, f"{prefix}post_ffw_norm_1"),
        experts=experts,
        router_norm=Norm(router_norm, None),
        experts_before=bind_norm(source, config, f"{prefix}pre_ffw_norm_2"),
        experts_after=bind_norm(source, config, f"{prefix}post_ffw_norm_2"),
        scales=source.take_if(f"{prefix}ffn_down_exps.scale", (config.experts.count,)),
    )


def _experts(
    source: TensorSource,
    config: ModelConfig,
    layer: LayerConfig,
    prefix: str,
    experts: ExpertsConfig,
) -> Experts:
    hidden = config.hidden

    def stacked(name: str, rows: int, columns: int) -> Product:
        name = f"{prefix}ffn_{name}_exps"
        return Product(
            source.take(f"{name}.weight", (experts.count, rows, columns)),
            source.take_if(f"{name}.bias", (experts.count, rows)),
        )

    def gate_and_up() -> tuple[Product | None, Product]:
        if config.architecture.gated is False:
            return None, stacked("up", experts.inner, hidden)
        name = f"{prefix}ffn_gate_up_exps.weight"
        if not source.has(name):
            return stacked("gate", experts.inner, hidden), stacked("up", experts.inner, hidden)
        both = source.take(name, (experts.count, 2 * experts.inner, hidden))
        gate, up = both[:, : experts.inner], both[:, experts.inner :]
        return Product(gate, None), Product(up, None)

    shared = None
    if source.has(f"{prefix}ffn_up_shexp.weight"):
        inner = experts.shared or layer.feed_forward
        shared = _dense(source, config, prefix, inner, "_shexp")
    share = source.take_if(f"{prefix}ffn_gate_inp_shexp.weight", (hidden,))
    gate, up = gate_and_up()
    return Experts(
        router=bind_product(source, f"{prefix}ffn_gate_inp", experts.count, hidden),
        gate=gate,
        up=up,
        down=stacked("down", hidden, experts.inner),
        shared=shared,
        shared_share=None if share is None else Product(share.reshape(1, hidden), None),
        choice_bias=source.take_if(f"{prefix}exp_probs_b.bias", (experts.count,)),
    )


def bind_rope_factors(
    source: TensorSource, config: ModelConfig, context_length: int, runtime: Foundry
) -> list[Tensor | None]:
    """For each layer f32 (rotated / 2,), whatever the file has them in."""
    # A file's factors are of the layers that see all positions, where those have some of their own.
    whole = (layer for layer in config.of_layers if layer.kv_heads and not layer.window)
    first = next(whole, config.attention)
    shape = (first.rotated // 2,)
    given = None
    scaling = first.rope_scaling
    if scaling.type == "longrope" or source.has("rope_factors_short.weight"):
        is_long = context_length > scaling.original_context_length
        both = {kind: source.read(f"rope_factors_{kind}.weight", shape) for kind in _LENGTHS}
        given = both[_LENGTHS[is_long]]
    elif source.has("rope_freqs.weight"):
        given = source.read("rope_freqs.weight", shape)
    made: dict[object, Tensor | None] = {}

    def factors_of(layer: LayerConfig) -> Tensor | None:
        is_plain = config.architecture.unscaled_windows and layer.window > 0
        kind = (layer.turned, layer.rotated, layer.rope_base, layer.rope_scaling, is_plain)
        if kind not in made:
            own = None if is_plain else given
            factors = layer.rope_scaling.factors(layer.rotated, layer.rope_base, own)
            if not layer.turned:
                factors = np.full(layer.rotated // 2, np.inf, np.float32)
            name = f"rope factors {len(made)}"
            made[kind] = None if factors is None else runtime.tensor(factors, name=name)
        return made[kind]

    return [factors_of(layer) for layer in config.of_layers]
