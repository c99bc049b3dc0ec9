"""States beside attention or in its place: convolutions, Mamba 2, delta nets."""

from __future__ import annotations

from typing import Any

from foundry.models.architectures.architecture import (
    Architecture,
    HeadNorm,
    Mixture,
    Pairing,
    Recurrence,
)
from foundry.models.architectures.keys import APPENDED, GRANITE, LAYER_NORM

_SSM = dict.fromkeys(
    (
        "ssm.conv_kernel",
        "ssm.inner_size",
        "ssm.state_size",
        "ssm.time_step_rank",
        "ssm.group_count",
    )
)
_DELTA_NET: dict[str, Any] = {
    "pairing": Pairing.HALVES,
    "head_norm": HeadNorm.EACH,
    "feed_forward_norm": ("post_attention_norm",),
    "gated_attention": True,
    "recurrence": Recurrence.DELTA_NET,
}
_INTERVAL = {
    **_SSM,
    **APPENDED,
    "attention.scale": 0.0,
    "attention.recurrent_layers": None,
    "full_attention_interval": 4,
}
_SECTIONS = {"rope.dimension_sections": None}

RECURRENT = (
    Architecture(
        "lfm2",
        "LFM 2 and 2.5",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        recurrence=Recurrence.SHORT_CONV,
        output_norm="token_embd_norm",
        keys={"shortconv.l_cache": None},
    ),
    Architecture(
        "lfm2moe",
        "LFM 2 8B-A1B",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        recurrence=Recurrence.SHORT_CONV,
        mixture=Mixture("sigmoid"),
        output_norm="token_embd_norm",
        keys={
            "shortconv.l_cache": None,
            "leading_dense_block_count": 0,
            "expert_gating_func": 0,
        },
    ),
    Architecture(
        "qwen3next", "Qwen 3 Next 80B-A3B", **_DELTA_NET, mixture=Mixture(), keys=_INTERVAL
    ),
    Architecture(
        "qwen35",
        "Qwen 3.5 and 3.6 dense",
        **_DELTA_NET,
        tiled_heads=True,
        keys={**_INTERVAL, **_SECTIONS},
    ),
    Architecture(
        "qwen35moe",
        "Qwen 3.5 and 3.6 MoE",
        **_DELTA_NET,
        tiled_heads=True,
        mixture=Mixture(),
        keys={**_INTERVAL, **_SECTIONS},
    ),
    Architecture("mamba2", "Mamba 2, Codestral Mamba", recurrence=Recurrence.MAMBA2, keys=_SSM),
    Architecture(
        "granitehybrid",
        "Granite 4 H",
        recurrence=Recurrence.MAMBA2,
        logits_divided=True,
        mixture=Mixture(),
        keys={**GRANITE, **_SSM, "rope.scaling.finetuned": True},
    ),
    Architecture(
        "falcon-h1",
        "Falcon H1",
        pairing=Pairing.HALVES,
        recurrence=Recurrence.MAMBA2,
        recurs_beside=True,
        keys={**_SSM, "attention.scale": 0.0},
    ),
    Architecture(
        "nemotron_h",
        "Nemotron H, Nemotron Nano 2",
        feed_forward_norm=("attn_norm",),
        unturned=1,
        recurrence=Recurrence.MAMBA2,
        parts_alone=True,
        activation="ReluSquared",
        gated=False,
        keys={**_SSM, LAYER_NORM: None},
    ),
)
