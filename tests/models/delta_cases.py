"""The architectures whose recurrent layers are delta nets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from case import EXPERTS, HEAD_NORMS, MIXTURE, RMS, SHARED, Case
from writer import SMALL, Model

_SIZE, _KEY_HEADS, _HEADS, _TAPS = 22, 3, 9, 4
_INNER = _HEADS * _SIZE
_CHANNELS = 2 * _KEY_HEADS * _SIZE + _INNER
_DENSE = "ffn_gate ffn_up ffn_down"
_EXPERTS = f"{EXPERTS} ffn_gate_inp_shexp {SHARED}"
_NORMS = "attn_norm post_attention_norm"
_ATTENTION = f"{_NORMS} attn_q attn_k attn_v attn_output {HEAD_NORMS}"
_DELTA = f"{_NORMS} attn_qkv attn_gate ssm_conv1d ssm_dt.bias ssm_a ssm_norm ssm_out"
_METADATA = {
    **RMS,
    "rope.dimension_count": 8,
    "ssm.conv_kernel": _TAPS,
    "ssm.inner_size": _INNER,
    "ssm.state_size": _SIZE,
    "ssm.time_step_rank": _HEADS,
    "ssm.group_count": _KEY_HEADS,
}
_THIRD = {"full_attention_interval": 3}
_SECTIONS = {"rope.dimension_sections": [2, 1, 1, 0]}
_MIXTURE = {
    **MIXTURE,
    "expert_shared_feed_forward_length": SMALL.shared,
}
_SHAPES = {
    "attn_q": (2 * SMALL.query, SMALL.hidden),
    "attn_qkv": (_CHANNELS, SMALL.hidden),
    "attn_gate": (_INNER, SMALL.hidden),
    "ssm_conv1d": (_CHANNELS, _TAPS),
    "ssm_dt.bias": (_HEADS,),
    "ssm_a": (_HEADS,),
    "ssm_norm": (_SIZE,),
    "ssm_out": (SMALL.hidden, _INNER),
    "ssm_ba": (2 * _HEADS, SMALL.hidden),
    "ssm_alpha": (_HEADS, SMALL.hidden),
    "ssm_beta": (_HEADS, SMALL.hidden),
}


def _model(
    architecture: str, rates: str, mlp: str, attends: tuple[int, ...] = (2,), **more: Any
) -> Model:
    own: dict[str, Any] = {
        "sizes": replace(SMALL, layers=4),
        "shapes": _SHAPES,
        "others": dict.fromkeys(attends, f"{_ATTENTION} {mlp}"),
    }
    return Model(architecture, f"{_DELTA} {rates} {mlp}", **{**own, **more})


DELTA_CASES = (
    Case(
        _model("qwen3next", "ssm_ba", _EXPERTS, metadata={**_METADATA, **_THIRD, **_MIXTURE}),
        "gated attention in every third layer",
        dispatches=10,
        of_others=9,
    ),
    Case(
        _model(
            "qwen35",
            "ssm_alpha ssm_beta",
            _DENSE,
            outside="token_embd output_norm",
            metadata={**_METADATA, **_THIRD, **_SECTIONS},
        ),
        "gated attention in every third layer",
        dispatches=7,
        of_others=6,
    ),
    Case(
        _model(
            "qwen35",
            "ssm_alpha ssm_beta",
            _DENSE,
            (0, 3),
            metadata={
                **_METADATA,
                **_SECTIONS,
                "attention.recurrent_layers": [False, True, True, False],
            },
        ),
        "layers by name",
        dispatches=7,
        of_others=6,
    ),
    Case(
        _model(
            "qwen35moe",
            "ssm_alpha ssm_beta",
            _EXPERTS,
            (3,),
            metadata={**_METADATA, **_SECTIONS, **_MIXTURE},
        ),
        "shared expert",
        dispatches=10,
        of_others=9,
    ),
)
