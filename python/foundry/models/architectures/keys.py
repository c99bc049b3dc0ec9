"""Metadata keys, and what they are where a file has none, of architectures in several families."""

WINDOW = {"attention.sliding_window": 0, "rope.freq_base_swa": None}
GRANITE = dict.fromkeys(
    ("attention.scale", "embedding_scale", "logit_scale", "residual_scale"), 0.0
)
LAYER_NORM = "attention.layer_norm_epsilon"
APPENDED = {"nextn_predict_layers": 0}
