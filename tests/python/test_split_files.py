"""Split GGUF files, as the `gguf` package writes them, beside the whole file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy as np
import pytest

import foundry as fd
from tiny_llama import TinyLlama

IDS = [1, 5, 9, 2]


class Files(NamedTuple):
    whole: Path
    first: Path


def split(whole: Path, name: Path, tensors_each: int) -> Path:
    """The first part of the file's copy in parts."""
    reader = gguf.GGUFReader(whole)
    writer = gguf.GGUFWriter(name, "llama", split_max_tensors=tensors_each)
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            kind = field.types[0]
            element = field.types[1] if kind == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(key, field.contents(), kind, element)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return next(name.parent.glob(f"{name.stem}-00001-of-*.gguf"))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    whole = TinyLlama().write(tmp_path / "whole.gguf")
    yield Files(whole, split(whole, tmp_path / "parts.gguf", 6))


def test_a_split_file_is_the_whole_one(files: Files, rt: fd.Foundry) -> None:
    whole, parts = fd.Gguf(files.whole), fd.Gguf(files.first)
    assert len(parts.paths) == 4 and parts.paths[0] == parts.path == str(files.first)
    assert {tensor.part for tensor in parts.tensors.values()} == {0, 1, 2, 3}
    assert list(parts.tensors) == list(whole.tensors)
    for name in whole.tensors:
        np.testing.assert_array_equal(parts.read(name), whole.read(name))
        assert parts.tensor(rt, name).is_read_only  # mapped, each from its part
    a, b = (fd.models.load(path, runtime=rt).logits(IDS) for path in files)
    np.testing.assert_array_equal(a, b)


def test_an_exported_program_finds_its_weights_in_the_parts(
    files: Files, tmp_path: Path, rt: fd.Foundry
) -> None:
    model = fd.models.load(files.first, runtime=rt)
    model.export(tmp_path)
    load = partial(fd.Program.load, rt, tmp_path / "step-1.foundry", trusted=True)
    assert "position" in load(weights=[files.first]).parameters
    load(weights=[files.whole])  # by name and contents: the whole file has the same tensors
    Path(fd.Gguf(files.first).paths[2]).unlink()
    with pytest.raises(fd.GgufError, match=r"part 3 of 4: cannot open '.*-00003-of-00004\.gguf'"):
        load(weights=[files.first])


def test_a_model_says_which_part_is_missing_or_cut(files: Files, rt: fd.Foundry) -> None:
    model = fd.models.load(files.first, runtime=rt)
    last = Path(fd.Gguf(files.first).paths[3])
    contents = last.read_bytes()
    with last.open("r+b") as file:
        file.truncate(len(contents) - 1)
    with pytest.raises(fd.GgufError, match=r"-00004-of-00004\.gguf' was cut while it was in use"):
        model.logits(IDS)
    last.unlink()
    with pytest.raises(fd.GgufError, match=r"part 4 of 4: cannot open '.*-00004-of-00004\.gguf'"):
        fd.models.load(files.first, runtime=rt)
    with pytest.raises(fd.GgufError, match=r"this is part 2 of 4; open the first, 'parts-00001"):
        fd.models.load(fd.Gguf(files.whole).path.replace("whole", "parts-00002-of-00004"))


def test_inspect_shows_the_parts(files: Files) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foundry", "inspect", files.first], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if "-of-00004.gguf " in line]
    assert [line[1] for line in lines] == ["6", "6", "6", "2"], done.stdout
