"""The tokenizer of an exported model in C++ (cpp/foundry/generation) against Python's.

Both have to give the same ids: of llama.cpp's vocabularies, and of every pre-tokenizer, which
Python leaves to the `tokenizers` package.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_tokenizers import RULES, small, special_of, tokenizer_of
from vocabularies import VOCABULARIES, path_of, texts

import foundry as fd
from foundry.export.tables import write
from foundry.export.tokenizer_tables import tokenizer_tables
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS
from foundry.generation.tokenizer import Tokenizer

PROGRAM = Path(__file__).parents[2] / "build" / "dev" / "bin" / "foundry_tokenize"
SAMPLE, ALL = 300, 10_000
"""Texts for a vocabulary, in CI and with `./dev test models`."""
GENERATING = tuple(name for name in VOCABULARIES if name not in ("bert-bge", "nomic-bert-moe"))
QUICK = ("falcon", "gpt-2", "llama-spm", "phi-3")
QUICK_RULES = ("default", "llama-bpe", "jais-2", "gpt-4o", "tiny_aya", "deepseek-llm", "superbpe")


class CppTokenizer:
    """The tests' program with a tokenizer's tables, in a process of its own."""

    def __init__(self, tables: Path) -> None:
        self._process = subprocess.Popen(
            [PROGRAM, tables], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        self._process.communicate()

    def encode(self, text: str, *, parse_special: bool) -> list[int]:
        return np.frombuffer(self._ask(int(parse_special), text.encode()), np.int32).tolist()

    def decode(self, ids: Sequence[int]) -> str:
        return self._ask(2, np.array(ids, np.int32).tobytes()).decode()

    def _ask(self, kind: int, data: bytes) -> bytes:
        pipe, answer = self._process.stdin, self._process.stdout
        assert pipe and answer
        pipe.write(struct.pack("<BI", kind, len(data)) + data)
        pipe.flush()
        (count,) = struct.unpack("<I", answer.read(4))
        return answer.read(count)


@contextmanager
def in_cpp(tokenizer: Tokenizer, folder: Path) -> Iterator[CppTokenizer]:
    path = folder / "text.gguf"
    write(tokenizer_tables(tokenizer), path)
    other = CppTokenizer(path)
    yield other
    other.close()


def compare(tokenizer: Tokenizer, folder: Path, count: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    with in_cpp(tokenizer, folder) as other:
        for text in texts(count, special_of(tokenizer), seed):
            for parse_special in (True, False):
                wanted = tokenizer.encode(text, parse_special=parse_special, add_end=True)
                found = other.encode(text, parse_special=parse_special)
                assert found == wanted, (text, parse_special)
            # Any ids at all: bytes that are no UTF-8 are replaced alike.
            ids = chance.integers(0, len(tokenizer), 20).tolist()
            assert other.decode(ids) == tokenizer.decode(ids, skip_special=False), ids


def marked(names: Sequence[str], quick: Sequence[str]) -> list[Any]:
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.slow]) for name in names]


@pytest.mark.parametrize("name", marked(GENERATING, QUICK))
def test_a_vocabulary(name: str, tmp_path: Path) -> None:
    compare(tokenizer_of(fd.Gguf(path_of(name)).metadata), tmp_path, SAMPLE, seed=11)


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATING)
def test_a_vocabulary_with_many_texts(name: str, tmp_path: Path) -> None:
    compare(tokenizer_of(fd.Gguf(path_of(name)).metadata), tmp_path, ALL, seed=12)


@pytest.mark.parametrize("name", marked(list(RULES.values()), QUICK_RULES))
def test_a_pre_tokenizer(name: str, tmp_path: Path) -> None:
    vocabulary = "gpt-2" if PRE_TOKENIZERS[name].bytewise else "gemma-4"
    values = small(fd.Gguf(path_of(vocabulary)).metadata, 3000)
    compare(tokenizer_of(values | {"tokenizer.ggml.pre": name}), tmp_path, SAMPLE, seed=13)


@pytest.mark.parametrize("name", ["bert-bge", "nomic-bert-moe"])
def test_what_generates_no_text_is_refused(name: str) -> None:
    tokenizer = tokenizer_of(fd.Gguf(path_of(name)).metadata)
    with pytest.raises(
        fd.UnsupportedModelError,
        match=r"unsupported tokenizer model '(bert|t5)'; supported: 'gemma4', 'gpt2', 'llama'",
    ):
        tokenizer_tables(tokenizer)
