"""Experts, of which each token takes some."""

from __future__ import annotations

from foundry.models.architectures.architecture import Architecture, HeadNorm, Mixture, Pairing
from foundry.models.architectures.keys import APPENDED, GRANITE, WINDOW

_DENSE_FIRST = {"expert_shared_count": 0, "leading_dense_block_count": 0}
_ROUTING = {
    **_DENSE_FIRST,
    "expert_gating_func": 0,
    "expert_weights_norm": False,
    "expert_group_count": 0,
    "expert_group_used_count": 0,
}

MIXTURES = (
    Architecture(
        "qwen2moe",
        "Qwen 1.5 and 2 MoE",
        pairing=Pairing.HALVES,
        mixture=Mixture(normalised=False),
    ),
    Architecture(
        "qwen3moe",
        "Qwen 3 30B-A3B, 235B-A22B",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        mixture=Mixture(),
    ),
    Architecture(
        "deepseek",
        "DeepSeek MoE",
        mixture=Mixture(normalised=False),
        keys={**_DENSE_FIRST, "attention.scale": 0.0},
    ),
    Architecture(
        "deepseek2",
        "DeepSeek V2, V2 Lite, V3 and R1, Kimi K2, GLM 4.7 Flash",
        latent=True,
        mixture=Mixture(normalised=False),
        keys={
            **_ROUTING,
            **APPENDED,
            "attention.q_lora_rank": 0,
            "attention.kv_lora_rank": None,
            "attention.key_length_mla": 0,
            "attention.value_length_mla": 0,
            "attention.temperature_scale": 0.0,
            "attention.temperature_length": 0,
        },
    ),
    Architecture(
        "glm4moe",
        "GLM 4.5, 4.5 Air, 4.6 and 4.7",
        feed_forward_norm=("post_attention_norm",),
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.FOUND,
        mixture=Mixture("sigmoid", normalised=False),
        keys={**_ROUTING, **APPENDED},
    ),
    Architecture(
        "dots1",
        "dots.llm1",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        mixture=Mixture(normalised=False),
        keys=_ROUTING,
    ),
    Architecture(
        "bailingmoe",
        "Ling Lite and Plus",
        mixture=Mixture(normalised=False),
        keys={**_DENSE_FIRST, "expert_weights_norm": False},
    ),
    Architecture(
        "bailingmoe2",
        "Ling 2.0, Ring 2.0",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        mixture=Mixture(normalised=False),
        keys={**_ROUTING, **APPENDED},
    ),
    Architecture(
        "ernie4_5-moe",
        "ERNIE 4.5 21B-A3B, 300B-A47B",
        mixture=Mixture(),
        keys={"leading_dense_block_count": 0, "interleave_moe_layer_step": 1},
    ),
    Architecture(
        "hunyuan-moe",
        "Hunyuan A13B",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.TURNED,
        mixture=Mixture(),
    ),
    Architecture(
        "minimax-m2",
        "MiniMax M2",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.ROW,
        mixture=Mixture(),
        keys={"expert_gating_func": 0},
    ),
    Architecture(
        "gpt-oss",
        "gpt-oss 20B and 120B",
        feed_forward_norm=("post_attention_norm",),
        pairing=Pairing.HALVES,
        activation="ClampedSwiGlu",
        mixture=Mixture("softmax_of_chosen", normalised=False),
        keys={**WINDOW, "attention.sliding_window_pattern": 2},
    ),
    Architecture(
        "olmoe",
        "OLMoE",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.ROW,
        mixture=Mixture(normalised=False),
    ),
    Architecture(
        "granitemoe",
        "Granite 3 MoE",
        logits_divided=True,
        mixture=Mixture(),
        keys=GRANITE,
    ),
)
