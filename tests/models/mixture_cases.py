"""Mixtures of experts."""

from __future__ import annotations

from dataclasses import replace

from case import (
    ATTENTION,
    EXPERTS,
    GATED,
    HEAD_NORMS,
    MIXTURE,
    PLAIN,
    RMS,
    SHARED,
    TIED,
    WINDOW,
    YARN,
    Case,
    model,
)
from writer import SMALL

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
    **MIXTURE,
    "expert_count": 12,
    "expert_shared_count": 2,
    "expert_weights_scale": 1.5,
    "expert_weights_norm": True,
    "expert_gating_func": 2,
    "leading_dense_block_count": 1,
}

MIXTURE_CASES = (
    Case(
        model(
            "llama",
            f"{ATTENTION} ffn_norm {EXPERTS}",
            metadata={**RMS, "expert_count": 5, "expert_used_count": 2},
        ),
        "experts (Mixtral)",
        dispatches=7,
    ),
    Case(
        model(
            "qwen2moe",
            f"{ATTENTION} attn_q.bias attn_k.bias attn_v.bias ffn_norm {EXPERTS} "
            f"ffn_gate_inp_shexp {SHARED}",
            metadata={**RMS, **MIXTURE, "expert_shared_feed_forward_length": SMALL.shared},
        ),
        "shared expert",
        dispatches=8,
    ),
    Case(
        model(
            "qwen3moe",
            f"{ATTENTION} {HEAD_NORMS} ffn_norm {EXPERTS}",
            metadata={**RMS, **MIXTURE},
        ),
        dispatches=7,
    ),
    Case(
        model(
            "olmoe",
            f"{ATTENTION} {HEAD_NORMS} ffn_norm {EXPERTS}",
            metadata={**RMS, "expert_count": 7, "expert_used_count": 3},
            shapes={"attn_q_norm": (SMALL.query,), "attn_k_norm": (SMALL.query,)},
            sizes=replace(SMALL, kv_heads=SMALL.heads),
        ),
        dispatches=8,
    ),
    Case(
        model(
            "granitemoe",
            f"{ATTENTION} ffn_norm {EXPERTS} {SHARED}",
            outside=TIED,
            metadata={
                **RMS,
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
        model(
            "deepseek2",
            f"{_LATENT} attn_q attn_kv_b ffn_norm {EXPERTS} {SHARED}",
            metadata={
                **RMS,
                **MIXTURE,
                "expert_shared_count": 2,
                "leading_dense_block_count": 1,
            },
            shapes=_SHARED_TWICE,
            others={0: f"{_LATENT} attn_q attn_kv_b {GATED}"},
            # llama.cpp takes a model of so many layers for V2 Lite, whose queries have no latent.
            sizes=replace(SMALL, layers=26, kv_heads=SMALL.heads),
        ),
        "V2 Lite, keys and values in one matrix",
        dispatches=11,
        of_others=8,
    ),
    Case(
        model(
            "deepseek2",
            f"{_LATENT} {_OF_QUERIES} attn_k_b attn_v_b ffn_norm {EXPERTS} {SHARED} "
            "exp_probs_b.bias",
            metadata={
                **RMS,
                **_ROUTED,
                **YARN,
                "rope.scaling.yarn_log_multiplier": 0.0707,
                "expert_group_count": 4,
                "expert_group_used_count": 2,
            },
            shapes=_SHARED_TWICE,
            others={0: f"{_LATENT} {_OF_QUERIES} attn_k_b attn_v_b {GATED}"},
        ),
        "latents of queries, groups of experts, YaRN",
        dispatches=12,
        of_others=9,
    ),
    Case(
        model(
            "deepseek",
            f"{ATTENTION} ffn_norm {EXPERTS} {SHARED}",
            metadata={
                **RMS,
                **MIXTURE,
                "expert_shared_count": 2,
                "leading_dense_block_count": 1,
            },
            shapes=_SHARED_TWICE,
            others={0: PLAIN},
        ),
        dispatches=8,
    ),
    Case(
        model(
            "glm4moe",
            f"{ATTENTION} attn_q.bias attn_k.bias attn_v.bias {HEAD_NORMS} post_attention_norm "
            f"{EXPERTS} {SHARED} exp_probs_b.bias",
            metadata={
                **RMS,
                **_ROUTED,
                "expert_gating_func": 0,
                "rope.dimension_count": 8,
                "nextn_predict_layers": 1,
            },
            shapes=_SHARED_TWICE,
            others={
                0: f"{ATTENTION} attn_q.bias attn_k.bias attn_v.bias {HEAD_NORMS} "
                "post_attention_norm ffn_gate ffn_up ffn_down",
                3: f"{ATTENTION} attn_q.bias attn_k.bias attn_v.bias {HEAD_NORMS} "
                f"post_attention_norm {EXPERTS} {SHARED} exp_probs_b.bias nextn.eh_proj "
                "nextn.enorm nextn.hnorm",
            },
            sizes=replace(SMALL, layers=4),
        ),
        "partial RoPE, a layer that predicts further tokens",
        dispatches=8,
    ),
    Case(
        model(
            "dots1",
            f"{ATTENTION} {HEAD_NORMS} ffn_norm {EXPERTS} {SHARED} exp_probs_b.bias",
            metadata={**RMS, **_ROUTED},
            shapes=_SHARED_TWICE,
            others={0: f"{PLAIN} {HEAD_NORMS}"},
            sizes=replace(SMALL, kv_heads=SMALL.heads),
        ),
        dispatches=8,
    ),
    Case(
        model(
            "bailingmoe",
            f"{ATTENTION} ffn_norm {EXPERTS} {SHARED}",
            metadata={
                **RMS,
                **MIXTURE,
                "expert_shared_count": 2,
                "expert_weights_norm": True,
            },
            shapes=_SHARED_TWICE,
        ),
        dispatches=8,
    ),
    Case(
        model(
            "bailingmoe2",
            f"attn_norm attn_qkv attn_output {HEAD_NORMS} ffn_norm {EXPERTS} {SHARED} "
            "exp_probs_b.bias",
            metadata={
                **RMS,
                **_ROUTED,
                "expert_shared_count": 1,
                "expert_group_count": 4,
                "expert_group_used_count": 2,
            },
            shapes=_SHARED_ONCE,
            others={0: f"attn_norm attn_qkv attn_output {HEAD_NORMS} {GATED}"},
        ),
        "groups of experts",
        dispatches=8,
    ),
    Case(
        model(
            "ernie4_5-moe",
            f"{ATTENTION} ffn_norm {EXPERTS} {SHARED} exp_probs_b.bias",
            outside=TIED,
            metadata={
                **RMS,
                **MIXTURE,
                "expert_shared_feed_forward_length": SMALL.shared,
                "interleave_moe_layer_step": 1,
                "leading_dense_block_count": 1,
            },
            others={0: PLAIN},
        ),
        "shared expert",
        dispatches=8,
    ),
    Case(
        model(
            "hunyuan-moe",
            f"{ATTENTION} {HEAD_NORMS} ffn_norm {EXPERTS} {SHARED}",
            outside=TIED,
            metadata={
                **RMS,
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
        model(
            "minimax-m2",
            f"{ATTENTION} {HEAD_NORMS} ffn_norm {EXPERTS} exp_probs_b.bias",
            metadata={
                **RMS,
                **MIXTURE,
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
        model(
            "gpt-oss",
            f"attn_norm attn_q attn_k attn_v attn_output post_attention_norm attn_sinks {EXPERTS} "
            "attn_q.bias attn_k.bias attn_v.bias attn_output.bias ffn_gate_inp.bias "
            "ffn_gate_exps.bias ffn_up_exps.bias ffn_down_exps.bias",
            metadata={**RMS, **MIXTURE, **WINDOW, **YARN},
        ),
        "sinks, windows, YaRN",
        dispatches=7,
    ),
)
