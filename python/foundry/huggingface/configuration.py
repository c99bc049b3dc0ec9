"""A folder's `config.json` as the keys that GGUF has for the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ModelError, UnsupportedModelError
from foundry.huggingface.delta_net import delta_metadata
from foundry.huggingface.table import MODELS, FolderModel
from foundry.metadata import shown

_HEADS = "num_attention_heads n_head n_heads"
_ACTIVATION = "hidden_activation hidden_act activation_function activation"

_COMMON = {
    "block_count": "num_hidden_layers n_layer n_layers",
    "context_length": "max_position_embeddings n_positions",
    "embedding_length": "hidden_size n_embd dim",
    "feed_forward_length": "intermediate_size n_inner hidden_dim",
    "attention.head_count": _HEADS,
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.value_length": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.layer_norm_epsilon": "layer_norm_eps layer_norm_epsilon norm_epsilon norm_eps",
    "expert_count": "num_local_experts num_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    "vocab_size": "vocab_size",
}
"""GGUF's keys, and where classes of `transformers` have the same."""


def model_of(configuration: Mapping[str, Any]) -> FolderModel:
    """`UnsupportedModelError` for a class that is not in the table."""
    classes = configuration.get("architectures")
    name = classes[0] if isinstance(classes, list) and classes else None
    if isinstance(name, str) and name not in MODELS:
        # A language model without its head has the name of its base.
        name = name.removesuffix("Model") + "ForCausalLM"
    if not isinstance(name, str) or name not in MODELS:
        raise UnsupportedModelError(
            f"unsupported model class {shown(classes)} (config.json: architectures); supported: "
            f"{', '.join(sorted(MODELS))}"
        )
    return MODELS[name]


def language_model_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What the configuration of a model for images, too, says of its language model."""
    found = configuration.get("text_config")
    if not isinstance(found, Mapping):
        raise ModelError(f"config.json: text_config is {shown(found)}; expected an object")
    return {**configuration, **found}


def metadata_of(configuration: Mapping[str, Any], model: FolderModel) -> dict[str, Any]:
    """What GGUF says under the architecture's prefix."""
    found = {key: _first(configuration, names) for key, names in _COMMON.items()}
    found |= {key: configuration.get(name) for key, name in model.keys.items()}
    found |= model.constants
    if (pooled := found.get("classifier.pooling_type")) is not None:
        found["classifier.pooling_type"] = {"mean": 1}.get(pooled, 2)
    for name, value in model.fixed.items():
        if configuration.get(name, value) != value:
            raise UnsupportedModelError(
                f"unsupported {name} {shown(configuration[name])} in config.json; supported: "
                f"{value}"
            )
    activation = _first(configuration, _ACTIVATION)
    if activation is not None and activation not in model.activations:
        raise UnsupportedModelError(
            f"unsupported activation {shown(activation)} in config.json; supported: "
            f"{', '.join(model.activations)}"
        )
    if model.position_offset and isinstance(found["context_length"], int):
        found["context_length"] -= positions_before(configuration)
    if found["feed_forward_length"] is None and found["embedding_length"] is not None:
        found["feed_forward_length"] = 4 * found["embedding_length"]  # GPT-2's
    if model.fused_by_head:
        found["attention.head_count_kv"] = head_counts(configuration, model)[1]
    found |= {key: v for key, v in model.defaults.items() if found.get(key) is None}
    found |= _windows(configuration)
    found |= _rope(configuration, model)
    if model.delta_net is not None:
        found |= delta_metadata(configuration, model.delta_net, rope_parameters(configuration))
    return {f"{model.architecture}.{key}": v for key, v in found.items() if v is not None}


def positions_before(configuration: Mapping[str, Any]) -> int:
    """Rows of RoBERTa's table of positions before that of the first token."""
    padding = configuration.get("pad_token_id")
    return padding + 1 if isinstance(padding, int) else 0


def has_exact_gelu(configuration: Mapping[str, Any]) -> bool:
    """GELU by the error function."""
    return bool(_first(configuration, _ACTIVATION) == "gelu")


def head_counts(configuration: Mapping[str, Any], model: FolderModel) -> tuple[int, int]:
    """Of queries, and of keys."""
    heads = _integer(configuration, _HEADS)
    if configuration.get("multi_query") and not configuration.get("new_decoder_architecture"):
        return heads, 1
    return heads, _first(configuration, model.kv_heads) or heads


