"""A prompt cache is the cache that it was written from, and no other model's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

import foundry as fd
from tiny_llama import TinyLlama

TOKENS = [1, 5, 9, 3, 7, 2, 8]
DTYPES = [fd.f32, fd.f16, fd.bf16, fd.q8_0]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return TinyLlama().write(tmp_path / "tiny.gguf")


def caches(model: fd.models.LanguageModel, count: int) -> list[NDArray[np.generic]]:
    return [tensor[:count].copy_to_host() for tensor in model.engine.cache.tensors]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_what_is_loaded_is_what_was_saved(tiny: Path, tmp_path: Path, dtype: fd.DType) -> None:
    model = fd.models.load(tiny, cache_dtype=dtype)
    model.logits(TOKENS)
    assert model.save_prompt_cache(tmp_path / "cache") == len(TOKENS)
    other = fd.models.load(tiny, cache_dtype=dtype)
    assert other.load_prompt_cache(tmp_path / "cache") == len(TOKENS)
    for found, saved in zip(caches(other, 7), caches(model, 7), strict=True):
        np.testing.assert_array_equal(found, saved)
    expected = model.generate([*TOKENS, 4], max_tokens=8, ignore_end=True)
    generation = other.generate([*TOKENS, 4], max_tokens=8, ignore_end=True)
    assert "".join(generation) == "".join(expected)
    assert generation.tokens == expected.tokens
    assert generation.statistics.reused_tokens == len(TOKENS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "tiny.gguf"]


def test_nothing_evaluated_is_a_cache_too(tiny: Path, tmp_path: Path) -> None:
    model = fd.models.load(tiny)
    assert model.save_prompt_cache(tmp_path / "cache") == 0
    model.logits(TOKENS)
    assert model.load_prompt_cache(tmp_path / "cache") == 0
    assert "".join(model.generate(TOKENS, max_tokens=2, ignore_end=True))


def test_what_is_no_cache_of_this_model_says_why(tiny: Path, tmp_path: Path) -> None:
    model = fd.models.load(tiny)
    logits = model.logits(TOKENS)
    model.save_prompt_cache(tmp_path / "cache")

    def refused(path: Path, message: str) -> None:
        with pytest.raises(fd.ModelError, match=message):
            model.load_prompt_cache(path)
        assert model.engine.cache.tokens == []
        np.testing.assert_array_equal(model.logits(TOKENS), logits)

    def changed(**arrays: NDArray[np.generic] | None) -> Path:
        kept = {**load_file(tmp_path / "cache"), **arrays}
        described = {
            "kind": "foundry prompt cache 1",
            "dtype": "f16",
            "model": model._fingerprint(),
        }
        path = tmp_path / "changed"
        save_file({k: v for k, v in kept.items() if v is not None}, path, metadata=described)
        return path

    refused(tmp_path / "none", "prompt cache: .*none: No such file")
    refused(tiny, "prompt cache: .*tiny.gguf: ")
    save_file({"tokens": np.zeros(1, np.int32)}, tmp_path / "other")
    refused(tmp_path / "other", "prompt cache: .*other: is none")
    data = bytearray((tmp_path / "cache").read_bytes())
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    refused(tmp_path / "cut", "prompt cache: .*cut: ")
    refused(changed(tokens=np.full(7, 99, np.int32)), "tokens outside of the vocabulary")
    refused(changed(tokens=np.zeros(999, np.int32)), r"tokens have shape \(999,\); expected up to")
    refused(changed(**{"keys.1": None}), "keys.1")
    wrong = np.zeros((7, 1, 31), np.uint16)
    refused(changed(**{"values.0": wrong}), r"values.0 has shape \(7, 1, 31\); expected \(7, 1, 32")

    wide = fd.models.load(tiny, cache_dtype=fd.f32)
    with pytest.raises(fd.ModelError, match='holds "f16", the model\'s cache f32'):
        wide.load_prompt_cache(tmp_path / "cache")
    weights = TinyLlama()
    other = weights.changed(None, **{"output_norm.weight": np.ones(64, np.float32)})
    with pytest.raises(fd.ModelError, match="is another model's"):
        fd.models.load(other.write(tmp_path / "b.gguf")).load_prompt_cache(tmp_path / "cache")
    with pytest.raises(fd.ArgumentError, match="cannot be written"):
        model.save_prompt_cache(tmp_path / "none" / "cache")


def test_what_is_no_path_is_said(tiny: Path) -> None:
    model = fd.models.load(tiny)
    with pytest.raises(fd.ArgumentError, match=r"^'\.' names no file to write$"):
        model.save_prompt_cache("")
    wrong: Any = 3
    functions = {
        "path": (model.save_prompt_cache, model.load_prompt_cache),
        "folder": (model.export,),
    }
    for what, those in functions.items():
        for function in those:
            with pytest.raises(fd.ArgumentTypeError, match=rf"{what} is .*3.*; expected a path$"):
                function(wrong)
