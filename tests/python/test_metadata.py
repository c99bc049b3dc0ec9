"""Metadata: every key of the specification is decided, and nothing is passed over in silence."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import constants

import foundry as fd
from foundry.metadata import KEYS, Key, Treatment, check_keys
from foundry.models import ARCHITECTURES
from tiny_llama import TinyLlama

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def specified() -> Iterator[str]:
    """Every key that the `gguf` package knows."""
    classes: list[type] = [constants.Keys]
    while classes:
        fields = {k: v for k, v in vars(classes.pop()).items() if not k.startswith("__")}
        classes += [value for value in fields.values() if isinstance(value, type)]
        yield from (value for value in fields.values() if isinstance(value, str))


def test_every_key_of_the_specification_is_decided_once() -> None:
    names = [row.name for row in KEYS]
    assert len(set(names)) == len(names)
    keys = set(specified())
    assert len(keys) > 200
    assert keys - set(names) == set()


def what_is_done_with(row: Key) -> str:
    what = row.treatment.value
    if row.neutral:
        what += f" unless {', '.join(f'`{value!r}`' for value in row.neutral)}"
    name = row.name.removeprefix("{arch}.")
    by = sorted(entry.name for entry in ARCHITECTURES.values() if name in entry.honoured)
    if not by:
        return what
    names = ", ".join(f"`{name}`" for name in by) if len(by) < 10 else f"{len(by)} architectures"
    return f"honoured by {names}; else {what}"


def test_the_page_has_the_table() -> None:
    lines = ["| key | what Foundry does | |", "|---|---|---|"]
    lines += [f"| `{row.name}` | {what_is_done_with(row)} | {row.note} |" for row in KEYS]
    table = "\n".join(lines)
    assert table in PAGE.read_text(), f"docs/models.md needs:\n{table}"


def test_what_an_architecture_honours_is_a_key_of_the_specification() -> None:
    names = {row.name for row in KEYS}
    for entry in ARCHITECTURES.values():
        unknown = {n for n in entry.honoured if not {n, f"{{arch}}.{n}"} & names}
        assert not unknown, entry.name


def test_the_demo_models_metadata_needs_no_warning(oracle_metadata: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_keys(oracle_metadata, "llama", ARCHITECTURES["llama"].honoured)


def an_instance(name: str) -> str:
    return re.sub(r"\{\w+\}", "7", name.replace("{arch}", "llama"))


def rows(treatment: Treatment) -> list[Key]:
    return [row for row in KEYS if row.treatment is treatment]


def test_keys_that_would_have_to_be_honoured_are_refused_by_name() -> None:
    values = {
        "3": 3,
        "0.25": 0.25,
        "nan": float("nan"),
        r"'bert\x1b[0m'": "bert\x1b[0m",
        "[0, 5]": np.array([0, 5], np.int32),
        "an array of 9 values": ["x"] * 9,
    }
    for row in rows(Treatment.REFUSED):
        key = an_instance(row.name)
        for neutral in (*row.neutral, np.array([], np.float32)):
            check_keys({key: neutral}, "llama")
        for text, value in values.items():
            with pytest.raises(fd.UnsupportedModelError) as caught:
                check_keys({key: value}, "llama")
            assert str(caught.value).startswith(f"unsupported {key} {text}; supported: ")


def test_keys_that_are_passed_over_are_warned_of_by_name() -> None:
    for row in rows(Treatment.WARNED):
        key = an_instance(row.name)
        with pytest.warns(fd.ModelWarning) as caught:
            check_keys({key: 5}, "llama")
        (text,) = [str(warning.message) for warning in caught]
        assert text.startswith(f"{key} is 5, which is not honoured: ")


def test_unknown_keys_of_the_architecture_are_named_in_one_warning(tmp_path: Path) -> None:
    tiny = TinyLlama().changed(
        {"llama.rope.quantum": np.float32(2), "llama.new\x1b": "x", "tokenizer.ggml.later": True}
        | {f"llama.more.{i:02}": np.uint8(1) for i in range(20)}
    )
    with pytest.warns(fd.ModelWarning) as caught:
        fd.models.load(tiny.write(tmp_path / "tiny.gguf"))
    (text,) = [str(warning.message) for warning in caught]
    assert text.startswith("unknown metadata, not honoured: 'llama.rope.quantum', 'llama.new\\x1b'")
    assert text.endswith(" and 15 more")
    assert caught[0].filename == __file__  # told where the caller can do something about it


def test_keys_of_others_are_nobodys_business() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_keys({"general.later": 1, "vendor.key": "x", "qwen2.block_count": 3}, "llama")
