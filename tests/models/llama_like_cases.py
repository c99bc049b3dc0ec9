"""Dense models like Llama: norms by mean squares, a gated MLP."""

from __future__ import annotations

from dataclasses import replace

from case import (
    ATTENTION,
    FUSED_GATE,
    FUSED_SHAPES,
    HEAD_NORMS,
    MIXTURE,
    PLAIN,
    RMS,
    TIED,
    WINDOW,
    YARN,
    Case,
    model,
)
from writer import SMALL, VOCABULARY

_AFTER = "post_attention_norm ffn_gate ffn_up ffn_down post_ffw_norm"
_GEMMA4 = {
    **RMS,
    **WINDOW,
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

LLAMA_LIKE_CASES = (
    Case(model("llama", PLAIN)),
    Case(
        model(
            "llama",
            PLAIN,
            outside="token_embd output_norm rope_freqs",
            metadata={**RMS, "rope.freq_base": 500000.0},
        ),
        "tied, RoPE factors",
    ),
    Case(model("llama", PLAIN, metadata={**RMS, **YARN}), "YaRN"),
    Case(
        model(
            "llama",
            f"{PLAIN} attn_q.bias attn_k.bias attn_v.bias attn_output.bias "
            "ffn_gate.bias ffn_up.bias ffn_down.bias",
        ),
        "biases",
    ),
    Case(model("qwen2", f"{PLAIN} attn_q.bias attn_k.bias attn_v.bias")),
    Case(model("qwen2", f"{PLAIN} attn_q.bias attn_k.bias attn_v.bias", outside=TIED), "tied"),
    Case(model("qwen3", f"{PLAIN} {HEAD_NORMS}")),
    Case(model("qwen3", f"{PLAIN} {HEAD_NORMS}", sizes=_BROAD), "broad heads"),
    Case(model("gemma", PLAIN, outside=TIED)),
    Case(model("gemma", PLAIN, outside=TIED, sizes=_BROAD), "broad heads"),
    Case(
        model(
            "gemma3",
            f"{PLAIN} {HEAD_NORMS} post_attention_norm post_ffw_norm",
            outside=TIED,
            metadata={
                **RMS,
                **WINDOW,
                "rope.freq_base": 1e6,
                "rope.scaling.type": "linear",
                "rope.scaling.factor": 8.0,
            },
            sizes=replace(SMALL, layers=7),
        ),
        "windows, two RoPE bases",
    ),
    Case(
        model(
            "gemma2",
            f"{PLAIN} post_attention_norm post_ffw_norm",
            outside=TIED,
            metadata={
                **RMS,
                **WINDOW,
                "attn_logit_softcapping": 2.0,
                "final_logit_softcapping": 1.5,
            },
            sizes=_BROAD,
        ),
        "windows, soft caps",
    ),
    Case(model("gemma3", f"{PLAIN} {HEAD_NORMS} post_attention_norm post_ffw_norm"), "no window"),
    Case(
        model(
            "gemma4",
            f"{PLAIN} {HEAD_NORMS} post_attention_norm post_ffw_norm layer_output_scale inp_gate "
            "proj post_norm",
            outside=f"{TIED} rope_freqs per_layer_token_embd per_layer_model_proj "
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
        model(
            "gemma4",
            f"{PLAIN} {HEAD_NORMS} post_attention_norm post_ffw_norm",
            outside=f"{TIED} rope_freqs",
            metadata={**_GEMMA4, "embedding_length_per_layer_input": 0},
            sizes=replace(SMALL, layers=7),
            shapes={"rope_freqs": (SMALL.head_dim,)},
            shapes_of=dict.fromkeys((1, 3, 4, 6), _WIDE_HEADS),
            others=dict.fromkeys(
                (1, 3, 4, 6),
                f"{PLAIN.replace('attn_v', '')} {HEAD_NORMS} post_attention_norm post_ffw_norm",
            ),
        ),
        "values of keys",
    ),
    Case(
        model(
            "gemma4",
            f"{PLAIN} {HEAD_NORMS} post_attention_norm post_ffw_norm ffn_gate_inp "
            "ffn_gate_inp.scale pre_ffw_norm_2 post_ffw_norm_1 post_ffw_norm_2 ffn_gate_up_exps "
            "ffn_down_exps ffn_down_exps.scale",
            outside=f"{TIED} rope_freqs",
            metadata={**_GEMMA4, **MIXTURE, "embedding_length_per_layer_input": 0},
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
    Case(model("smollm3", PLAIN, sizes=replace(SMALL, layers=5), outside=TIED), "NoPE layers"),
    Case(
        model("mistral3", PLAIN, metadata={**RMS, **YARN, "rope.scaling.yarn_log_multiplier": 1.0})
    ),
    Case(
        model(
            "olmo2",
            f"attn_q attn_k attn_v attn_output {HEAD_NORMS} {_AFTER}",
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.key,)},
        ),
        dispatches=6,
    ),
    Case(
        model(
            "olmo2",
            f"attn_q attn_k attn_v attn_output {HEAD_NORMS} {_AFTER}",
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.key,)},
            metadata={**RMS, **WINDOW, **YARN},
            sizes=replace(SMALL, layers=5),
        ),
        "windows, YaRN in full layers",
        dispatches=6,
    ),
    Case(model("exaone4", f"attn_q attn_k attn_v attn_output {HEAD_NORMS} {_AFTER}")),
    Case(
        model(
            "seed_oss",
            f"{ATTENTION} post_attention_norm ffn_gate ffn_up ffn_down "
            "attn_q.bias attn_k.bias attn_v.bias",
            sizes=_BROAD,
        ),
    ),
    Case(model("hunyuan-dense", f"{PLAIN} {HEAD_NORMS}", outside=TIED)),
    Case(model("ernie4_5", PLAIN, outside=TIED)),
    Case(
        model("phi3", f"attn_norm attn_qkv attn_output {FUSED_GATE}", shapes=FUSED_SHAPES),
        "fused tensors",
    ),
    Case(
        model(
            "phi3",
            f"attn_norm attn_qkv attn_output {FUSED_GATE}",
            outside="token_embd output_norm output rope_factors_long rope_factors_short",
            shapes=FUSED_SHAPES,
            metadata={
                **RMS,
                "rope.scaling.type": "longrope",
                "rope.scaling.attn_factor": 1.19,
                "rope.scaling.original_context_length": 128,
            },
        ),
        "LongRoPE",
    ),
    Case(
        model(
            "phi3",
            f"attn_norm attn_qkv attn_output {FUSED_GATE}",
            outside=f"{TIED} rope_factors_long rope_factors_short",
            shapes={
                **FUSED_SHAPES,
                "rope_factors_long": (6,),
                "rope_factors_short": (6,),
            },
            metadata={
                **RMS,
                "rope.dimension_count": 12,
                "rope.scaling.type": "longrope",
                "rope.scaling.attn_factor": 1.19,
                "rope.scaling.original_context_length": 128,
            },
        ),
        "partial LongRoPE",
    ),
)
