"""Models that embed texts, each as the files that people have of it differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from writer import SMALL, Model

_ATTENTION = "attn_q attn_k attn_v attn_output"
_BIASES = "attn_q.bias attn_k.bias attn_v.bias attn_output.bias"
_DENSE = "ffn_up ffn_down"
_DENSE_BIASES = "ffn_up.bias ffn_down.bias"
_GATED = "ffn_gate ffn_up ffn_down"
_AFTER = "attn_output_norm attn_output_norm.bias layer_output_norm layer_output_norm.bias"
_BERT = "token_embd token_embd_norm token_embd_norm.bias token_types"
_LAYER = {"attention.layer_norm_epsilon": 1e-5, "attention.causal": False}
_RMS = {"attention.layer_norm_rms_epsilon": 1e-5}
_BOTH_WAYS = {**_RMS, "attention.causal": False}
_TYPES = {"tokenizer.ggml.token_type_count": 2}
_ALL_KEYS = replace(SMALL, kv_heads=SMALL.heads)
_EXPERTS = "ffn_gate_inp ffn_up_exps ffn_down_exps"
_HEAD_NORMS = "attn_q_norm attn_k_norm"
_FUSED = {"ffn_up": (2 * SMALL.inner, SMALL.hidden)}
_LABELS = {"cls.output": (3, SMALL.hidden), "cls.output.bias": (3,)}
_MEAN, _CLS, _LAST, _RANK = 1, 2, 3, 4


@dataclass(frozen=True)
class EmbeddingCase:
    """A model and the poolings that are compared, by GGUF's numbers: 0 for a row of each token."""

    model: Model
    what: str = "plain"
    poolings: tuple[int, ...] = (0, _MEAN, _CLS)

    @property
    def name(self) -> str:
        return f"{self.model.architecture}: {self.what}"


def _model(architecture: str, tensors: str, **more: Any) -> Model:
    return Model(architecture, tensors, **{"keys": _TYPES, "sizes": _ALL_KEYS, **more})


def _alternating(layers: int, dense: str, experts: str) -> str:
    """What an even layer has not, and what an odd one has not."""
    return " ".join(
        f"blk.{layer}.{name}"
        for layer in range(layers)
        for name in (dense if layer % 2 else experts).split()
    )


def _labelled(names: tuple[str, ...]) -> dict[str, Any]:
    return {"pooling_type": _RANK, "classifier.output_labels": list(names)}


