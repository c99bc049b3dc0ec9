"""What the vocabularies at hand do not set: each setting of each tokenizer model, on small
vocabularies, against llama.cpp."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_tokenizers import Case, compare, special_of, tokenizer_of
from vocabularies import Reference, build, path_of, write

import foundry as fd

TEXTS = 30
SPACE = "\u2581"
DEFINED = ["<tool>", "  ", "   ", "<tool", "é\n", "@@"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def check(values: dict[str, Any], folder: Path, seed: int) -> None:
    values = {
        f"tokenizer.ggml.{key}" if "." not in key or key.startswith("normalizer") else key: value
        for key, value in values.items()
    }
    tokenizer = tokenizer_of(values)
    reference = Reference(build(), write(folder / "vocabulary.gguf", values))
    compare(Case("settings", tokenizer, reference, special_of(tokenizer)), TEXTS, seed)
    found = reference.describe()
    reference.close()
    assert set(found["ends"]) == tokenizer.end_ids
    for index, piece in enumerate(found["pieces"]):
        assert tokenizer.bytes_of(index) == bytes.fromhex(piece), index


def pieces(seed: int, count: int, letters: str) -> list[str]:
    """Texts such that each is two others or a letter, as a model that was trained has them."""
    chance = random.Random(seed)
    found = list(letters)
    while len(found) < count:
        made = chance.choice(found) + chance.choice(found)
        if len(made) < 9 and made not in found:
            found.append(made)
    return found


@pytest.mark.parametrize(("prefix", "ties"), [*product((True, False, None), (True, False))])
def test_sentence_piece(tmp_path: Path, prefix: bool | None, ties: bool) -> None:
    words = pieces(1, 1500, f"{SPACE}aeinorst.,09 é漢")
    tokens = ["<unk>", "<s>", "</s>", *BYTES, *DEFINED, *words]
    chance = np.random.default_rng(2)
    scores = chance.integers(-9, 0, len(tokens)) if ties else chance.permutation(len(tokens)) * -1.0
    types = [2, 3, 3, *[6] * 256, *[4] * len(DEFINED), *[1] * len(words)]
    values: dict[str, Any] = {
        "model": "llama",
        "tokens": tokens,
        "scores": scores.astype(np.float32),
        "token_type": np.array(types, np.int32),
        "add_eos_token": ties,
    }
    if prefix is not None:
        values["add_space_prefix"] = prefix
    check(values, tmp_path, seed=3)


@pytest.mark.parametrize(
    ("prefix", "merges", "mapped", "defined"), [*product((True, False), repeat=4)]
)
def test_unigram(tmp_path: Path, prefix: bool, merges: bool, mapped: bool, defined: bool) -> None:
    words = pieces(4, 1500, f"{SPACE}aeinorst.,09 é漢\n")
    special = ["<pad>", "</s>", "<unk>", *(["<tool>", "@@"] if defined else [])]
    tokens = [*special, *words]
    scores = -np.random.default_rng(5).integers(1, 900, len(tokens)) / 64
    types = [3, 3, 2, *[4] * (len(special) - 3), *[1] * len(words)]
    types[-40:] = [5] * 40
    values: dict[str, Any] = {
        "model": "t5",
        "tokens": tokens,
        "scores": scores.astype(np.float32),
        "token_type": np.array(types, np.int32),
        "add_space_prefix": prefix,
        "remove_extra_whitespaces": merges,
    }
    if mapped:
        real = fd.Gguf(path_of("nomic-bert-moe")).metadata
        charsmap = np.asarray(real["tokenizer.ggml.precompiled_charsmap"], np.uint8)
        values["precompiled_charsmap"] = charsmap
    check(values, tmp_path, seed=6)


@pytest.mark.parametrize(("lowercase", "accents"), [*product((True, False, None), repeat=2)])
def test_word_piece(tmp_path: Path, lowercase: bool | None, accents: bool | None) -> None:
    letters = "aeinorstAEO.,09éÉ漢각\u1100\u0301ß"
    words = [word for word in pieces(7, 1500, letters) if SPACE not in word]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    tokens += [SPACE + word for word in words[::2]]
    values: dict[str, Any] = {
        "model": "bert",
        "tokens": tokens,
        "token_type": np.array([3] * 5 + [1] * (len(tokens) - 5), np.int32),
        "unknown_token_id": 1,
        "bos_token_id": 2,
        "seperator_token_id": 3,
    }
    for name, value in (("lowercase", lowercase), ("strip_accents", accents)):
        if value is not None:
            values[f"normalizer.{name}"] = value
    check(values, tmp_path, seed=8)


@pytest.mark.parametrize(
    ("name", "pre", "architecture"),
    [
        ("Phi-3", "default", "phi3"),
        ("a modern-bert", "gpt-2", "gpt2"),
        ("", "jina-v2-de", "gpt2"),
        ("", "default", "nomic-bert-moe"),
    ],
)
def test_special_tokens_that_strip(tmp_path: Path, name: str, pre: str, architecture: str) -> None:
    words = pieces(9, 400, "aeinorstĠĊ.,09")
    tokens = ["<s>", "</s>", "<unk>", "<mask>", "[MASK]", "<|endoftext|>", "<|end|>", "x<|end|>"]
    types = [3, 3, 3, 3, 3, 3, 3, 4, *[1] * len(words)]
    merges = [
        f"{word[:cut]} {word[cut:]}"
        for word in words
        for cut in range(1, len(word))
        if word[:cut] in words and word[cut:] in words
    ]
    values: dict[str, Any] = {
        "general.name": name,
        "model": "gpt2",
        "pre": pre,
        "tokens": [*tokens, *words],
        "token_type": np.array(types, np.int32),
        "merges": merges,
        "bos_token_id": 0,
        "eos_token_id": 1,
    }
    if architecture != "gpt2":
        values["general.architecture"] = architecture
    check(values, tmp_path, seed=10)


@pytest.mark.parametrize(
    "tokens",
    [
        ["<|return|>", "<|call|>", "<|end|>", "<|channel|>", "<|start|>", "<|message|>"],
        ["<|flush|>", "<|calls|>", "<|end|>", "<eos>"],
        ["<|tool_response>", "</s>", "<turn|>"],
        ["<|plamo:eos|>", "</s>", "[EOS]", "[e~["],
        ["<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<reponame>", "<|file_sep|>"],
        ["<|eom_id|>", "<|eot_id|>", "<end_of_utterance>", "_<EOT>", "[PAD]"],
    ],
)
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_tokens_that_end_a_text(tmp_path: Path, tokens: list[str], kind: int) -> None:
    letters = [*"abcdefghijklmnopqrstuvwxyz<|>_[]/~:", "ab"]
    values: dict[str, Any] = {
        "model": "gpt2",
        "pre": "gpt-2",
        "tokens": ["<s>", *tokens, *letters],
        "token_type": np.array([3, *[kind] * len(tokens), *[1] * len(letters)], np.int32),
        "merges": ["a b"],
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    check(values, tmp_path, seed=11)
