"""The entries, each after llama.cpp's loader and graph of the architecture (src/models)."""

from __future__ import annotations

from foundry.models.architectures.architecture import Architecture, HeadNorm, Norms, Pairing

_WINDOW = {"attention.sliding_window": 0, "rope.freq_base_swa": None}
_LAYER_NORM = "attention.layer_norm_epsilon"

_ENTRIES = (
    Architecture(
        "llama",
        "Llama 2 to 3.3, Mistral, TinyLlama, Yi, SmolLM 1 and 2",
        keys={"attention.scale": 0.0, "attention.sliding_window": 0},
    ),
    Architecture("qwen2", "Qwen 2 and 2.5", pairing=Pairing.HALVES),
    Architecture("qwen3", "Qwen 3", pairing=Pairing.HALVES, head_norm=HeadNorm.EACH),
    Architecture(
        "gemma",
        "Gemma",
        pairing=Pairing.HALVES,
        activation="Gelu",
        embedding_scaled=True,
    ),
    Architecture(
        "gemma3",
        "Gemma 3",
        norms=Norms.AROUND,
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        unscaled_windows=True,
        activation="Gelu",
        embedding_scaled=True,
        scored_by_width=(62,),
        keys={
            "attention.sliding_window": 0,
            "attention.sliding_window_pattern": 6,
            "rope.freq_base_swa": 10000.0,
        },
    ),
    Architecture(
        "smollm3",
        "SmolLM 3",
        unturned=4,
        keys={"attention.scale": 0.0},
    ),
    Architecture(
        "mistral3",
        "Ministral 3",
        keys={"attention.scale": 0.0, "attention.temperature_scale": 0.0},
    ),
    Architecture(
        "olmo2",
        "OLMo 2 and 3",
        norms=Norms.AFTER,
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.ROW,
        unscaled_windows=True,
        keys={**_WINDOW, "attention.sliding_window_pattern": 4},
    ),
    Architecture(
        "exaone4",
        "EXAONE 4",
        norms=Norms.AFTER,
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        turned_windows=True,
        keys={**_WINDOW, "attention.sliding_window_pattern": 4},
    ),
    Architecture(
        "seed_oss",
        "Seed-OSS",
        feed_forward_norm=("post_attention_norm",),
        pairing=Pairing.HALVES,
        keys={"attention.scale": 0.0},
    ),
    Architecture(
        "hunyuan-dense",
        "Hunyuan dense",
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.TURNED,
    ),
    Architecture("ernie4_5", "ERNIE 4.5 0.3B"),
    Architecture(
        "glm4",
        "GLM 4 0414",
        norms=Norms.AROUND,
        fused_gate=True,
    ),
    Architecture(
        "stablelm",
        "StableLM 3B, 2 1.6B",
        norm_epsilon=_LAYER_NORM,
        feed_forward_norm=("ffn_norm", "attn_norm"),
        pairing=Pairing.HALVES,
    ),
    Architecture(
        "starcoder2",
        "StarCoder 2",
        norm_epsilon=_LAYER_NORM,
        pairing=Pairing.HALVES,
        activation="Gelu",
        gated=False,
    ),
    Architecture(
        "phi2",
        "Phi 1.5 and 2",
        norm_epsilon=_LAYER_NORM,
        feed_forward_norm=("attn_norm",),
        pairing=Pairing.HALVES,
        activation="Gelu",
        gated=False,
    ),
    Architecture(
        "gptneox",
        "GPT-NeoX, Pythia",
        norm_epsilon=_LAYER_NORM,
        pairing=Pairing.HALVES,
        activation="Gelu",
        gated=False,
        keys={"use_parallel_residual": True},
    ),
    Architecture(
        "falcon",
        "Falcon 7B and 40B",
        norm_epsilon=_LAYER_NORM,
        attention_norm=("attn_norm_2", "attn_norm"),
        feed_forward_norm=("attn_norm",),
        parallel=True,
        pairing=Pairing.HALVES,
        activation="Gelu",
        gated=False,
    ),
    Architecture(
        "gpt2",
        "GPT-2",
        norm_epsilon=_LAYER_NORM,
        pairing=None,
        activation="Gelu",
        gated=False,
    ),
    Architecture("phi3", "Phi 3, 3.5, 4 and 4 mini", pairing=Pairing.HALVES, fused_gate=True),
)

ARCHITECTURES = {entry.name: entry for entry in _ENTRIES}
