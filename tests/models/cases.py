"""The architectures, each as the files that people have of it differ."""

from __future__ import annotations

from writer import Model

_ATTENTION = "attn_norm attn_q attn_k attn_v attn_output"
_GATED = "ffn_norm ffn_gate ffn_up ffn_down"
_RMS = {"attention.layer_norm_rms_epsilon": 1e-5}

CASES: dict[str, Model] = {
    "llama": Model("llama", f"{_ATTENTION} {_GATED}", metadata=_RMS),
    "llama, tied, with rope factors": Model(
        "llama",
        f"{_ATTENTION} {_GATED}",
        outside="token_embd output_norm rope_freqs",
        metadata={**_RMS, "rope.freq_base": 500000.0},
    ),
    "llama, yarn": Model(
        "llama",
        f"{_ATTENTION} {_GATED}",
        metadata={
            **_RMS,
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 8.0,
            "rope.scaling.original_context_length": 64,
        },
    ),
    "llama, biases": Model(
        "llama",
        f"{_ATTENTION} {_GATED} attn_q.bias attn_k.bias attn_v.bias attn_output.bias "
        "ffn_gate.bias ffn_up.bias ffn_down.bias",
        metadata=_RMS,
    ),
}
