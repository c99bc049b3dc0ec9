"""Small models of random weights as `transformers` saves and evaluates them, in float64.

A program of an environment of its own: `python transformers_reference.py FOLDER TOKEN...` makes a
folder of each case in FOLDER, with the tokens' logits beside it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

VOCABULARY = 272
BASE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 96,
    "intermediate_size": 136,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": None,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "original_max_position_embeddings": 128,
}
WIDE = {"head_dim": 32}
WINDOW = {"sliding_window": 24}
GEMMA = {**WIDE, "query_pre_attn_scalar": 32}
DELTA_NET = {
    "num_hidden_layers": 4,
    "layer_types": ["linear_attention", "linear_attention", "full_attention", "linear_attention"],
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 6,
    "linear_key_head_dim": 24,
    "linear_value_head_dim": 24,
}

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {"rope_theta": 5000.0}),
    "llama, tied, with factors": (
        "Llama",
        {**WIDE, "tie_word_embeddings": True, "rope_parameters": LLAMA3},
    ),
    "llama, biased": ("Llama", {"attention_bias": True, "mlp_bias": True}),
    "mistral": ("Mistral", WINDOW),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3", WIDE),
    "qwen3, yarn": ("Qwen3", {**WIDE, "rope_parameters": YARN}),
    "gemma": ("Gemma", WIDE),
    "gemma2": ("Gemma2", {**GEMMA, **WINDOW}),
    "gemma3": ("Gemma3", {**GEMMA, **WINDOW, "num_hidden_layers": 7}),
    "smollm3": ("SmolLM3", {"num_hidden_layers": 5}),
    "granite": (
        "Granite",
        {
            "attention_multiplier": 0.3,
            "embedding_multiplier": 2.0,
            "residual_multiplier": 0.5,
            "logits_scaling": 3.0,
        },
    ),
    "olmo2": ("Olmo2", {}),
    "olmo3": ("Olmo3", {**WINDOW, "num_hidden_layers": 5}),
    "hunyuan": ("HunYuanDenseV1", WIDE),
    "phi2": ("Phi", {"num_key_value_heads": 6}),
    "phi3": ("Phi3", {}),
    "command-r": ("Cohere", {"logit_scale": 0.25}),
    "cohere2": ("Cohere2", {**WINDOW, "num_hidden_layers": 5, "logit_scale": 0.25}),
    "glm4": ("Glm4", {"head_dim": 32}),
    "arcee": ("Arcee", {}),
    "exaone4": ("Exaone4", {**WINDOW, "num_hidden_layers": 5, "sliding_window_pattern": 4}),
    "seed_oss": ("SeedOss", WIDE),
    "ernie4_5": ("Ernie4_5", {"head_dim": 16}),
    "starcoder2": ("Starcoder2", {}),
    "stablelm": ("StableLm", {}),
    "gptneox": ("GPTNeoX", {}),
    "gpt2": ("GPT2", {}),
    "falcon": ("Falcon", {"num_kv_heads": 6, "alibi": False, "multi_query": True}),
    "falcon, two norms": (
        "Falcon",
        {"num_kv_heads": 2, "new_decoder_architecture": True, "bias": True},
    ),
    "apertus": ("Apertus", {"rope_parameters": LLAMA3}),
    "gpt-oss": (
        "GptOss",
        {
            **WIDE,
            **WINDOW,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "num_hidden_layers": 4,
            "rope_parameters": YARN,
        },
    ),
    "gpt-oss, mxfp4": (
        "GptOss",
        {
            **WIDE,
            **WINDOW,
            "intermediate_size": 160,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
        },
    ),
    "mixtral": ("Mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen2moe": (
        "Qwen2Moe",
        {
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 64,
            "shared_expert_intermediate_size": 80,
            "norm_topk_prob": False,
        },
    ),
    "qwen3moe": (
        "Qwen3Moe",
        {
            **WIDE,
            "num_experts": 8,
            "num_experts_per_tok": 3,
            "moe_intermediate_size": 64,
            "norm_topk_prob": True,
        },
    ),
    "qwen3next": (
        "Qwen3Next",
        {
            **WIDE,
            **DELTA_NET,
            "num_experts": 8,
            "num_experts_per_tok": 3,
            "moe_intermediate_size": 64,
            "shared_expert_intermediate_size": 80,
        },
    ),
    "qwen35": ("Qwen3_5", {**WIDE, **DELTA_NET, "tie_word_embeddings": True}),
    "qwen35, images": ("Qwen3_5ForConditionalGeneration", {**WIDE, **DELTA_NET}),
    "qwen35moe, images": (
        "Qwen3_5MoeForConditionalGeneration",
        {
            **WIDE,
            **DELTA_NET,
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 64,
            "shared_expert_intermediate_size": 80,
        },
    ),
    "qwen35moe": (
        "Qwen3_5Moe",
        {
            **WIDE,
            **DELTA_NET,
            "num_experts": 8,
            "num_experts_per_tok": 3,
            "moe_intermediate_size": 64,
            "shared_expert_intermediate_size": 80,
        },
    ),
    "olmoe": ("Olmoe", {"num_experts": 8, "num_experts_per_tok": 3, "norm_topk_prob": False}),
}
"""The name of a class, without a usual suffix, and what its configuration has beside or in place of
BASE; of a class for images, too, its language model's."""

