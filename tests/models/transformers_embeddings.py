"""Small models of random weights as `transformers` saves and evaluates them, in float64: those that
embed texts.

A program of an environment of its own: `python transformers_embeddings.py FOLDER` makes a folder of
each case in FOLDER, with the text's token ids, last states, and the scores of a classifier beside.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TEXT = "the quick brown fox jumps over a lazy dog while seven wizards mix vodka in old jugs"
VOCABULARY = 272
BASE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 96,
    "intermediate_size": 136,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "max_position_embeddings": 512,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": 1,
}
WINDOW = {"sliding_window": 24}
DENSE = 160

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "bert": ("BertModel", {}, "WordPiece"),
    "bert, tanh": ("BertModel", {"hidden_act": "gelu_new"}, "WordPiece"),
    "bert, classifier": ("BertForSequenceClassification", {"num_labels": 3}, "WordPiece"),
    "distilbert": (
        "DistilBertModel",
        {"dim": 96, "n_heads": 6, "n_layers": 3, "hidden_dim": 136},
        "WordPiece",
    ),
    "roberta": ("RobertaModel", {}, "BPE"),
    "camembert": ("CamembertModel", {}, "Unigram"),
    "xlm-roberta": ("XLMRobertaModel", {}, "Unigram"),
    "xlm-roberta, classifier": (
        "XLMRobertaForSequenceClassification",
        {"num_labels": 1},
        "Unigram",
    ),
    "roberta, classifier": ("RobertaForSequenceClassification", {"num_labels": 2}, "BPE"),
    "nomic": ("NomicBertModel", {}, "WordPiece"),
    "modernbert": (
        "ModernBertModel",
        {"local_attention": 20, "num_hidden_layers": 5},
        "BPE",
    ),
    "modernbert, classifier": (
        "ModernBertForSequenceClassification",
        {"num_labels": 3, "classifier_pooling": "mean"},
        "BPE",
    ),
    "eurobert": ("EuroBertModel", {"num_key_value_heads": 2}, "BPE"),
    "gemma": (
        "Gemma3TextModel",
        {
            "num_key_value_heads": 2,
            "head_dim": 32,
            "query_pre_attn_scalar": 32,
            "use_bidirectional_attention": True,
            "num_hidden_layers": 7,
            **WINDOW,
        },
        "BPE",
    ),
    "qwen3": ("Qwen3Model", {"num_key_value_heads": 2, "head_dim": 32}, "BPE"),
}
"""The name of a class, what its configuration has beside BASE, and the kind of its tokenizer."""

MEAN = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
LAST = {"pooling_mode_mean_tokens": False, "pooling_mode_lasttoken": True}
MODULES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "nomic": [("Pooling", MEAN)],
    "qwen3": [("Pooling", LAST)],
    "gemma": [
        ("Pooling", MEAN),
        ("Dense", {"in_features": 96, "out_features": DENSE}),
        ("Dense", {"in_features": DENSE, "out_features": 96}),
    ],
}
"""Of the `sentence-transformers` package."""


def _tokenizer(kind: str) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    names = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
    letters = [chr(0x61 + i) for i in range(26)]
    if kind == "WordPiece":
        tokens = [*names, *letters, *(f"##{letter}" for letter in letters), "quick", "##ck"]
        vocabulary = {token: index for index, token in enumerate(tokens)}
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    elif kind == "Unigram":
        pieces = ["▁", *letters, "▁the", "ow", "▁qu"]
        scored = [(name, 0.0) for name in names]
        scored += [(piece, -1.0 - 0.1 * i) for i, piece in enumerate(pieces)]
        tokenizer = Tokenizer(models.Unigram(scored, unk_id=3))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    else:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        tokens = [*names, *alphabet, "ow", "Ġa"]
        vocabulary = {token: index for index, token in enumerate(tokens)}
        tokenizer = Tokenizer(models.BPE(vocabulary, [("o", "w"), ("Ġ", "a")]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(names)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 0), ("[SEP]", 2)],
    )
    return tokenizer


def _randomise(model: Any) -> None:
    """Norms near 1, biases that count, queries and keys that make attention look somewhere."""
    import torch

    torch.manual_seed(5)
    for name, parameter in model.named_parameters():
        noise = torch.randn_like(parameter)
        if parameter.ndim == 1:
            parameter.data = 0.2 * noise + ("norm" in name.lower() and "weight" in name)
        elif "embed" in name:
            parameter.data = noise
        else:
            strong = 2 if any(part in name for part in ("q_", "k_", "query", "key")) else 1
            parameter.data = noise * (strong / parameter.shape[-1] ** 0.5)


def _modules(folder: Path, case: str) -> list[Any]:
    """Writes them; the matrices of Dense."""
    import torch
    from safetensors.torch import save_file

    listed: list[dict[str, Any]] = []
    matrices = []
    for index, (kind, settings) in enumerate(MODULES[case], 1):
        path = f"{index}_{kind}"
        listed.append({"idx": index, "path": path, "type": f"sentence_transformers.models.{kind}"})
        (folder / path).mkdir()
        (folder / path / "config.json").write_text(json.dumps(settings))
        if kind == "Dense":
            matrix = torch.randn(settings["out_features"], settings["in_features"]) / 8
            save_file({"linear.weight": matrix}, folder / path / "model.safetensors")
            matrices.append(matrix)
    (folder / "modules.json").write_text(json.dumps(listed))
    prompts = {"prompts": {"query": "the quick "}, "default_prompt_name": None}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return matrices


def write(folder: Path, case: str) -> None:
    import numpy as np
    import torch
    import transformers

    name, settings, kind = CASES[case]
    base = name.removesuffix("Model").removesuffix("ForSequenceClassification")
    own = {} if name == "DistilBertModel" else BASE
    plain = {key: BASE[key] for key in ("vocab_size", "max_position_embeddings", "pad_token_id")}
    configuration = getattr(transformers, f"{base}Config")(**{**plain, **own, **settings})
    configuration._attn_implementation = "eager"
    model = getattr(transformers, name)(configuration)
    _randomise(model)
    model.to(torch.bfloat16).save_pretrained(folder)
    if "sliding_window" in settings:  # which the configuration halves for itself
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **WINDOW}))
    tokenizer = _tokenizer(kind)
    tokenizer.save(str(folder / "tokenizer.json"))
    matrices = _modules(folder, case) if case in MODULES else []
    ids = tokenizer.encode(TEXT).ids
    np.save(folder / "ids.npy", np.array(ids))
    model = getattr(transformers, name).from_pretrained(
        folder, dtype=torch.float64, attn_implementation="eager"
    )
    with torch.no_grad():
        found = model.eval()(torch.tensor([ids]), output_hidden_states=True)
    if "logits" in found:
        np.save(folder / "scores.npy", found.logits[0].numpy())
        return
    states = found.last_hidden_state[0]
    for matrix in matrices:
        states = states @ matrix.to(torch.float64).T
    np.save(folder / "states.npy", states.numpy())


if __name__ == "__main__":
    for case in CASES:
        write(Path(sys.argv[1]) / case, case)
