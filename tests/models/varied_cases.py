"""Dense models whose scales, MLPs, norms, positions or names are unlike Llama's."""

from __future__ import annotations

from dataclasses import replace

from case import (
    ATTENTION,
    FUSED_GATE,
    FUSED_SHAPES,
    HEAD_NORMS,
    LAYER,
    PLAIN,
    RMS,
    TIED,
    WINDOW,
    YARN,
    Case,
    model,
)
from writer import SMALL

_LAYER_NORMS = "attn_norm.bias ffn_norm.bias"
_OUTSIDE = "token_embd output_norm output_norm.bias output"
_QKV = "attn_norm attn_norm.bias attn_qkv attn_output"
_QKV_BIASES = "attn_qkv.bias attn_output.bias"
_DENSE = "ffn_up ffn_down"
_DENSE_BIASES = "ffn_up.bias ffn_down.bias"

VARIED_CASES = (
    Case(
        model(
            "granite",
            PLAIN,
            outside=TIED,
            metadata={
                **RMS,
                "attention.scale": 0.1,
                "embedding_scale": 12.0,
                "residual_scale": 0.22,
                "logit_scale": 8.0,
            },
        ),
        "scales",
    ),
    Case(
        model(
            "granite",
            PLAIN,
            metadata={**RMS, "logit_scale": 8.0, "rope.scaling.finetuned": False},
        ),
        "no RoPE",
    ),
    Case(model("arcee", f"{ATTENTION} ffn_norm {_DENSE}")),
    Case(
        model(
            "apertus",
            f"{ATTENTION} {HEAD_NORMS} ffn_norm {_DENSE}",
            keys={
                "xielu.alpha_p": [0.8, 0.3, -0.5],
                "xielu.alpha_n": [0.8, 0.1, 0.9],
                "xielu.beta": [0.5, 0.4, 0.6],
                "xielu.eps": [-1e-6, -1e-6, -1e-3],
            },
        ),
    ),
    Case(
        model(
            "command-r",
            f"{ATTENTION} ffn_gate {_DENSE}",
            outside=TIED,
            metadata={**LAYER, "logit_scale": 0.25},
        ),
    ),
    Case(
        model(
            "cohere2",
            f"{ATTENTION} ffn_gate {_DENSE}",
            outside=TIED,
            metadata={**LAYER, **WINDOW, "logit_scale": 0.25},
            sizes=replace(SMALL, layers=5),
        ),
        "windows, NoPE layers",
    ),
    Case(
        model(
            "glm4",
            f"{ATTENTION} attn_q.bias attn_k.bias attn_v.bias {FUSED_GATE} "
            "post_attention_norm post_ffw_norm",
            metadata={**RMS, "rope.dimension_count": 8},
            shapes=FUSED_SHAPES,
        ),
        "partial RoPE, fused gate",
    ),
    Case(
        model(
            "stablelm",
            f"{PLAIN} {_LAYER_NORMS} attn_q.bias attn_k.bias attn_v.bias",
            outside=_OUTSIDE,
            metadata={**LAYER, "rope.dimension_count": 4},
        ),
        "partial RoPE",
    ),
    Case(
        model(
            "stablelm",
            f"{PLAIN} {_LAYER_NORMS}",
            outside=_OUTSIDE,
            metadata={**LAYER, **YARN, "rope.dimension_count": 8},
        ),
        "partial YaRN",
    ),
    Case(
        model(
            "stablelm",
            f"{ATTENTION} attn_norm.bias ffn_gate ffn_up ffn_down {HEAD_NORMS}",
            outside=_OUTSIDE,
            metadata={**LAYER, "rope.dimension_count": 4},
            shapes={
                "attn_q_norm": (SMALL.heads, SMALL.head_dim),
                "attn_k_norm": (SMALL.kv_heads, SMALL.head_dim),
            },
        ),
        "parallel, head norms",
    ),
    Case(
        model(
            "stablelm",
            f"{ATTENTION} attn_norm.bias ffn_gate ffn_up ffn_down",
            outside=_OUTSIDE,
            metadata={**LAYER, "rope.dimension_count": 4},
        ),
        "parallel",
    ),
    Case(
        model(
            "starcoder2",
            f"{ATTENTION} {_LAYER_NORMS} ffn_norm {_DENSE} {_DENSE_BIASES} "
            "attn_q.bias attn_k.bias attn_v.bias attn_output.bias",
            outside=f"{TIED} output_norm.bias",
            metadata=LAYER,
        ),
    ),
    Case(
        model(
            "phi2",
            f"{_QKV} {_QKV_BIASES} {_DENSE} {_DENSE_BIASES}",
            outside=f"{_OUTSIDE} output.bias",
            metadata={**LAYER, "rope.dimension_count": 6},
        ),
        "partial RoPE",
    ),
    *(
        Case(
            model(
                "gptneox",
                f"{_QKV} {_QKV_BIASES} ffn_norm ffn_norm.bias {_DENSE} {_DENSE_BIASES}",
                outside=_OUTSIDE,
                metadata={
                    **LAYER,
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
        model(
            "falcon",
            f"{_QKV} {_DENSE}",
            outside=_OUTSIDE,
            metadata=LAYER,
            sizes=replace(SMALL, kv_heads=1),
        ),
        "one norm",
    ),
    Case(
        model(
            "falcon",
            f"{_QKV} attn_norm_2 attn_norm_2.bias {_DENSE}",
            outside=f"{TIED} output_norm.bias",
            metadata=LAYER,
        ),
        "two norms",
    ),
    Case(
        model(
            "gpt2",
            f"{_QKV} {_QKV_BIASES} ffn_norm ffn_norm.bias {_DENSE} {_DENSE_BIASES}",
            outside=f"{TIED} output_norm.bias position_embd",
            metadata=LAYER,
            sizes=replace(SMALL, kv_heads=SMALL.heads),
        ),
        "learned positions",
    ),
    Case(model("internlm2", PLAIN)),
    Case(
        model("exaone", PLAIN, outside="token_embd output_norm rope_freqs"),
        "tied, RoPE factors",
    ),
    Case(
        model(
            "chatglm",
            f"{ATTENTION} attn_q.bias attn_k.bias attn_v.bias {FUSED_GATE}",
            metadata={**RMS, "rope.dimension_count": 8},
            shapes=FUSED_SHAPES,
        ),
        "partial RoPE, fused gate",
    ),
    Case(
        model(
            "nemotron",
            f"{ATTENTION} attn_norm.bias ffn_norm ffn_norm.bias {_DENSE}",
            outside=_OUTSIDE,
            metadata={**LAYER, "rope.dimension_count": 8},
        ),
        "partial RoPE",
    ),
)
