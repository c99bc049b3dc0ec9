"""Texts to vectors: BERT and its kind, and language models that look ahead."""

from __future__ import annotations

from typing import Any

from foundry.models.architectures.architecture import (
    Architecture,
    HeadNorm,
    Mixture,
    Norms,
    Pairing,
)
from foundry.models.architectures.keys import LAYER_NORM

_BERT: dict[str, Any] = {
    "norm_epsilon": LAYER_NORM,
    "norms": Norms.SUM,
    "pairing": None,
    "bidirectional": True,
    "embedding_norm": True,
    "output_norm": None,
}

EMBEDDING = (
    Architecture(
        "bert", "BERT, RoBERTa, MiniLM, BGE, E5, GTE", **_BERT, activation="Gelu", gated=False
    ),
    Architecture("nomic-bert", "Nomic Embed 1 and 1.5", **{**_BERT, "pairing": Pairing.HALVES}),
    Architecture(
        "nomic-bert-moe",
        "Nomic Embed 2",
        **{**_BERT, "pairing": Pairing.HALVES},
        activation="Gelu",
        gated=False,
        mixture=Mixture(normalised=False),
        keys={"moe_every_n_layers": 0},
    ),
    Architecture(
        "jina-bert-v2",
        "Jina Embeddings 2",
        **_BERT,
        alibi=8.0,
        activation="Gelu",
        gated=None,
    ),
    Architecture(
        "jina-bert-v3",
        "Jina Embeddings 3",
        **{**_BERT, "pairing": Pairing.HALVES},
        activation="Gelu",
        gated=False,
    ),
    Architecture(
        "modern-bert",
        "ModernBERT",
        norm_epsilon=LAYER_NORM,
        pairing=Pairing.HALVES,
        bidirectional=True,
        embedding_norm=True,
        full_first=True,
        unscaled_windows=True,
        activation="Gelu",
        fused_gate=True,
        keys={
            "attention.sliding_window": 0,
            "attention.sliding_window_pattern": 3,
            "hidden_activation": None,
            "rope.freq_base_swa": 10000.0,
        },
    ),
    Architecture("llama-embed", "Llama Embed Nemotron", bidirectional=True),
    Architecture("eurobert", "EuroBERT", pairing=Pairing.HALVES, bidirectional=True),
    Architecture(
        "neo-bert",
        "NeoBERT",
        bidirectional=True,
        fused_gate=True,
        output_norm="enc.output_norm",
    ),
    Architecture(
        "gemma-embedding",
        "EmbeddingGemma",
        norms=Norms.AROUND,
        pairing=Pairing.HALVES,
        head_norm=HeadNorm.EACH,
        bidirectional=True,
        unscaled_windows=True,
        activation="Gelu",
        embedding_scaled=True,
        keys={
            "attention.sliding_window": 0,
            "attention.sliding_window_pattern": 6,
            "rope.freq_base_swa": 10000.0,
        },
    ),
)
