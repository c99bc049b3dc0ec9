"""The architectures that have recurrent layers."""

from __future__ import annotations

from dataclasses import replace

from case import EXPERTS, GATED, HEAD_NORMS, LAYER, MIXTURE, RMS, SHARED, TIED, Case
from delta_cases import DELTA_CASES
from writer import SMALL, Model

_ATTENTION = "attn_q attn_k attn_v attn_output"
_EXPERTS = f"ffn_norm {EXPERTS}"
_CONV = "shortconv.in_proj shortconv.conv shortconv.out_proj"
_PLAIN_SCAN = "ssm_in ssm_conv1d ssm_conv1d.bias ssm_dt.bias ssm_a ssm_d ssm_out"
_SCAN = f"{_PLAIN_SCAN} ssm_norm"
_SCALES = {"attention.scale": 0.1, "embedding_scale": 12.0, "residual_scale": 0.22}
_BARE = "ssm_a ssm_d ffn_norm"
_ONE_GROUP = replace(SMALL, layers=4, scan_groups=1)

RECURRENT_CASES = (
    Case(
        Model(
            "lfm2",
            f"attn_norm {_CONV} {GATED}",
            outside="token_embd token_embd_norm",
            metadata=RMS,
            sizes=replace(SMALL, layers=4, taps=3),
            others={2: f"attn_norm {_ATTENTION} {HEAD_NORMS} {GATED}"},
        ),
        "short convolutions",
    ),
    Case(
        Model(
            "lfm2moe",
            f"attn_norm {_CONV} {_EXPERTS} exp_probs_b.bias",
            outside="token_embd token_embd_norm",
            metadata={
                **RMS,
                **MIXTURE,
                "expert_gating_func": 2,
                "leading_dense_block_count": 1,
            },
            sizes=replace(SMALL, layers=4, taps=3),
            others={
                0: f"attn_norm {_CONV} {GATED}",
                2: f"attn_norm {_ATTENTION} {HEAD_NORMS} {_EXPERTS} exp_probs_b.bias",
            },
        ),
        "short convolutions",
        dispatches=7,
        of_others={0: 5, 2: 7},
    ),
    Case(Model("mamba2", f"attn_norm {_SCAN}", metadata=RMS), "groups of heads", 5),
    Case(Model("mamba2", f"attn_norm {_SCAN}", metadata=RMS, sizes=_ONE_GROUP), "one group", 4),
    Case(
        Model(
            "granitehybrid",
            f"attn_norm {_SCAN} {GATED}",
            metadata={**RMS, **_SCALES, "logit_scale": 8.0, "rope.scaling.finetuned": False},
            sizes=replace(SMALL, layers=4),
            others={1: f"attn_norm {_ATTENTION} {GATED}"},
        ),
        "no RoPE, scales",
        dispatches=7,
    ),
    Case(
        Model(
            "granitehybrid",
            f"attn_norm {_SCAN} {_EXPERTS} {SHARED}",
            outside=TIED,
            metadata={
                **RMS,
                **_SCALES,
                "expert_count": 7,
                "expert_used_count": 3,
                "expert_shared_feed_forward_length": SMALL.shared,
            },
            sizes=_ONE_GROUP,
            others={1: f"attn_norm {_ATTENTION} {_EXPERTS} {SHARED}"},
        ),
        "experts, one group",
        dispatches=9,
        of_others=8,
    ),
    Case(
        Model(
            "falcon-h1",
            f"attn_norm {_ATTENTION} {_PLAIN_SCAN} {GATED}",
            metadata=RMS,
            bare=_BARE,
        ),
        "attention and scan beside each other",
        dispatches=9,
    ),
    Case(
        Model(
            "falcon-h1",
            f"attn_norm {_ATTENTION} {_SCAN} {GATED}",
            outside=TIED,
            metadata=RMS,
            bare=_BARE,
        ),
        "norms of groups",
        dispatches=10,
    ),
    Case(
        Model(
            "nemotron_h",
            f"attn_norm {_SCAN}",
            metadata=LAYER,
            sizes=replace(SMALL, layers=5),
            others={1: "attn_norm ffn_up ffn_down", 3: f"attn_norm {_ATTENTION}"},
        ),
        "layers of one part",
        dispatches=5,
        of_others={1: 2, 3: 3},
    ),
    *DELTA_CASES,
)
