"""The architectures, each as the files that people have of it differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import relative_cases
from writer import SMALL, VOCABULARY, Model

_ATTENTION = "attn_norm attn_q attn_k attn_v attn_output"
_GATED = "ffn_norm ffn_gate ffn_up ffn_down"
_PLAIN = f"{_ATTENTION} {_GATED}"
_HEAD_NORMS = "attn_q_norm attn_k_norm"
_FUSED_GATE = "ffn_norm ffn_up ffn_down"
_AFTER = "post_attention_norm ffn_gate ffn_up ffn_down post_ffw_norm"
_TIED = "token_embd output_norm"
_RMS = {"attention.layer_norm_rms_epsilon": 1e-5}
_WINDOW = {"attention.sliding_window": 20}
_LAYER = {"attention.layer_norm_epsilon": 1e-5}
_LAYER_NORMS = "attn_norm.bias ffn_norm.bias"
_OUTSIDE = "token_embd output_norm output_norm.bias output"
_QKV = "attn_norm attn_norm.bias attn_qkv attn_output"
_DENSE = "ffn_up ffn_down"
_DENSE_BIASES = "ffn_up.bias ffn_down.bias"
_QKV_BIASES = "attn_qkv.bias attn_output.bias"
_EXPERTS = "ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps"
_SHARED = "ffn_gate_shexp ffn_up_shexp ffn_down_shexp"
_MIXTURE = {
    "expert_count": 7,
    "expert_used_count": 3,
    "expert_feed_forward_length": SMALL.expert,
}
_YARN = {
    "rope.scaling.type": "yarn",
    "rope.scaling.factor": 8.0,
    "rope.scaling.original_context_length": 64,
}
_FUSED_SHAPES = {"ffn_up": (2 * SMALL.inner, SMALL.hidden)}
_SHARED_TWICE = {
    "ffn_gate_shexp": (2 * SMALL.expert, SMALL.hidden),
    "ffn_up_shexp": (2 * SMALL.expert, SMALL.hidden),
    "ffn_down_shexp": (SMALL.hidden, 2 * SMALL.expert),
}
_SHARED_ONCE = {
    name: tuple(SMALL.expert if n == 80 else n for n in shape)
    for name, shape in _SHARED_TWICE.items()
}
_LATENT = "attn_norm attn_kv_a_mqa attn_kv_a_norm attn_output"
_OF_QUERIES = "attn_q_a attn_q_a_norm attn_q_b"
_ROUTED = {
    **_MIXTURE,
    "expert_count": 12,
    "expert_shared_count": 2,
    "expert_weights_scale": 1.5,
    "expert_weights_norm": True,
    "expert_gating_func": 2,
    "leading_dense_block_count": 1,
}
_GEMMA4 = {
    **_RMS,
    **_WINDOW,
    "rope.freq_base": 1e6,
    "rope.freq_base_swa": 10000.0,
    "rope.dimension_count_swa": SMALL.head_dim,
    "attention.head_count_kv": [2, 1, 2, 1, 1, 2, 1],
    "attention.sliding_window_pattern": [True, False, True, False, False, True, False],
    "attention.key_length": 2 * SMALL.head_dim,
    "attention.value_length": 2 * SMALL.head_dim,
    "attention.key_length_swa": SMALL.head_dim,
    "attention.value_length_swa": SMALL.head_dim,
    "final_logit_softcapping": 1.5,
}
_WIDE_HEADS = {
    "attn_q": (2 * SMALL.query, SMALL.hidden),
    "attn_k": (2 * SMALL.head_dim, SMALL.hidden),
    "attn_v": (2 * SMALL.head_dim, SMALL.hidden),
    "attn_output": (SMALL.hidden, 2 * SMALL.query),
    "attn_q_norm": (2 * SMALL.head_dim,),
    "attn_k_norm": (2 * SMALL.head_dim,),
}
"""Of layers without windows."""
_WIDE_MLP = {
    "ffn_gate": (2 * SMALL.inner, SMALL.hidden),
    "ffn_up": (2 * SMALL.inner, SMALL.hidden),
    "ffn_down": (SMALL.hidden, 2 * SMALL.inner),
}
_BROAD = replace(SMALL, heads=5, kv_heads=1, head_dim=24)
"""Heads that have more elements together than the hidden state, all with one key."""


@dataclass(frozen=True)
class Case:
    """A model, and the dispatches of a layer that one token takes."""

    model: Model
    what: str = "plain"
    dispatches: int = 5
    of_others: int | Mapping[int, int] = 5
    """Dispatches of the layers that `model.others` has."""

    def of_layer(self, layer: int) -> int:
        if layer not in self.model.others:
            return self.dispatches
        return self.of_others if isinstance(self.of_others, int) else self.of_others[layer]


def _model(architecture: str, tensors: str, **more: Any) -> Model:
    return Model(architecture, tensors, **{"metadata": _RMS, **more})


CASES = (
    Case(_model("llama", _PLAIN)),
    Case(
        _model(
            "llama",
            _PLAIN,
            outside="token_embd output_norm rope_freqs",
            metadata={**_RMS, "rope.freq_base": 500000.0},
        ),
        "tied, RoPE factors",
    ),
    Case(_model("llama", _PLAIN, metadata={**_RMS, **_YARN}), "YaRN"),
    Case(
        _model(
            "llama",
            f"{_PLAIN} attn_q.bias attn_k.bias attn_v.bias attn_output.bias "
            "ffn_gate.bias ffn_up.bias ffn_down.bias",
        ),
        "biases",
    ),
    Case(_model("qwen2", f"{_PLAIN} attn_q.bias attn_k.bias attn_v.bias")),
    Case(_model("qwen2", f"{_PLAIN} attn_q.bias attn_k.bias attn_v.bias", outside=_TIED), "tied"),
    Case(_model("qwen3", f"{_PLAIN} {_HEAD_NORMS}")),
    Case(_model("qwen3", f"{_PLAIN} {_HEAD_NORMS}", sizes=_BROAD), "broad heads"),
    Case(_model("gemma", _PLAIN, outside=_TIED)),
    Case(_model("gemma", _PLAIN, outside=_TIED, sizes=_BROAD), "broad heads"),
    Case(
        _model(
            "gemma3",
            f"{_PLAIN} {_HEAD_NORMS} post_attention_norm post_ffw_norm",
            outside=_TIED,
            metadata={
                **_RMS,
                **_WINDOW,
                "rope.freq_base": 1e6,
                "rope.scaling.type": "linear",
                "rope.scaling.factor": 8.0,
            },
            sizes=replace(SMALL, layers=7),
        ),
        "windows, two RoPE bases",
    ),
    Case(
        _model(
            "gemma2",
            f"{_PLAIN} post_attention_norm post_ffw_norm",
            outside=_TIED,
            metadata={
                **_RMS,
                **_WINDOW,
                "attn_logit_softcapping": 2.0,
                "final_logit_softcapping": 1.5,
            },
            sizes=_BROAD,
        ),
        "windows, soft caps",
    ),
    Case(
        _model("gemma3", f"{_PLAIN} {_HEAD_NORMS} post_attention_norm post_ffw_norm"), "no window"
    ),
    Case(
        _model(
            "gemma4",
            f"{_PLAIN} {_HEAD_NORMS} post_attention_norm post_ffw_norm layer_output_scale inp_gate "
            "proj post_norm",
            outside=f"{_TIED} rope_freqs per_layer_token_embd per_layer_model_proj "
            "per_layer_proj_norm",
            metadata={
                **_GEMMA4,
                "attention.shared_kv_layers": 3,
                "embedding_length_per_layer_input": 8,
                "feed_forward_length": [SMALL.inner] * 4 + [2 * SMALL.inner] * 3,
            },
            sizes=replace(SMALL, layers=7),
            shapes={
                "rope_freqs": (SMALL.head_dim,),
                "layer_output_scale": (1,),
                "inp_gate": (8, SMALL.hidden),
                "proj": (SMALL.hidden, 8),
                "per_layer_token_embd": (VOCABULARY, 56),
                "per_layer_model_proj": (56, SMALL.hidden),
                "per_layer_proj_norm": (8,),
            },
            shapes_of={
                1: _WIDE_HEADS,
                3: _WIDE_HEADS,
                4: {**_WIDE_HEADS, **_WIDE_MLP},
                5: _WIDE_MLP,
                6: {**_WIDE_HEADS, **_WIDE_MLP},
            },
        ),
        "shared keys and values, inputs of layers",
        dispatches=7,
    ),
    Case(
        _model(
            "gemma4",
            f"{_PLAIN} {_HEAD_NORMS} post_attention_norm post_ffw_norm",
            outside=f"{_TIED} rope_freqs",
            metadata={**_GEMMA4, "embedding_length_per_layer_input": 0},
            sizes=replace(SMALL, layers=7),
            shapes={"rope_freqs": (SMALL.head_dim,)},
            shapes_of=dict.fromkeys((1, 3, 4, 6), _WIDE_HEADS),
            others=dict.fromkeys(
                (1, 3, 4, 6),
                f"{_PLAIN.replace('attn_v', '')} {_HEAD_NORMS} post_attention_norm post_ffw_norm",
            ),
        ),
        "values of keys",
    ),
    Case(
        _model(
            "gemma4",
            f"{_PLAIN} {_HEAD_NORMS} post_attention_norm post_ffw_norm ffn_gate_inp "
            "ffn_gate_inp.scale pre_ffw_norm_2 post_ffw_norm_1 post_ffw_norm_2 ffn_gate_up_exps "
            "ffn_down_exps ffn_down_exps.scale",
            outside=f"{_TIED} rope_freqs",
            metadata={**_GEMMA4, **_MIXTURE, "embedding_length_per_layer_input": 0},
            sizes=replace(SMALL, layers=7),
            shapes={
                "rope_freqs": (SMALL.head_dim,),
                "ffn_gate_inp.scale": (SMALL.hidden,),
                "ffn_down_exps.scale": (7,),
                "ffn_gate_up_exps": (7, 2 * SMALL.expert, SMALL.hidden),
            },
            shapes_of=dict.fromkeys((1, 3, 4, 6), _WIDE_HEADS),
        ),
        "experts beside an MLP",
        dispatches=12,
    ),
    Case(_model("smollm3", _PLAIN, sizes=replace(SMALL, layers=5), outside=_TIED), "NoPE layers"),
    Case(
        _model(
            "mistral3", _PLAIN, metadata={**_RMS, **_YARN, "rope.scaling.yarn_log_multiplier": 1.0}
        )
    ),
    Case(
        _model(
            "olmo2",
            f"attn_q attn_k attn_v attn_output {_HEAD_NORMS} {_AFTER}",
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.key,)},
        ),
        dispatches=6,
    ),
    Case(
        _model(
            "olmo2",
            f"attn_q attn_k attn_v attn_output {_HEAD_NORMS} {_AFTER}",
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.key,)},
            metadata={**_RMS, **_WINDOW, **_YARN},
            sizes=replace(SMALL, layers=5),
        ),
        "windows, YaRN in full layers",
        dispatches=6,
    ),
    Case(_model("exaone4", f"attn_q attn_k attn_v attn_output {_HEAD_NORMS} {_AFTER}")),
    Case(
        _model(
            "seed_oss",
            f"{_ATTENTION} post_attention_norm ffn_gate ffn_up ffn_down "
            "attn_q.bias attn_k.bias attn_v.bias",
            sizes=_BROAD,
        ),
    ),
    Case(_model("hunyuan-dense", f"{_PLAIN} {_HEAD_NORMS}", outside=_TIED)),
    Case(_model("ernie4_5", _PLAIN, outside=_TIED)),
    Case(
        _model("phi3", f"attn_norm attn_qkv attn_output {_FUSED_GATE}", shapes=_FUSED_SHAPES),
        "fused tensors",
    ),
    Case(
        _model(
            "phi3",
            f"attn_norm attn_qkv attn_output {_FUSED_GATE}",
            outside="token_embd output_norm output rope_factors_long rope_factors_short",
            shapes=_FUSED_SHAPES,
            metadata={
                **_RMS,
                "rope.scaling.type": "longrope",
                "rope.scaling.attn_factor": 1.19,
                "rope.scaling.original_context_length": 128,
            },
        ),
        "LongRoPE",
    ),
    Case(
        _model(
            "phi3",
            f"attn_norm attn_qkv attn_output {_FUSED_GATE}",
            outside=f"{_TIED} rope_factors_long rope_factors_short",
            shapes={
                **_FUSED_SHAPES,
                "rope_factors_long": (6,),
                "rope_factors_short": (6,),
            },
            metadata={
                **_RMS,
                "rope.dimension_count": 12,
                "rope.scaling.type": "longrope",
                "rope.scaling.attn_factor": 1.19,
                "rope.scaling.original_context_length": 128,
            },
        ),
        "partial LongRoPE",
    ),
    Case(
        _model(
            "llama",
            f"{_ATTENTION} ffn_norm {_EXPERTS}",
            metadata={**_RMS, "expert_count": 5, "expert_used_count": 2},
        ),
        "experts (Mixtral)",
        dispatches=7,
    ),
    Case(
        _model(
            "qwen2moe",
            f"{_ATTENTION} attn_q.bias attn_k.bias attn_v.bias ffn_norm {_EXPERTS} "
            f"ffn_gate_inp_shexp {_SHARED}",
            metadata={**_RMS, **_MIXTURE, "expert_shared_feed_forward_length": SMALL.shared},
        ),
        "shared expert",
        dispatches=8,
    ),
    Case(
        _model(
            "qwen3moe",
            f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_EXPERTS}",
            metadata={**_RMS, **_MIXTURE},
        ),
        dispatches=7,
    ),
    Case(
        _model(
            "olmoe",
            f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_EXPERTS}",
            metadata={**_RMS, "expert_count": 7, "expert_used_count": 3},
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.query,)},
            sizes=replace(SMALL, kv_heads=SMALL.heads),
        ),
        dispatches=8,
    ),
    Case(
        _model(
            "granitemoe",
            f"{_ATTENTION} ffn_norm {_EXPERTS} {_SHARED}",
            outside=_TIED,
            metadata={
                **_RMS,
                "expert_count": 7,
                "expert_used_count": 3,
                "expert_shared_feed_forward_length": SMALL.shared,
                "attention.scale": 0.1,
                "embedding_scale": 12.0,
                "residual_scale": 0.22,
                "logit_scale": 8.0,
            },
        ),
        "shared expert, scales",
        dispatches=8,
    ),
    Case(
        _model(
            "deepseek2",
            f"{_LATENT} attn_q attn_kv_b ffn_norm {_EXPERTS} {_SHARED}",
            metadata={
                **_RMS,
                **_MIXTURE,
                "expert_shared_count": 2,
                "leading_dense_block_count": 1,
            },
            shapes=_SHARED_TWICE,
            others={0: f"{_LATENT} attn_q attn_kv_b {_GATED}"},
            # llama.cpp takes a model of so many layers for V2 Lite, whose queries have no latent.
            sizes=replace(SMALL, layers=26, kv_heads=SMALL.heads),
        ),
        "V2 Lite, keys and values in one matrix",
        dispatches=11,
        of_others=8,
    ),
    Case(
        _model(
            "deepseek2",
            f"{_LATENT} {_OF_QUERIES} attn_k_b attn_v_b ffn_norm {_EXPERTS} {_SHARED} "
            "exp_probs_b.bias",
            metadata={
                **_RMS,
                **_ROUTED,
                **_YARN,
                "rope.scaling.yarn_log_multiplier": 0.0707,
                "expert_group_count": 4,
                "expert_group_used_count": 2,
            },
            shapes=_SHARED_TWICE,
            others={0: f"{_LATENT} {_OF_QUERIES} attn_k_b attn_v_b {_GATED}"},
        ),
        "latents of queries, groups of experts, YaRN",
        dispatches=12,
        of_others=9,
    ),
    Case(
        _model(
            "deepseek",
            f"{_ATTENTION} ffn_norm {_EXPERTS} {_SHARED}",
            metadata={
                **_RMS,
                **_MIXTURE,
                "expert_shared_count": 2,
                "leading_dense_block_count": 1,
            },
            shapes=_SHARED_TWICE,
            others={0: _PLAIN},
        ),
        dispatches=8,
    ),
    Case(
        _model(
            "glm4moe",
            f"{_ATTENTION} attn_q.bias attn_k.bias attn_v.bias {_HEAD_NORMS} post_attention_norm "
            f"{_EXPERTS} {_SHARED} exp_probs_b.bias",
            metadata={
                **_RMS,
                **_ROUTED,
                "expert_gating_func": 0,
                "rope.dimension_count": 8,
                "nextn_predict_layers": 1,
            },
            shapes=_SHARED_TWICE,
            others={
                0: f"{_ATTENTION} attn_q.bias attn_k.bias attn_v.bias {_HEAD_NORMS} "
                "post_attention_norm ffn_gate ffn_up ffn_down",
                3: f"{_ATTENTION} attn_q.bias attn_k.bias attn_v.bias {_HEAD_NORMS} "
                f"post_attention_norm {_EXPERTS} {_SHARED} exp_probs_b.bias nextn.eh_proj "
                "nextn.enorm nextn.hnorm",
            },
            sizes=replace(SMALL, layers=4),
        ),
        "partial RoPE, a layer that predicts further tokens",
        dispatches=8,
    ),
    Case(
        _model(
            "dots1",
            f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_EXPERTS} {_SHARED} exp_probs_b.bias",
            metadata={**_RMS, **_ROUTED},
            shapes=_SHARED_TWICE,
            others={0: f"{_PLAIN} {_HEAD_NORMS}"},
            sizes=replace(SMALL, kv_heads=SMALL.heads),
        ),
        dispatches=8,
    ),
    Case(
        _model(
            "bailingmoe",
            f"{_ATTENTION} ffn_norm {_EXPERTS} {_SHARED}",
            metadata={
                **_RMS,
                **_MIXTURE,
                "expert_shared_count": 2,
                "expert_weights_norm": True,
            },
            shapes=_SHARED_TWICE,
        ),
        dispatches=8,
    ),
    Case(
        _model(
            "bailingmoe2",
            f"attn_norm attn_qkv attn_output {_HEAD_NORMS} ffn_norm {_EXPERTS} {_SHARED} "
            "exp_probs_b.bias",
            metadata={
                **_RMS,
                **_ROUTED,
                "expert_shared_count": 1,
                "expert_group_count": 4,
                "expert_group_used_count": 2,
            },
            shapes=_SHARED_ONCE,
            others={0: f"attn_norm attn_qkv attn_output {_HEAD_NORMS} {_GATED}"},
        ),
        "groups of experts",
        dispatches=8,
    ),
    Case(
        _model(
            "ernie4_5-moe",
            f"{_ATTENTION} ffn_norm {_EXPERTS} {_SHARED} exp_probs_b.bias",
            outside=_TIED,
            metadata={
                **_RMS,
                **_MIXTURE,
                "expert_shared_feed_forward_length": SMALL.shared,
                "interleave_moe_layer_step": 1,
                "leading_dense_block_count": 1,
            },
            others={0: _PLAIN},
        ),
        "shared expert",
        dispatches=8,
    ),
    Case(
        _model(
            "hunyuan-moe",
            f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_EXPERTS} {_SHARED}",
            outside=_TIED,
            metadata={
                **_RMS,
                "expert_count": 7,
                "expert_used_count": 3,
                "expert_feed_forward_length": SMALL.expert,
                "feed_forward_length": SMALL.expert,
                "expert_shared_feed_forward_length": SMALL.shared,
            },
        ),
        "shared expert",
        dispatches=8,
    ),
    Case(
        _model(
            "minimax-m2",
            f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_EXPERTS} exp_probs_b.bias",
            metadata={
                **_RMS,
                **_MIXTURE,
                "expert_gating_func": 2,
                "feed_forward_length": SMALL.expert,
                "rope.dimension_count": 8,
            },
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.key,)},
        ),
        "partial RoPE",
        dispatches=8,
    ),
    Case(
        _model(
            "gpt-oss",
            f"attn_norm attn_q attn_k attn_v attn_output post_attention_norm attn_sinks {_EXPERTS} "
            "attn_q.bias attn_k.bias attn_v.bias attn_output.bias ffn_gate_inp.bias "
            "ffn_gate_exps.bias ffn_up_exps.bias ffn_down_exps.bias",
            metadata={**_RMS, **_MIXTURE, **_WINDOW, **_YARN},
        ),
        "sinks, windows, YaRN",
        dispatches=7,
    ),
    Case(
        _model(
            "granite",
            _PLAIN,
            outside=_TIED,
            metadata={
                **_RMS,
                "attention.scale": 0.1,
                "embedding_scale": 12.0,
                "residual_scale": 0.22,
                "logit_scale": 8.0,
            },
        ),
        "scales",
    ),
    Case(
        _model(
            "granite",
            _PLAIN,
            metadata={**_RMS, "logit_scale": 8.0, "rope.scaling.finetuned": False},
        ),
        "no RoPE",
    ),
    Case(_model("arcee", f"{_ATTENTION} ffn_norm {_DENSE}")),
    Case(
        _model(
            "apertus",
            f"{_ATTENTION} {_HEAD_NORMS} ffn_norm {_DENSE}",
            keys={
                "xielu.alpha_p": [0.8, 0.3, -0.5],
                "xielu.alpha_n": [0.8, 0.1, 0.9],
                "xielu.beta": [0.5, 0.4, 0.6],
                "xielu.eps": [-1e-6, -1e-6, -1e-3],
            },
        ),
    ),
    Case(
        _model(
            "command-r",
            f"{_ATTENTION} ffn_gate {_DENSE}",
            outside=_TIED,
            metadata={**_LAYER, "logit_scale": 0.25},
        ),
    ),
    Case(
        _model(
            "cohere2",
            f"{_ATTENTION} ffn_gate {_DENSE}",
            outside=_TIED,
            metadata={**_LAYER, **_WINDOW, "logit_scale": 0.25},
            sizes=replace(SMALL, layers=5),
        ),
        "windows, NoPE layers",
    ),
    Case(
        _model(
            "glm4",
            f"{_ATTENTION} attn_q.bias attn_k.bias attn_v.bias {_FUSED_GATE} "
            "post_attention_norm post_ffw_norm",
            metadata={**_RMS, "rope.dimension_count": 8},
            shapes=_FUSED_SHAPES,
        ),
        "partial RoPE, fused gate",
    ),
    Case(
        _model(
            "stablelm",
            f"{_PLAIN} {_LAYER_NORMS} attn_q.bias attn_k.bias attn_v.bias",
            outside=_OUTSIDE,
            metadata={**_LAYER, "rope.dimension_count": 4},
        ),
        "partial RoPE",
    ),
    Case(
        _model(
            "stablelm",
            f"{_PLAIN} {_LAYER_NORMS}",
            outside=_OUTSIDE,
            metadata={**_LAYER, **_YARN, "rope.dimension_count": 8},
        ),
        "partial YaRN",
    ),
    Case(
        _model(
            "stablelm",
            f"{_ATTENTION} attn_norm.bias ffn_gate ffn_up ffn_down {_HEAD_NORMS}",
            outside=_OUTSIDE,
            metadata={**_LAYER, "rope.dimension_count": 4},
            shapes={
                "attn_q_norm": (SMALL.heads, SMALL.head_dim),
                "attn_k_norm": (SMALL.kv_heads, SMALL.head_dim),
            },
        ),
        "parallel, head norms",
    ),
    Case(
        _model(
            "stablelm",
            f"{_ATTENTION} attn_norm.bias ffn_gate ffn_up ffn_down",
            outside=_OUTSIDE,
            metadata={**_LAYER, "rope.dimension_count": 4},
        ),
        "parallel",
    ),
    Case(
        _model(
            "starcoder2",
            f"{_ATTENTION} {_LAYER_NORMS} ffn_norm {_DENSE} {_DENSE_BIASES} "
            "attn_q.bias attn_k.bias attn_v.bias attn_output.bias",
            outside=f"{_TIED} output_norm.bias",
            metadata=_LAYER,
        ),
    ),
    Case(
        _model(
            "phi2",
            f"{_QKV} {_QKV_BIASES} {_DENSE} {_DENSE_BIASES}",
            outside=f"{_OUTSIDE} output.bias",
            metadata={**_LAYER, "rope.dimension_count": 6},
        ),
        "partial RoPE",
    ),
    *(
        Case(
            _model(
                "gptneox",
                f"{_QKV} {_QKV_BIASES} ffn_norm ffn_norm.bias {_DENSE} {_DENSE_BIASES}",
                outside=_OUTSIDE,
                metadata={
                    **_LAYER,
                    "rope.dimension_count": 4,
                    "use_parallel_residual": is_parallel,
                },
                sizes=replace(SMALL, kv_heads=SMALL.heads),
            ),
            "parallel" if is_parallel else "sequential",
        )
        for is_parallel in (True, False)
    ),
    Case(
        _model(
            "falcon",
            f"{_QKV} {_DENSE}",
            outside=_OUTSIDE,
            metadata=_LAYER,
            sizes=replace(SMALL, kv_heads=1),
        ),
        "one norm",
    ),
    Case(
        _model(
            "falcon",
            f"{_QKV} attn_norm_2 attn_norm_2.bias {_DENSE}",
            outside=f"{_TIED} output_norm.bias",
            metadata=_LAYER,
        ),
        "two norms",
    ),
    Case(
        _model(
            "gpt2",
            f"{_QKV} {_QKV_BIASES} ffn_norm ffn_norm.bias {_DENSE} {_DENSE_BIASES}",
            outside=f"{_TIED} output_norm.bias position_embd",
            metadata=_LAYER,
            sizes=replace(SMALL, kv_heads=SMALL.heads),
        ),
        "learned positions",
    ),
    *(Case(model, what) for model, what in relative_cases.MODELS),
)