def rope_parameters(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of all layers, or of those without a window; empty where the configuration has none."""
    found = configuration.get("rope_parameters") or configuration.get("rope_scaling") or {}
    if not isinstance(found, Mapping):
        raise ModelError(f"config.json: rope_parameters is {shown(found)}; expected an object")
    per_kind = found.get("full_attention")
    return per_kind if isinstance(per_kind, Mapping) else found


def rotated(configuration: Mapping[str, Any]) -> int:
    """Elements of a head that RoPE turns."""
    heads = _integer(configuration, _HEADS)
    hidden = _COMMON["embedding_length"]
    head = configuration.get("head_dim") or _integer(configuration, hidden) // heads
    share = rope_parameters(configuration).get("partial_rotary_factor")
    if share is None:
        share = _first(configuration, "partial_rotary_factor rotary_pct")
    return int(head * (1.0 if share is None else share))


def rope_factors(configuration: Mapping[str, Any]) -> dict[str, NDArray[np.float32]]:
    """GGUF's tensors for what the configuration says of frequencies: Llama 3's factors, which
    follow from four numbers, and longrope's two lists."""
    parameters = rope_parameters(configuration)
    kind = _rope_type(parameters)
    if kind == "llama3":
        return {"rope_freqs.weight": _llama3_factors(configuration, parameters)}
    if kind == "longrope":
        return {
            f"rope_factors_{length}.weight": np.asarray(parameters[f"{length}_factor"], np.float32)
            for length in ("long", "short")
        }
    return {}


def _first(configuration: Mapping[str, Any], names: str) -> Any:
    return next((v for name in names.split() if (v := configuration.get(name)) is not None), None)


def _integer(configuration: Mapping[str, Any], names: str) -> int:
    value = _first(configuration, names)
    if not isinstance(value, int) or value < 1:
        raise ModelError(f"config.json: {names.split()[0]} is {shown(value)}; expected above 0")
    return value


_PATTERN = "sliding_window_pattern global_attn_every_n_layers"


def _windows(configuration: Mapping[str, Any]) -> dict[str, Any]:
    window = _first(configuration, "sliding_window local_attention")
    if window is None or configuration.get("use_sliding_window") is False:
        return {}
    found: dict[str, Any] = {"attention.sliding_window": window}
    kinds = configuration.get("layer_types")
    if isinstance(kinds, list) and "full_attention" in kinds:
        if "sliding_attention" not in kinds:
            return {}
        found["attention.sliding_window_pattern"] = [kind == "sliding_attention" for kind in kinds]
    elif (pattern := _first(configuration, _PATTERN)) is not None:
        found["attention.sliding_window_pattern"] = pattern
    return found


def _rope_type(parameters: Mapping[str, Any]) -> str:
    kind = str(parameters.get("rope_type", parameters.get("type", "default")))
    return "longrope" if kind == "su" else kind


_BASES = "rope_theta rotary_emb_base global_rope_theta"


def _rope(configuration: Mapping[str, Any], model: FolderModel) -> dict[str, Any]:
    parameters = rope_parameters(configuration)
    base = parameters.get("rope_theta", _first(configuration, _BASES))
    if base is None and model.architecture in ("gpt2", "bert"):
        return {}
    found: dict[str, Any] = {
        "rope.freq_base": float(10000.0 if base is None else base),
        "rope.dimension_count": rotated(configuration),
    }
    windowed = (configuration.get("rope_parameters") or {}).get("sliding_attention", {})
    local = windowed.get(
        "rope_theta", _first(configuration, "rope_local_base_freq local_rope_theta")
    )
    if local is not None:
        found["rope.freq_base_swa"] = float(local)
    kind = _rope_type(parameters)
    if kind in ("default", "llama3"):
        return found
    if kind not in ("linear", "yarn", "longrope"):
        raise UnsupportedModelError(
            f"unsupported rope_type {shown(kind)} in config.json; supported: default, linear, "
            f"llama3, longrope, yarn"
        )
    original = parameters.get(
        "original_max_position_embeddings", configuration.get("original_max_position_embeddings")
    )
    found |= {
        "rope.scaling.type": kind,
        "rope.scaling.factor": parameters.get("factor"),
        "rope.scaling.original_context_length": original,
    }
    if kind == "longrope":
        found["rope.scaling.attn_factor"] = _longrope_magnitude(configuration, parameters, original)
        return found
    if parameters.get("attention_factor") is not None:
        raise UnsupportedModelError(
            "unsupported attention_factor of RoPE in config.json; supported: none, YaRN's own"
        )
    found |= {
        "rope.scaling.yarn_beta_fast": parameters.get("beta_fast"),
        "rope.scaling.yarn_beta_slow": parameters.get("beta_slow"),
    }
    return found


def _longrope_magnitude(
    configuration: Mapping[str, Any], parameters: Mapping[str, Any], original: int | None
) -> float:
    """Ding et al. 2024: of queries and keys, for the longer context."""
    given = parameters.get("attention_factor")
    if given is not None:
        return float(given)
    if original is None:
        raise ModelError("config.json: original_max_position_embeddings is missing")
    scale = _integer(configuration, "max_position_embeddings") / original
    return 1.0 if scale <= 1.0 else math.sqrt(1 + math.log(scale) / math.log(original))


def _llama3_factors(
    configuration: Mapping[str, Any], parameters: Mapping[str, Any]
) -> NDArray[np.float32]:
    """Grattafiori et al. 2024: long waves are stretched by `factor`, short ones not, those between
    by a share of both."""
    base = float(parameters.get("rope_theta", configuration.get("rope_theta", 10000.0)))
    elements = rotated(configuration)
    try:
        factor = float(parameters["factor"])
        low, high = float(parameters["low_freq_factor"]), float(parameters["high_freq_factor"])
        original = float(parameters["original_max_position_embeddings"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"config.json: llama3's RoPE scaling: {error}") from error
    waves = 2 * math.pi * base ** (np.arange(0, elements, 2) / elements)
    share = np.clip((original / waves - low) / (high - low), 0, 1)
    return (1 / ((1 - share) / factor + share)).astype(np.float32)
