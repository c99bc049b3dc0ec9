"""The models that folders hold, by the class that `config.json` names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any


class DeltaNet(Enum):
    """Where GGUF has the heads of values that share a key."""

    NEIGHBOURS = "side by side, as folders have them"
    IN_TURNS = "in turns: the first of each key, then the second of each"


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
    """Rows of queries, keys and values lie head by head in one matrix, or those of the queries that
    share a key, then its and its value's."""
    kv_heads: str = "num_key_value_heads"
    """Where the configuration has how many heads keys have; nowhere: as many as queries."""
    alternating_experts: bool = False
    """Gate and up of all experts are one tensor, in which they alternate."""
    transposed: tuple[str, ...] = ()
    """Matrices that are stored (inputs, outputs), by GGUF's name."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Patterns of tensors' names, and what takes their place before GGUF's are looked up, or is
    GGUF's itself."""
    passed_over: str = ""
    """Pattern of what the architecture has no use for: heads that it was trained with."""
    position_offset: bool = False
    """Positions of padding come first in the table of them."""
    exact_gelu: bool = False
    """"gelu" is that of the error function, not GGUF's tanh form."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """GGUF's keys where a configuration says nothing."""
    delta_net: DeltaNet | None = None
    """How its delta nets lie."""
    nested: bool = False
    """The language model's configuration is `text_config`, beside those of images."""
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

_QWEN_3_NEXT = FolderModel(
    "qwen3next",
    norms_from_one=True,
    delta_net=DeltaNet.NEIGHBOURS,
    renamed=((r"\.dt_bias$", ".dt_proj.bias"),),
    passed_over=r"mtp\.",
    fixed={"norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": []},
)
_QWEN_3_5 = replace(
    _QWEN_3_NEXT,
    architecture="qwen35",
    delta_net=DeltaNet.IN_TURNS,
    fixed={"attn_output_gate": True},
)
_QWEN_3_5_MOE = replace(_QWEN_3_5, architecture="qwen35moe")
_NESTED: dict[str, Any] = {
    "nested": True,
    "renamed": (*_QWEN_3_NEXT.renamed, (r"^model\.language_model\.", "model.")),
    "passed_over": r"mtp\.|model\.visual\.",
}

_BERT = FolderModel(
    "bert",
    constants={"attention.causal": False},
    activations=("gelu", "gelu_new", "gelu_pytorch_tanh"),
    renamed=(
        (r"^(bert|roberta|distilbert)\.", ""),
        (r"\.gamma$", ".weight"),
        (r"\.beta$", ".bias"),
    ),
    passed_over=r"pooler\.|cls\.(predictions|seq_relationship)\.|lm_head\.|vocab_\w+\.|"
    r".*position_ids$",
    exact_gelu=True,
)
_ROBERTA = replace(_BERT, position_offset=True)
_RANKS = {"attention.causal": False, "pooling_type": 4}
_MODERN_BERT = FolderModel(
    "modern-bert",
    keys={"hidden_activation": "hidden_activation"},
    constants={"attention.causal": False},
    activations=("gelu", "silu"),
    renamed=((r"^model\.", ""),),
    passed_over=r"(head|decoder)\.",
    exact_gelu=True,
    fixed={"norm_bias": False, "attention_bias": False, "mlp_bias": False},
)
ENCODERS: Mapping[str, FolderModel] = {
    "BertModel": _BERT,
    "BertForMaskedLM": _BERT,
    "BertForSequenceClassification": replace(
        _BERT,
        constants=_RANKS,
        renamed=(*_BERT.renamed, (r"^pooler\.dense\.", "cls."), (r"^classifier\.", "cls.output.")),
    ),
    "DistilBertModel": replace(
        _BERT, constants={**_BERT.constants, "attention.layer_norm_epsilon": 1e-12}
    ),
    "RobertaModel": _ROBERTA,
    "CamembertModel": _ROBERTA,
    "XLMRobertaModel": _ROBERTA,
    "RobertaForSequenceClassification": replace(_ROBERTA, constants=_RANKS),
    "XLMRobertaForSequenceClassification": replace(_ROBERTA, constants=_RANKS),
    "NomicBertModel": FolderModel(
        "nomic-bert",
        constants={"attention.causal": False},
        activations=("silu", "swiglu"),
        renamed=(
            (r"^layers\.(\d+)\.self_attn\.([qkv])_proj\.", r"blk.\1.attn_\2."),
            (r"^layers\.(\d+)\.post_attention_layernorm\.", r"blk.\1.attn_output_norm."),
            (r"^layers\.(\d+)\.post_mlp_layernorm\.", r"blk.\1.layer_output_norm."),
        ),
        passed_over=_BERT.passed_over,
        fixed={"prenorm": False, "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": False},
    ),
    "ModernBertModel": _MODERN_BERT,
    "ModernBertForMaskedLM": _MODERN_BERT,
    "ModernBertForSequenceClassification": replace(
        _MODERN_BERT,
        keys={**_MODERN_BERT.keys, "classifier.pooling_type": "classifier_pooling"},
        constants=_RANKS,
        renamed=(
            *_MODERN_BERT.renamed,
            (r"^head\.dense\.", "cls."),
            (r"^head\.norm\.", "cls.norm."),
            (r"^classifier\.", "cls.output."),
        ),
        fixed={**_MODERN_BERT.fixed, "classifier_activation": "gelu"},
    ),
    "EuroBertModel": FolderModel("eurobert", constants={"attention.causal": False}),
    "Gemma3TextModel": FolderModel(
        "gemma-embedding",
        constants={"attention.causal": False},
        activations=_TANH,
        norms_from_one=True,
        fixed={"use_bidirectional_attention": True},
    ),
}
"""Models that embed texts."""

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
        kv_heads="",
        activations=_TANH,
        fused_by_head=True,
    ),
    "Qwen3NextForCausalLM": _QWEN_3_NEXT,
    "Qwen3_5ForCausalLM": _QWEN_3_5,
    "Qwen3_5MoeForCausalLM": _QWEN_3_5_MOE,
    "Qwen3_5ForConditionalGeneration": replace(_QWEN_3_5, **_NESTED),
    "Qwen3_5MoeForConditionalGeneration": replace(_QWEN_3_5_MOE, **_NESTED),
    **ENCODERS,
    "FalconForCausalLM": FolderModel(
        "falcon",
        keys={"feed_forward_length": "ffn_hidden_size"},
        activations=_TANH,
        fused_by_head=True,
        kv_heads="num_kv_heads n_head_kv",
        defaults={"context_length": 2048},
        fixed={"alibi": False, "parallel_attn": True},
    ),
    "ApertusForCausalLM": FolderModel("apertus", activations=("xielu",)),
    "GptOssForCausalLM": FolderModel(
        "gpt-oss",
        keys={"expert_feed_forward_length": "intermediate_size"},
        alternating_experts=True,
        fixed={"swiglu_limit": 7.0, "swiglu_alpha": 1.702},
    ),
    "GPT2LMHeadModel": FolderModel(
        "gpt2", activations=_TANH, transposed=("attn_qkv", "attn_output", "ffn_up", "ffn_down")
    ),
}
