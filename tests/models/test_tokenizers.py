"""Tokenizers against llama.cpp's: its own vocabularies with its own examples, and random texts.

Ids have to be equal. There is one difference on purpose: a text that already begins with the
beginning-of-sequence token does not get another.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from vocabularies import VOCABULARIES, Reference, build, path_of, texts, write

import foundry as fd
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS
from foundry.generation.tokenizer import Tokenizer

SAMPLE, ALL = 60, 10_000
"""Texts for a vocabulary, in CI and with `./dev test models`."""


class Case(NamedTuple):
    name: str
    tokenizer: Tokenizer
    reference: Reference
    special: list[str]


@pytest.fixture(scope="session")
def tokenize() -> Path:
    return build()


def tokenizer_of(values: Any) -> Tokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fd.ModelWarning)
        return Tokenizer(values)


def special_of(tokenizer: Tokenizer) -> list[str]:
    special = filter(tokenizer.begins_text, range(len(tokenizer)))
    return [tokenizer.bytes_of(token).decode() for token in special]


# Each of these has another's tokenizer model and pre-tokenizer, or one that is compared below.
LEFT_TO_ALL = ("aquila", "command-r", "deepseek-coder", "gpt-neox", "qwen35", "refact")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in LEFT_TO_ALL else [])
        for name in VOCABULARIES
    ],
)
def case(request: pytest.FixtureRequest, tokenize: Path) -> Iterator[Case]:
    path = path_of(request.param)
    tokenizer = tokenizer_of(fd.Gguf(path).metadata)
    reference = Reference(tokenize, path)
    yield Case(request.param, tokenizer, reference, special_of(tokenizer))
    reference.close()


def compare(case: Case, count: int, seed: int) -> None:
    tokenizer = case.tokenizer
    for text in texts(count, case.special, seed):
        for parse_special in (True, False):
            wanted = case.reference.encode(text, add_special=True, parse_special=parse_special)
            if tokenizer.adds_bos and wanted[:2] == [tokenizer.bos_id] * 2:
                del wanted[0]
            found = tokenizer.encode(text, parse_special=parse_special, add_end=True)
            assert found == wanted, (text, parse_special)
            if comes_back(case, text, parse_special):
                assert tokenizer.decode(bare(tokenizer, found), skip_special=False) == text


def bare(tokenizer: Tokenizer, ids: list[int]) -> list[int]:
    """Without what stands before and after every text."""
    return ids[int(tokenizer.adds_bos) : len(ids) - len(tokenizer.ends)]


def comes_back(case: Case, text: str, parse_special: bool) -> bool:
    """Whether the tokens can say it. Lost are normalised texts, spaces that special tokens strip,
    bytes that are no tokens and the sign for a space; a beginning token that is there already is
    taken for the one that is added."""
    tokenizer = case.tokenizer
    if tokenizer.model in ("bert", "t5") or (case.name == "phi-3" and parse_special):
        return False
    if starts_with_bos(case, text):
        return False
    if (
        tokenizer.pre_tokenizer not in PRE_TOKENIZERS
        or not PRE_TOKENIZERS[tokenizer.pre_tokenizer].bytewise
    ):
        return "\u2581" not in text
    return bytes_there(tokenizer).issuperset(text.encode())


def starts_with_bos(case: Case, text: str) -> bool:
    bos = case.tokenizer.bos_id
    return bos is not None and text.startswith(case.tokenizer.bytes_of(bos).decode())


@cache
def bytes_there(tokenizer: Tokenizer) -> frozenset[int]:
    pieces = map(tokenizer.bytes_of, range(len(tokenizer)))
    return frozenset(piece[0] for piece in pieces if len(piece) == 1)


def test_a_vocabulary_is_read_as_llama_cpp_reads_it(case: Case) -> None:
    found, tokenizer = case.reference.describe(), case.tokenizer
    for name in ("bos", "eos", "sep"):
        own = getattr(tokenizer, f"{name}_id")
        assert found[name] == (-1 if own is None else own)
        assert found[f"adds_{name}"] == getattr(tokenizer, f"adds_{name}")
    assert set(found["ends"]) == tokenizer.end_ids
    pieces = [bytes.fromhex(piece) for piece in found["pieces"]]
    for index, piece in enumerate(pieces):
        if b"[UNK_BYTE" not in piece:  # llama.cpp's word for a token outside the byte alphabet
            assert tokenizer.bytes_of(index) == piece, index
    control = {index for index in range(len(tokenizer)) if tokenizer.is_special(index)}
    assert set(found["control"]) <= control


def test_llama_cpps_examples(case: Case) -> None:
    path = path_of(case.name)
    examples = path.with_name(f"{path.name}.inp")
    if not examples.exists():
        pytest.skip("has none")
    inputs = examples.read_bytes().decode().split("\n__ggml_vocab_test__\n")
    outputs = path.with_name(f"{path.name}.out").read_text().splitlines()
    for text, line in zip(inputs, outputs, strict=False):
        found = case.tokenizer.encode(text, parse_special=False)
        assert found[int(case.tokenizer.adds_bos) :] == list(map(int, line.split())), text


def test_random_texts(case: Case) -> None:
    compare(case, SAMPLE, seed=1)


@pytest.mark.slow
def test_many_random_texts(case: Case) -> None:
    compare(case, ALL, seed=2)


def small(values: Any, count: int) -> dict[str, Any]:
    """The first merges of a vocabulary and the tokens that they need."""
    tokens, types = values["tokenizer.ggml.tokens"], np.asarray(values["tokenizer.ggml.token_type"])
    merges = list(values["tokenizer.ggml.merges"])[:count]
    pairs = [merge.split(" ") for merge in merges]
    needed = {part for pair in pairs for part in (*pair, "".join(pair))}
    kept = [
        index
        for index, token in enumerate(tokens)
        if token in needed or len(token) == 1 or types[index] != 1
    ]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": [tokens[index] for index in kept],
        "tokenizer.ggml.token_type": types[kept].astype(np.int32),
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": 0,
    }


@pytest.fixture(scope="session")
def of_bytes() -> dict[str, Any]:
    return small(fd.Gguf(path_of("gpt-2")).metadata, 3000)


@pytest.fixture(scope="session")
def of_texts() -> dict[str, Any]:
    return small(fd.Gguf(path_of("gemma-4")).metadata, 3000)


RULES = {rule: name for name, rule in reversed(list(PRE_TOKENIZERS.items()))}


def compare_rule(
    name: str, values: dict[str, Any], program: Path, folder: Path, count: int
) -> None:
    values = values | {"tokenizer.ggml.pre": name}
    reference = Reference(program, write(folder / "vocabulary.gguf", values))
    tokenizer = tokenizer_of(values)
    compare(Case(name, tokenizer, reference, special_of(tokenizer)), count, seed=3)
    reference.close()


def values_for(name: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    fixture = "of_bytes" if PRE_TOKENIZERS[name].bytewise else "of_texts"
    found: dict[str, Any] = request.getfixturevalue(fixture)
    return found


@pytest.mark.parametrize("name", RULES.values())
def test_a_pre_tokenizer(
    name: str, request: pytest.FixtureRequest, tokenize: Path, tmp_path: Path
) -> None:
    compare_rule(name, values_for(name, request), tokenize, tmp_path, SAMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRE_TOKENIZERS)
def test_every_name_of_a_pre_tokenizer(
    name: str, request: pytest.FixtureRequest, tokenize: Path, tmp_path: Path
) -> None:
    compare_rule(name, values_for(name, request), tokenize, tmp_path, 500)
