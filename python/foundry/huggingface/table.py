"""The models that folders hold, by the class that `config.json` names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FolderModel:
    """How a class's configuration and tensors become those of a GGUF architecture."""

    architecture: str
    """`general.architecture`."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """GGUF's keys, without the prefix, and the configuration's: beside those that all have."""
    constants: Mapping[str, Any] = field(default_factory=dict)
    """Keys that are no matter of configuration."""
    activations: tuple[str, ...] = ("silu",)
    """What the architecture computes, by the configuration's names."""
    pairs_neighbours: bool = False
    """GGUF has the rows of queries and keys in RoPE's other pairing."""
    norms_from_one: bool = False
    """A norm's weights are what is added to 1."""
    fused_by_head: bool = False
    """Rows of queries, keys and values lie head by head in one matrix."""
    transposed: tuple[str, ...] = ()
    """Matrices that are stored (inputs, outputs), by GGUF's name."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """The configuration's values that the architecture has built in; others are refused."""


_SCALES = {
    "attention.scale": "attention_multiplier",
    "embedding_scale": "embedding_multiplier",
    "residual_scale": "residual_multiplier",
    "logit_scale": "logits_scaling",
}
_TANH = ("gelu_pytorch_tanh", "gelu_new", "gelu_fast", "gelu")
"""GELU's tanh form, which GGUF's architectures have for all of them, as llama.cpp does."""
_CAPS = {
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
}

MODELS: Mapping[str, FolderModel] = {
    "LlamaForCausalLM": FolderModel("llama", pairs_neighbours=True),
    "MistralForCausalLM": FolderModel("llama", pairs_neighbours=True),
    "MixtralForCausalLM": FolderModel("llama", pairs_neighbours=True),
    "SmolLM3ForCausalLM": FolderModel("smollm3", pairs_neighbours=True),
    "GraniteForCausalLM": FolderModel("granite", keys=_SCALES, pairs_neighbours=True),
    "Qwen2ForCausalLM": FolderModel("qwen2"),
    "Qwen3ForCausalLM": FolderModel("qwen3"),
    "Qwen2MoeForCausalLM": FolderModel("qwen2moe", fixed={"norm_topk_prob": False}),
    "Qwen3MoeForCausalLM": FolderModel("qwen3moe", fixed={"norm_topk_prob": True}),
    "OlmoeForCausalLM": FolderModel("olmoe", fixed={"norm_topk_prob": False}),
    "GemmaForCausalLM": FolderModel("gemma", activations=_TANH, norms_from_one=True),
    "Gemma2ForCausalLM": FolderModel("gemma2", activations=_TANH, keys=_CAPS, norms_from_one=True),
    "Gemma3ForCausalLM": FolderModel(
        "gemma3",
        activations=_TANH,
        keys=_CAPS,
        norms_from_one=True,
        fixed={"attn_logit_softcapping": None},
    ),
    "Olmo2ForCausalLM": FolderModel("olmo2"),
    "Olmo3ForCausalLM": FolderModel("olmo2"),
    "PhiForCausalLM": FolderModel("phi2", activations=_TANH),
    "Phi3ForCausalLM": FolderModel("phi3"),
    "CohereForCausalLM": FolderModel("command-r", keys={"logit_scale": "logit_scale"}),
    "Cohere2ForCausalLM": FolderModel("cohere2", keys={"logit_scale": "logit_scale"}),
    "Glm4ForCausalLM": FolderModel("glm4"),
    "ArceeForCausalLM": FolderModel("arcee", activations=("relu2",), pairs_neighbours=True),
    "Exaone4ForCausalLM": FolderModel("exaone4"),
    "SeedOssForCausalLM": FolderModel("seed_oss"),
    "HunYuanDenseV1ForCausalLM": FolderModel("hunyuan-dense"),
    "Ernie4_5ForCausalLM": FolderModel("ernie4_5"),
    "Starcoder2ForCausalLM": FolderModel("starcoder2", activations=_TANH),
    "StableLmForCausalLM": FolderModel("stablelm", constants={"use_parallel_residual": False}),
    "GPTNeoXForCausalLM": FolderModel(
        "gptneox",
        keys={"use_parallel_residual": "use_parallel_residual"},
        constants={"attention.head_count_kv": None},
        activations=_TANH,
        fused_by_head=True,
    ),
    "GPT2LMHeadModel": FolderModel(
        "gpt2", activations=_TANH, transposed=("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    ),
}
