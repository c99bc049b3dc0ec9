"""Architectures that differ from others in a line or two."""

from __future__ import annotations

from writer import SMALL, Model

_ATTENTION = "attn_norm attn_q attn_k attn_v attn_output"
_RMS = {"attention.layer_norm_rms_epsilon": 1e-5}
_PLAIN = f"{_ATTENTION} ffn_norm ffn_gate ffn_up ffn_down"

MODELS = (
    (Model("internlm2", _PLAIN, metadata=_RMS), "plain"),
    (
        Model("exaone", _PLAIN, "token_embd output_norm rope_freqs", metadata=_RMS),
        "tied, RoPE factors",
    ),
    (
        Model(
            "chatglm",
            f"{_ATTENTION} attn_q.bias attn_k.bias attn_v.bias ffn_norm ffn_up ffn_down",
            metadata={**_RMS, "rope.dimension_count": 8},
            shapes={"ffn_up": (2 * SMALL.inner, SMALL.hidden)},
        ),
        "partial RoPE, fused gate",
    ),
    (
        Model(
            "nemotron",
            f"{_ATTENTION} attn_norm.bias ffn_norm ffn_norm.bias ffn_up ffn_down",
            "token_embd output_norm output_norm.bias output",
            metadata={"attention.layer_norm_epsilon": 1e-5, "rope.dimension_count": 8},
        ),
        "partial RoPE",
    ),
)
"""And what is compared."""
