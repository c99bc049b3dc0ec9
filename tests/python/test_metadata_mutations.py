"""Every metadata key with values of every GGUF type: only Foundry's errors come out, which name the
key, and the untouched file still loads."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import foundry as fd
from tiny_llama import METADATA, TinyLlama

IDS = [1, 5, 9]

NUMBERS: list[Any] = [
    np.uint8(0), np.uint8(255), np.int8(-1), np.uint16(3), np.int16(-300), np.uint32(0),
    np.uint32(1), np.uint32(2**32 - 1), np.int32(-1), np.uint64(2**63), np.uint64(2**64 - 1),
    np.int64(-(2**63)), np.float32(0.5), np.float32(np.nan), np.float32(np.inf), np.float32(-1),
    np.float32(1e-42), np.float64(1e300), np.float64(-np.inf), True, False,
]  # fmt: skip
TEXTS: list[Any] = [
    "",
    "llama",
    "gpt2",
    "x" * 5000,
    b"\xff\xfe",
    b"\xed\xa0\x80",
    "\x1b[31m",
    "a\0b",
]
ARRAYS: list[Any] = [
    [], ["a"], ["", ""], [b"\xff"] * 40, ["a b"] * 40, ["<|end|>"] * 40, [" "] * 3,
    np.array([1, 2], np.uint8), np.full(40, 9, np.int32), np.full(40, -1, np.int64),
    np.full(40, 2**63, np.uint64), np.array([0.5, np.nan], np.float32), np.zeros(40, np.float64),
    np.array([True, False]), np.full(2, 2, np.uint32), np.full(40, 3, np.uint16),
]  # fmt: skip

KEYS = [
    *METADATA,
    "general.alignment",
    "general.type",
    "general.quantization_version",
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.attention.scale",
    "llama.attention.sliding_window",
    "llama.rope.dimension_count",
    "llama.rope.scaling.type",
    "llama.rope.scaling.factor",
    "llama.rope.scaling.attn_factor",
    "llama.rope.scaling.original_context_length",
    "llama.rope.scaling.yarn_ext_factor",
    "llama.rope.scaling.yarn_beta_fast",
    "llama.rope.scaling.yarn_beta_slow",
    "llama.rope.scaling.yarn_log_multiplier",
    "llama.expert_count",
    "llama.use_parallel_residual",
    "tokenizer.ggml.scores",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.add_eos_token",
    "tokenizer.ggml.precompiled_charsmap",
    "split.count",
]


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return TinyLlama().write(tmp_path_factory.mktemp("intact") / "tiny.gguf")


def load(tiny: TinyLlama, path: Path, runtime: fd.Foundry) -> fd.models.LanguageModel | None:
    """The model, or None where it is refused as it should be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fd.ModelWarning)
        try:
            return fd.models.load(tiny.write(path), runtime=runtime)
        except fd.Error as error:
            text = str(error)
            assert text and text.isprintable() and len(text) < 2000, text
            assert isinstance(error, fd.ModelError | fd.GgufError | fd.OutOfMemoryError), error
            return None


def use(model: fd.models.LanguageModel, value: object) -> None:
    """Evaluates, where the value is of a size that keeps numbers finite, and chats."""
    logits = model.logits(IDS[: model.context_length])
    if not isinstance(value, np.number) or 1e-3 <= abs(float(value)) <= 1e3:
        assert np.all(np.isfinite(logits)), value
    with contextlib.suppress(fd.Error):
        next(model.generate([{"role": "user", "content": "abc"}], max_tokens=1), "")


@pytest.mark.parametrize("key", KEYS)
def test_any_value_of_a_key_is_honoured_or_a_typed_error(
    tmp_path: Path, intact: Path, key: str
) -> None:
    runtime = fd.Foundry()
    path = tmp_path / "tiny.gguf"
    refused = 0
    for value in (*NUMBERS, *TEXTS, *ARRAYS, None):
        model = load(TinyLlama().changed({key: value}), path, runtime)
        if model is None:
            refused += 1
        else:
            use(model, value)
    assert refused > 0 or key in UNREFUSED
    assert fd.models.load(intact, runtime=runtime).logits(IDS).shape == (3, 40)


UNREFUSED = (
    "general.name",
    "general.quantization_version",
    "tokenizer.ggml.scores",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.unknown_token_id",
    "tokenizer.ggml.add_eos_token",
    "tokenizer.ggml.precompiled_charsmap",
    "tokenizer.chat_template",  # chat fails then
)


VALUES = st.one_of(
    st.sampled_from([*NUMBERS, *TEXTS, *ARRAYS, None]),
    st.integers(0, 2**32 - 1).map(np.uint32),
    st.floats(width=32).map(np.float32),
    st.text(max_size=8),
    st.lists(st.text(max_size=4), max_size=45),
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=45).map(
        lambda items: np.array(items, np.int32)
    ),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=4))
def test_any_values_of_any_keys_are_honoured_or_a_typed_error(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    model = load(TinyLlama().changed(changes), tmp_path / "tiny.gguf", fd.Foundry())
    if model is not None:
        use(model, np.float64(np.inf))
