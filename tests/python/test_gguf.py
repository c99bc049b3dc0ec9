"""`Gguf` in Python: a mapping of what the file says, arrays without copies, typed errors."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
from tiny_llama import METADATA, TinyLlama

VALUES: dict[str, Any] = {
    "a.u8": np.uint8(200), "a.i8": np.int8(-5), "a.u16": np.uint16(60000),
    "a.i16": np.int16(-300), "a.u32": np.uint32(2**32 - 1), "a.i32": np.int32(-(2**31)),
    "a.f32": np.float32(0.1), "a.f64": np.float64(1e300), "a.u64": np.uint64(2**64 - 1),
    "a.i64": np.int64(-(2**63)), "a.bool": True, "a.text": "漢\x1b", "a.bytes": b"\xffa",
    "b.u8": np.arange(256, dtype=np.uint8), "b.i8": np.array([-128, 127], np.int8),
    "b.u16": np.array([65535], np.uint16), "b.i16": np.array([-32768], np.int16),
    "b.u32": np.array([2**32 - 1], np.uint32), "b.i32": np.array([-7, 7], np.int32),
    "b.f32": np.array([np.nan, 0.5], np.float32), "b.f64": np.array([1e300]),
    "b.u64": np.array([2**64 - 1], np.uint64), "b.i64": np.array([-(2**63)], np.int64),
    "b.bool": np.array([True, False, True] * 7), "b.empty": np.zeros(0, np.float32),
    "b.texts": ["", "a", "漢\0字", "x" * 1000], "b.none": [],
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> fd.Gguf:
    return fd.Gguf(TinyLlama(metadata=VALUES, tensors={}).write(tmp_path / "values.gguf"))


def test_every_type_of_value_is_what_the_file_says(file: fd.Gguf) -> None:
    metadata = file.metadata
    assert list(metadata) == list(VALUES)
    for key, value in VALUES.items():
        found = metadata[key]
        if isinstance(value, bytes):
            assert found.encode(errors="surrogateescape") == value
        elif isinstance(value, np.ndarray):
            assert isinstance(found, np.ndarray) and found.dtype == value.dtype, key
            np.testing.assert_array_equal(found, value)
        elif isinstance(value, np.generic):
            assert type(found) in (int, float) and found == value.item(), key
        else:
            assert found == value, key


def test_the_demo_models_metadata_is_what_the_gguf_package_reads(
    model_path: Path, oracle_metadata: dict[str, Any]
) -> None:
    metadata = fd.Gguf(model_path).metadata
    assert list(metadata) == list(oracle_metadata)
    for key, value in oracle_metadata.items():
        found = metadata[key]
        assert (list(found) if isinstance(value, list) else found) == value, key


def test_metadata_is_a_mapping(file: fd.Gguf) -> None:
    metadata = file.metadata
    assert isinstance(metadata, Mapping) and len(metadata) == len(VALUES)
    assert "a.u8" in metadata and "a.u9" not in metadata
    assert 3 not in metadata and "\ud800" not in metadata and None not in metadata  # type: ignore[comparison-overlap]
    assert metadata.get("a.u8") == 200
    assert metadata.get("nothing") is None and metadata.get("nothing", 7) == 7
    assert list(metadata.keys()) == list(VALUES) and metadata.keys() & {"a.u8", "x"} == {"a.u8"}
    assert dict(metadata.items())["a.i8"] == -5 and len(metadata.values()) == len(VALUES)
    assert repr(metadata) == f"GgufMetadata({len(VALUES)} keys)"
    for key in ("nothing", 3, None, "\ud800"):
        with pytest.raises(KeyError) as caught:
            metadata[key]  # type: ignore[index]
        assert isinstance(caught.value, fd.MissingKeyError)
        assert str(caught.value).startswith("GgufMetadata.__getitem__: ")


def test_an_array_of_texts_is_a_sequence(file: fd.Gguf) -> None:
    texts, expected = file.metadata["b.texts"], VALUES["b.texts"]
    assert isinstance(texts, Sequence) and not isinstance(texts, str)
    assert len(texts) == 4 and list(texts) == expected and list(reversed(texts)) == expected[::-1]
    assert texts == expected and texts != expected[:2] and texts != 3 and texts == texts[:]  # type: ignore[comparison-overlap]
    for part in (slice(None), slice(1, 3), slice(None, None, -1), slice(-2, None), slice(9, 12)):
        assert texts[part] == expected[part]
    assert [texts[i] for i in range(-4, 4)] == expected * 2
    assert "a" in texts and "b" not in texts
    assert texts.index("a") == 1 and texts.count("") == 1
    assert repr(texts) == "GgufStrings(4 strings)"
    for index in (4, -5, 10**30):
        with pytest.raises(fd.TensorIndexError, match=r"index -?\d+ of an array of 4 strings"):
            texts[index]
    for wrong, name in (("a", "str"), (None, "NoneType"), (1.0, "float")):
        with pytest.raises(fd.ArgumentTypeError, match=f"an integer or a slice, not by {name}"):
            texts[wrong]  # type: ignore[call-overload]


def test_arrays_are_read_only_views_that_keep_the_file(tmp_path: Path) -> None:
    path = TinyLlama(metadata=VALUES, tensors={}).write(tmp_path / "values.gguf")
    first, second = (fd.Gguf(path).metadata["b.u8"] for _ in range(2))
    texts = fd.Gguf(path).metadata["b.texts"]
    gc.collect()
    path.unlink()
    np.testing.assert_array_equal(first, second)
    assert texts[3] == "x" * 1000
    for key in ("b.u8", "b.f64", "b.bool"):
        array = fd.Gguf(TinyLlama(VALUES, {}).write(path)).metadata[key]
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_the_bytes_of_a_tensor_can_be_read(tmp_path: Path) -> None:
    tiny = TinyLlama()
    file = fd.Gguf(tiny.write(tmp_path / "tiny.gguf"))
    for name, values in tiny.tensors.items():
        found = file.read(name)
        assert found.dtype == np.uint8 and found.shape == (file.tensors[name].nbytes,)
        np.testing.assert_array_equal(found.view(values.dtype).reshape(values.shape), values)
    with pytest.raises(fd.GgufError, match=r"there is no tensor 'no\\x1b' among 20"):
        file.read("no\x1b")


def test_what_a_file_says_is_quoted_in_messages(tmp_path: Path) -> None:
    name = "\x1b]0;title\x07" + "y" * 100
    tiny = TinyLlama(metadata=METADATA, tensors={name: np.ones((2, 2), np.float32)})
    file = fd.Gguf(tiny.write(tmp_path / "tiny.gguf"))
    assert repr(file.tensors[name]).isprintable()
    with pytest.raises(fd.ModelError) as caught:
        fd.models.load(tmp_path / "tiny.gguf")
    assert str(caught.value).isprintable()
