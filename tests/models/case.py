"""What the architectures' files have in common, and what is compared of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from writer import SMALL, Model

ATTENTION = "attn_norm attn_q attn_k attn_v attn_output"
GATED = "ffn_norm ffn_gate ffn_up ffn_down"
PLAIN = f"{ATTENTION} {GATED}"
HEAD_NORMS = "attn_q_norm attn_k_norm"
FUSED_GATE = "ffn_norm ffn_up ffn_down"
EXPERTS = "ffn_gate_inp ffn_gate_exps ffn_up_exps ffn_down_exps"
SHARED = "ffn_gate_shexp ffn_up_shexp ffn_down_shexp"
TIED = "token_embd output_norm"
RMS = {"attention.layer_norm_rms_epsilon": 1e-5}
LAYER = {"attention.layer_norm_epsilon": 1e-5}
WINDOW = {"attention.sliding_window": 20}
YARN = {
    "rope.scaling.type": "yarn",
    "rope.scaling.factor": 8.0,
    "rope.scaling.original_context_length": 64,
}
MIXTURE = {
    "expert_count": 7,
    "expert_used_count": 3,
    "expert_feed_forward_length": SMALL.expert,
}
FUSED_SHAPES = {"ffn_up": (2 * SMALL.inner, SMALL.hidden)}


@dataclass(frozen=True)
class Case:
    """A model, and the dispatches of a layer that one token takes."""

    model: Model
    what: str = "plain"
    dispatches: int = 5
    of_others: int | Mapping[int, int] = 5
    """Dispatches of the layers that `model.others` has."""

    @property
    def name(self) -> str:
        return f"{self.model.architecture}: {self.what}"

    def of_layer(self, layer: int) -> int:
        if layer not in self.model.others:
            return self.dispatches
        return self.of_others if isinstance(self.of_others, int) else self.of_others[layer]


def model(architecture: str, tensors: str, **more: Any) -> Model:
    return Model(architecture, tensors, **{"metadata": RMS, **more})
