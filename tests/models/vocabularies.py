"""llama.cpp's vocabularies, what it makes of them, and texts to try them with."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import llama_cpp
import numpy as np

VOCABULARIES = (
    *("aquila", "baichuan", "bert-bge", "command-r", "deepseek-coder", "deepseek-llm", "falcon"),
    *("gemma-4", "gpt-2", "gpt-neox", "llama-bpe", "llama-spm", "mpt", "nomic-bert-moe", "phi-3"),
    *("qwen2", "qwen35", "refact", "starcoder"),
)
_ADD_SPECIAL, _PARSE_SPECIAL, _DETOKENIZE, _DESCRIBE = 1, 2, 4, 8


def build() -> Path:
    return llama_cpp.build("tokenize", "cpu", "-DMETAL=OFF")


def path_of(name: str) -> Path:
    return llama_cpp.sources() / "models" / f"ggml-vocab-{name}.gguf"


class Reference:
    """llama.cpp with a vocabulary, in a process of its own."""

    def __init__(self, program: Path, vocabulary: Path) -> None:
        self._process = subprocess.Popen(
            [program, vocabulary], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        self._process.communicate()

    def encode(self, text: str, *, add_special: bool = False, parse_special: bool) -> list[int]:
        kind = add_special * _ADD_SPECIAL + parse_special * _PARSE_SPECIAL
        return np.frombuffer(self._ask(kind, text.encode(), 4), np.int32).tolist()

    def decode(self, ids: Sequence[int]) -> bytes:
        return self._ask(_DETOKENIZE, np.array(ids, np.int32).tobytes(), 1)

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._ask(_DESCRIBE, b"", 1))
        return found

    def _ask(self, kind: int, data: bytes, size: int) -> bytes:
        pipe, answer = self._process.stdin, self._process.stdout
        assert pipe and answer
        pipe.write(struct.pack("<BI", kind, len(data)) + data)
        pipe.flush()
        (count,) = struct.unpack("<I", answer.read(4))
        return answer.read(count * size)


def write(path: Path, values: Mapping[str, Any]) -> Path:
    """A file of a vocabulary alone."""
    values = {"general.architecture": "gpt2"} | dict(values)
    writer = gguf.GGUFWriter(path, values.pop("general.architecture"))
    kinds = gguf.GGUFValueType
    for key, value in values.items():
        if isinstance(value, np.ndarray):
            kind = {"i": kinds.INT32, "f": kinds.FLOAT32, "u": kinds.UINT8}[value.dtype.kind]
            writer.add_key_value(key, value.tolist(), kinds.ARRAY, sub_type=kind)
        elif isinstance(value, list):
            writer.add_key_value(key, value, kinds.ARRAY, sub_type=kinds.STRING)
        elif isinstance(value, bool | str):
            kind = kinds.BOOL if isinstance(value, bool) else kinds.STRING
            writer.add_key_value(key, value, kind)
        else:
            writer.add_key_value(key, value, kinds.UINT32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


# Blocks of scripts, of marks, of symbols, of control characters; ASCII as often as a sixth of them.
_BLOCKS = (
    *[(0x20, 0x7E)] * 6,
    *((0xA0, 0x17F), (0x300, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF)),
    *((0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x2000, 0x206F)),
    *((0x2070, 0x218F), (0x2190, 0x27BF), (0x3000, 0x30FF), (0x3130, 0x318F), (0x4E00, 0x9FFF)),
    *((0xAC00, 0xD7A3), (0xF900, 0xFFEF), (0x1F300, 0x1FAFF), (0x1D400, 0x1D7FF)),
    *((0x10000, 0x1FFFF), (0x20000, 0x3134A), (0, 0x1F), (0x7F, 0x9F), (0x300, 0x36F)),
)
_WORDS = (
    *("the", "The", "THE", "hello", "World", "naïve", "straße", "\u017f", "\u0130stanbul"),
    *("Ελλάδα", "привет", "你好", "日本語", "안녕하세요", "สวัสดี", "हिन्दी", "مرحبا", "שלום"),
    *("x²", "½", "\u2167", "٣٤٥", "\U0001d7d8\U0001d7d9", "camelCaseWord", "HTTPServer", "a_b"),
    *("a.b.c", "3.14", "1,234,567", "#include<x>", "/*c*/", "http://x.y/z?q=1&r=2", "don't", "I'd"),
    "\u2019s",
)
_ENDS = ("'s", "'T", "'re", "'VE", "'ll", "'LL", "'m", "'D")
_SINGLE = (
    "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    *("\U0001f999", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "e\u0301", "\ufb01", "\u200b"),
    *("\ufeff", "\u202e", "\ufffd", "\u2581", "\u2581\u2581", "\u0120", "<0x0A>", "##x", "\0"),
)
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ    "


def texts(count: int, special: Sequence[str], seed: int) -> Iterator[str]:
    """Random ones, in which `special` occur."""
    chance = random.Random(seed)

    def run(characters: str, *lengths: int) -> str:
        return chance.choice(characters) * chance.randint(1, chance.choice(lengths))

    def several(characters: str, most: int) -> str:
        return "".join(chance.choices(characters, k=chance.randint(1, most)))

    def block() -> str:
        first, last = chance.choice(_BLOCKS)
        return "".join(chr(chance.randint(first, last)) for _ in range(chance.randint(1, 12)))

    parts: tuple[Callable[[], str], ...] = (
        *[block] * 4,
        lambda: run(" \t\n\r\v\f\u3000\xa0\u2028\x85", 2, 5, 40),
        lambda: several("0123456789", chance.choice((3, 8, 30))),
        lambda: several(" \n\r\t", 8),
        lambda: chance.choice(_ENDS),
        lambda: " " + chance.choice(_WORDS),
        lambda: chance.choice(_SINGLE),
        *[lambda: chance.choice(special) if special else block()] * 2,
        lambda: run(_PUNCTUATION, 2, 6, 30),
        lambda: several(_LETTERS, 20),
    )
    for _ in range(count):
        length = chance.randint(1, chance.choice((3, 8, 20)))
        yield "".join(chance.choice(parts)() for _ in range(length))
