"""Pre-tokenizers of published `tokenizer.json` files get the names that llama.cpp has for them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers, processors
from vocabularies import path_of, texts

import foundry as fd
from foundry.generation.tokenizer import Tokenizer
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


def word_piece(lowercase: bool) -> tokenizers.Tokenizer:
    """That of llama.cpp's BGE, as its `tokenizer.json` has it."""
    metadata = fd.Gguf(path_of("bert-bge")).metadata
    vocabulary = {}
    for index, token in enumerate(metadata["tokenizer.ggml.tokens"]):
        is_word = token.startswith("\u2581")
        is_name = token.startswith("[") and token.endswith("]")
        vocabulary[token if is_name else token[1:] if is_word else f"##{token}"] = index
    backend = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return _surrounded(backend, ["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]"], "[CLS] $A [SEP]")


def unigram() -> tokenizers.Tokenizer:
    """That of llama.cpp's XLM-RoBERTa, likewise."""
    metadata = fd.Gguf(path_of("nomic-bert-moe")).metadata
    tokens, scores = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.scores"]
    scored = list(zip(tokens, map(float, scores), strict=True))
    backend = tokenizers.Tokenizer(models.Unigram(scored, unk_id=3))
    charsmap = metadata["tokenizer.ggml.precompiled_charsmap"]
    backend.normalizer = normalizers.Precompiled(np.asarray(charsmap).astype(np.uint8).tobytes())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    return _surrounded(backend, ["<s>", "<pad>", "</s>", "<unk>"], "<s> $A </s>")


def _surrounded(
    backend: tokenizers.Tokenizer, special: list[str], single: str
) -> tokenizers.Tokenizer:
    backend.add_special_tokens(special)
    first, last = single.split()[0], single.split()[-1]
    # RoBERTa's pairs have two separators.
    pair = f"{single} {last} $B {last}" if first == "<s>" else f"{single} $B {last}"
    backend.post_processor = processors.TemplateProcessing(
        single=single,
        pair=pair,
        special_tokens=[(name, backend.token_to_id(name)) for name in (first, last)],
    )
    backend.enable_padding(length=16)  # which are no matter of a vocabulary
    backend.enable_truncation(8)
    return backend


BACKENDS = {
    "WordPiece": lambda: word_piece(lowercase=True),
    "WordPiece with capitals": lambda: word_piece(lowercase=False),
    "unigrams": unigram,
}


@pytest.fixture(scope="module", params=BACKENDS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tokenizer, tokenizers.Tokenizer]:
    """Of a folder: Foundry's, and the package's."""
    folder = tmp_path_factory.mktemp("folder")
    BACKENDS[request.param]().save(str(folder / "tokenizer.json"))
    backend = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    backend.no_padding()
    backend.no_truncation()
    description = (folder / "tokenizer.json").read_text(encoding="utf-8")
    metadata = vocabulary_of(folder, {}, backend.get_vocab_size(), for_gguf=True)
    return Tokenizer(metadata, description), backend


def compare(both: tuple[Tokenizer, tokenizers.Tokenizer], count: int, seed: int) -> None:
    own, backend = both
    special = [str(backend.id_to_token(token)) for token in own.ends]
    for text in texts(count, special, seed):
        assert own.encode(text, add_end=True) == backend.encode(text).ids, text


def test_texts_are_cut_as_the_package_cuts_them(
    both: tuple[Tokenizer, tokenizers.Tokenizer],
) -> None:
    compare(both, 500, 1)


@pytest.mark.slow
def test_many_texts_are_cut_as_the_package_cuts_them(
    both: tuple[Tokenizer, tokenizers.Tokenizer],
) -> None:
    compare(both, 10000, 2)


def test_two_texts_are_joined_as_the_package_joins_them(
    both: tuple[Tokenizer, tokenizers.Tokenizer],
) -> None:
    own, backend = both
    flags = ((own.eos_id, own.adds_eos), (own.sep_id, own.adds_sep))
    between = [token for token, adds in flags if adds and token is not None]
    for first, second in (("a query", "its answer"), ("", "x"), ("naïve", "")):
        assert own.join([first, second], between) == backend.encode(first, second).ids


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            {"normalizer": {"type": "Lowercase"}},
            "unsupported normalizer 'Lowercase'; supported: BertNormalizer",
        ),
        (
            {"pre_tokenizer": {"type": "WhitespaceSplit"}},
            "unsupported pre_tokenizer 'WhitespaceSplit'; supported: BertPreTokenizer",
        ),
    ],
)
def test_what_a_file_has_no_keys_for(
    tmp_path: Path, spoil: dict[str, object], message: str
) -> None:
    backend = word_piece(lowercase=True)
    description = json.loads(backend.to_str()) | spoil
    (tmp_path / "tokenizer.json").write_text(json.dumps(description))
    rows = backend.get_vocab_size()
    assert vocabulary_of(tmp_path, {}, rows)["tokenizer.ggml.model"] == "bert"
    with pytest.raises(fd.UnsupportedModelError, match=message):
        vocabulary_of(tmp_path, {}, rows, for_gguf=True)