EMBEDDING_CASES = (
    EmbeddingCase(
        _model(
            "bert",
            f"{_ATTENTION} {_BIASES} {_DENSE} {_DENSE_BIASES} {_AFTER}",
            outside=f"{_BERT} position_embd",
            metadata={**_LAYER, "pooling_type": _CLS},
        ),
        poolings=(-1, 0, _MEAN, _CLS, _LAST),
    ),
    EmbeddingCase(
        _model(
            "bert",
            f"attn_qkv attn_qkv.bias attn_output attn_output.bias {_DENSE} {_DENSE_BIASES} "
            f"{_AFTER}",
            outside=f"{_BERT} position_embd cls cls.bias cls.output cls.output.bias",
            shapes=_LABELS,
            metadata={**_LAYER, **_labelled(("a", "b", "c"))},
        ),
        "fused tensors, a classifier",
        poolings=(-1, _CLS),
    ),
    EmbeddingCase(
        _model(
            "nomic-bert",
            f"attn_qkv attn_output {_GATED} {_AFTER}",
            outside=_BERT,
            metadata={**_LAYER, "pooling_type": _MEAN, "rope.freq_base": 1000.0},
        ),
        poolings=(-1, 0),
    ),
    EmbeddingCase(
        _model(
            "nomic-bert-moe",
            f"attn_qkv attn_qkv.bias attn_output attn_output.bias {_DENSE} {_DENSE_BIASES} "
            f"{_EXPERTS} {_AFTER}",
            outside=_BERT,
            without=_alternating(4, f"{_DENSE} {_DENSE_BIASES}", _EXPERTS),
            metadata={
                **_LAYER,
                "pooling_type": _MEAN,
                "expert_count": 5,
                "expert_used_count": 2,
                "moe_every_n_layers": 2,
            },
            sizes=replace(_ALL_KEYS, layers=4),
        ),
        "experts in every second layer",
        poolings=(-1, 0),
    ),
    EmbeddingCase(
        _model(
            "jina-bert-v2",
            f"{_ATTENTION} {_BIASES} {_GATED} ffn_down.bias {_AFTER}",
            outside=_BERT,
            metadata=_LAYER,
        ),
        "gated",
    ),
    EmbeddingCase(
        _model(
            "jina-bert-v2",
            f"{_ATTENTION} {_BIASES} {_DENSE} ffn_down.bias {_AFTER}",
            outside=_BERT,
            shapes=_FUSED,
            metadata=_LAYER,
        ),
        "fused gate",
    ),
    EmbeddingCase(
        _model(
            "jina-bert-v3",
            f"{_ATTENTION} {_BIASES} {_DENSE} {_DENSE_BIASES} {_AFTER}",
            outside=_BERT,
            metadata=_LAYER,
        )
    ),
    EmbeddingCase(
        _model(
            "modern-bert",
            f"attn_norm attn_qkv attn_output ffn_norm {_DENSE}",
            outside="token_embd token_embd_norm output_norm",
            without="blk.0.attn_norm",
            shapes=_FUSED,
            metadata={
                **_LAYER,
                "attention.sliding_window": 20,
                "rope.freq_base": 160000.0,
            },
            sizes=replace(_ALL_KEYS, layers=5),
        ),
        "windows, two RoPE bases",
    ),
    EmbeddingCase(
        _model(
            "modern-bert",
            f"attn_norm attn_qkv attn_output ffn_norm {_DENSE}",
            outside="token_embd token_embd_norm output_norm cls cls.norm cls.output "
            "cls.output.bias",
            shapes={**_FUSED, **_LABELS},
            metadata={
                **_LAYER,
                **_labelled(("a", "b", "c")),
                "hidden_activation": "silu",
            },
        ),
        "SwiGLU, a classifier",
        poolings=(-1, _MEAN),
    ),
    EmbeddingCase(
        _model(
            "llama-embed",
            f"attn_norm {_ATTENTION} ffn_norm {_GATED}",
            outside="token_embd output_norm output rope_freqs",
            metadata={**_BOTH_WAYS, "pooling_type": _MEAN},
            sizes=SMALL,
        ),
        poolings=(-1, 0),
    ),
    EmbeddingCase(
        _model(
            "eurobert",
            f"attn_norm {_ATTENTION} ffn_norm {_GATED}",
            outside="token_embd output_norm",
            metadata=_BOTH_WAYS,
            sizes=SMALL,
        )
    ),
    EmbeddingCase(
        _model(
            "neo-bert",
            f"attn_norm attn_qkv attn_output ffn_norm {_DENSE}",
            outside="token_embd enc.output_norm",
            shapes=_FUSED,
            metadata=_BOTH_WAYS,
        )
    ),
    EmbeddingCase(
        _model(
            "gemma-embedding",
            f"attn_norm {_ATTENTION} {_HEAD_NORMS} post_attention_norm ffn_norm {_GATED} "
            "post_ffw_norm",
            outside="token_embd output_norm dense_2 dense_3",
            shapes={"dense_2": (160, SMALL.hidden), "dense_3": (SMALL.hidden, 160)},
            metadata={
                **_BOTH_WAYS,
                "attention.sliding_window": 21,
                "rope.freq_base": 1e6,
                "pooling_type": _MEAN,
                "dense_2_feat_in": SMALL.hidden,
                "dense_2_feat_out": 160,
                "dense_3_feat_in": 160,
                "dense_3_feat_out": SMALL.hidden,
            },
            sizes=replace(SMALL, layers=7),
        ),
        "windows, dense layers",
        poolings=(-1, _CLS),
    ),
    EmbeddingCase(
        _model(
            "qwen3",
            f"attn_norm {_ATTENTION} {_HEAD_NORMS} ffn_norm {_GATED}",
            outside="token_embd output_norm",
            metadata={**_RMS, "pooling_type": _LAST},
            sizes=SMALL,
        ),
        "generates, too",
        poolings=(-1, 0, _MEAN, _CLS),
    ),
    EmbeddingCase(
        _model(
            "qwen3",
            f"attn_norm {_ATTENTION} {_HEAD_NORMS} ffn_norm {_GATED}",
            outside="token_embd output_norm cls.output",
            shapes={"cls.output": (2, SMALL.hidden)},
            metadata={**_RMS, **_labelled(("yes", "no"))},
            sizes=SMALL,
        ),
        "a classifier",
        poolings=(-1,),
    ),
    EmbeddingCase(
        _model(
            "llama",
            f"attn_norm {_ATTENTION} ffn_norm {_GATED}",
            outside="token_embd output_norm output",
            metadata={**_BOTH_WAYS, "pooling_type": _MEAN},
            sizes=SMALL,
        ),
        "both ways",
        poolings=(-1, 0),
    ),
    EmbeddingCase(
        _model(
            "gemma2",
            f"attn_norm {_ATTENTION} post_attention_norm ffn_norm {_GATED} post_ffw_norm",
            outside="token_embd output_norm",
            metadata={**_RMS, "attention.sliding_window": 20},
            sizes=SMALL,
        ),
        "generates, windows",
        poolings=(0, _LAST),
    ),
)