IMAGES = {"depth": 1, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2}

GPT2 = {"vocab_size": VOCABULARY, "n_embd": 96, "n_layer": 3, "n_head": 6, "n_positions": 512}


def _model(case: str) -> Any:
    import transformers

    name, settings = CASES[case]
    plain = {"bos_token_id": None, "eos_token_id": 0, **GPT2} if name == "GPT2" else BASE
    if name.endswith("ForConditionalGeneration"):
        base = getattr(transformers, name.removesuffix("ForConditionalGeneration") + "Config")
        parts = {"text_config": {**plain, **settings}, "vision_config": IMAGES}
        tied = settings.get("tie_word_embeddings", False)
        return getattr(transformers, name)(base(**parts, tie_word_embeddings=tied))
    kind = f"{name}Text" if name in ("Gemma3", "Qwen3_5", "Qwen3_5Moe") else name
    configuration = getattr(transformers, f"{kind}Config")(**{**plain, **settings})
    configuration._attn_implementation = "eager"
    suffix = "LMHeadModel" if name == "GPT2" else "ForCausalLM"
    return getattr(transformers, name + suffix)(configuration)


def _randomise(model: Any) -> None:
    """Norms near 1, biases that count, queries and keys that make attention look somewhere."""
    import torch

    torch.manual_seed(5)
    for name, parameter in model.named_parameters():
        noise = torch.randn_like(parameter)
        if parameter.ndim == 1:
            parameter.data = 0.2 * noise + (("norm" in name or "ln_" in name) and "weight" in name)
        elif "embed" in name or "wte" in name or "wpe" in name:
            parameter.data = noise
        else:
            strong = 2 if "q_proj" in name or "k_proj" in name else 1
            parameter.data = noise * (strong / parameter.shape[-1] ** 0.5)


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<|end|>", *alphabet, "ab", "abc", "Ġa"]
    merges = [("a", "b"), ("ab", "c"), ("Ġ", "a")]
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}))


def _to_mxfp4(folder: Path) -> None:
    """The experts' weights become random codes and scales, as gpt-oss is distributed."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, values in load_file(folder / "model.safetensors").items():
        if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            tensors[name] = values
            continue
        experts, inputs, outputs = values.shape
        shape = (experts, outputs, inputs // 32)
        tensors[f"{name}_blocks"] = torch.randint(0, 256, (*shape, 16), dtype=torch.uint8)
        tensors[f"{name}_scales"] = torch.randint(121, 126, shape, dtype=torch.uint8)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    configuration = json.loads((folder / "config.json").read_text())
    configuration["quantization_config"] = {
        "quant_method": "mxfp4",
        "modules_to_not_convert": ["self_attn", "router", "model.embed_tokens", "lm_head"],
    }
    (folder / "config.json").write_text(json.dumps(configuration))


def write(folder: Path, case: str, tokens: list[int]) -> None:
    import numpy as np
    import torch
    from transformers import Mxfp4Config

    model = _model(case)
    _randomise(model)
    model.tie_weights()
    is_quantised = "mxfp4" in case
    size = "1GB" if is_quantised else "200KB"
    model.to(torch.bfloat16).save_pretrained(folder, max_shard_size=size)
    _tokenizer(folder)
    if is_quantised:
        _to_mxfp4(folder)
    # Read anew: that cast has rounded RoPE's frequencies, too.
    model = type(model).from_pretrained(
        folder,
        dtype=torch.float64,
        attn_implementation="eager",
        experts_implementation="eager",
        quantization_config=Mxfp4Config(dequantize=True) if is_quantised else None,
    )
    with torch.no_grad():
        logits = model.eval()(torch.tensor([tokens])).logits[0]
    np.save(folder / "logits.npy", logits.numpy())


if __name__ == "__main__":
    for case in CASES:
        write(Path(sys.argv[1]) / case, case, [int(token) for token in sys.argv[2:]])
