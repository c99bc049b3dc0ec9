"""Pre-tokenizers of published `tokenizer.json` files get the names that llama.cpp has for them."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import tokenizers
from tokenizers import Regex, models, pre_tokenizers

import foundry as fd
from foundry.huggingface.vocabulary import vocabulary_of

_SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_FIRST = r"[^\r\n\p{L}\p{N}]?"

# By the name, the patterns of the models' own files, and whether these ignore merges.
PUBLISHED = [
    ("llama-bpe", [rf"{_SHORT}|{_FIRST}\p{{L}}+|\p{{N}}{{1,3}}|{_REST}"], True),
    ("dbrx", [rf"{_SHORT}|{_FIRST}\p{{L}}+|\p{{N}}{{1,3}}|{_REST}"], False),
    ("qwen2", [rf"{_SHORT}|{_FIRST}\p{{L}}+|\p{{N}}|{_REST}"], False),
    (
        "qwen35",
        [
            rf"{_SHORT}|{_FIRST}[\p{{L}}\p{{M}}]+|\p{{N}}"
            rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ],
        False,
    ),
    (
        "deepseek-v3",
        [
            r"\p{N}{1,3}",
            "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
            r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
            r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        ],
        False,
    ),
]
SIMPLIFIED = [
    (
        "tekken",
        [
            rf"{_FIRST}{_UPPER}*{_LOWER}+|{_FIRST}{_UPPER}+{_LOWER}*|\p{{N}}"
            rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ],
        True,
    ),
    (
        "gpt-4o",
        [
            rf"{_FIRST}{_UPPER}*{_LOWER}+{_SHORT}?|{_FIRST}{_UPPER}+{_LOWER}*{_SHORT}?"
            rf"|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ],
        False,
    ),
]


def keys_of(folder: Path, patterns: list[str], ignore_merges: bool) -> dict[str, object]:
    tokens = ["<|end|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    backend = tokenizers.Tokenizer(
        models.BPE(vocabulary, [("a", "b")], ignore_merges=ignore_merges)
    )
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.pre_tokenizer = pre_tokenizers.Sequence([*splits, byte_level])
    backend.add_special_tokens(["<|end|>"])
    backend.save(str(folder / "tokenizer.json"))
    return vocabulary_of(folder, {}, len(tokens))


@pytest.mark.parametrize(("name", "patterns", "ignore_merges"), PUBLISHED)
def test_a_published_pre_tokenizer_gets_its_name(
    tmp_path: Path, name: str, patterns: list[str], ignore_merges: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert keys_of(tmp_path, patterns, ignore_merges)["tokenizer.ggml.pre"] == name


@pytest.mark.parametrize(("name", "patterns", "ignore_merges"), SIMPLIFIED)
def test_one_that_llama_cpp_simplified_is_warned_of(
    tmp_path: Path, name: str, patterns: list[str], ignore_merges: bool
) -> None:
    with pytest.warns(fd.ModelWarning, match=f"'{name}' as llama.cpp has it"):
        assert keys_of(tmp_path, patterns, ignore_merges)["tokenizer.ggml.pre"] == name


def test_an_unknown_pre_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(fd.UnsupportedModelError, match="unsupported pre-tokenizer; supported"):
        keys_of(tmp_path, ["[a-m]+"], False)
