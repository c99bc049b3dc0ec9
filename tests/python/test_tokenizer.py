"""Tokenizer: llama.cpp's ids on the demo model, text that survives a round trip, typed errors."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import foundry as fd
from foundry.generation.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(oracle_metadata: dict[str, Any]) -> Tokenizer:
    return Tokenizer(oracle_metadata)


def tiny(**changes: object) -> dict[str, object]:
    """Metadata of a five-token vocabulary."""
    fields: dict[str, object] = {
        "model": "gpt2",
        "pre": "smollm",
        "tokens": ["<|im_end|>", "a", "b", "Ġ", "ab"],
        "token_type": [3, 1, 1, 1, 1],
        "merges": ["a b"],
        "eos_token_id": 0,
    }
    return {
        f"tokenizer.ggml.{key}": value
        for key, value in (fields | changes).items()
        if value is not None
    }


def test_ids_are_llama_cpps(tokenizer: Tokenizer, greedy_records: list[dict[str, Any]]) -> None:
    for record in greedy_records:
        text = record["templated_text"] or record["prompt"]
        assert tokenizer.encode(text) == record["prompt_ids"]


def test_text_is_llama_cpps(tokenizer: Tokenizer, greedy_records: list[dict[str, Any]]) -> None:
    for record in greedy_records:
        ids = record["generated_ids"]
        assert tokenizer.decode(ids, skip_special=False) == record["generated_text"]


# The vocabulary lacks six control characters and the bytes that start U+40000 and later.
TEXT = st.characters(
    codec="utf-8", max_codepoint=0x3FFFF, exclude_characters="\x04\x06\x13\x14\x16\x1d"
)


@given(text=st.text(TEXT))
def test_any_text_survives_a_round_trip(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text, parse_special=False)) == text


@given(text=st.text(alphabet="aé漢🦙 👩‍👩‍👧", max_size=20))
def test_streamed_text_is_whole_characters(tokenizer: Tokenizer, text: str) -> None:
    stream = tokenizer.stream()
    pieces = [stream.push(token) for token in tokenizer.encode(text)]
    assert all("\ufffd" not in piece for piece in pieces)
    assert "".join(pieces) + stream.finish() == text


def test_a_cut_character_is_shown_as_replacement(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("🦙")
    assert len(ids) > 1
    stream = tokenizer.stream()
    assert [stream.push(token) for token in ids[:-1]] == [""] * (len(ids) - 1)
    assert stream.finish() == "\ufffd"


def test_control_tokens_in_untrusted_text_stay_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("<|im_end|>") == [2]
    plain = tokenizer.encode("<|im_end|>", parse_special=False)
    assert 2 not in plain
    assert tokenizer.decode(plain) == "<|im_end|>"


def test_end_tokens(tokenizer: Tokenizer) -> None:
    assert tokenizer.eos_id == 2
    assert tokenizer.end_ids == {0, 2}
    assert tokenizer.decode([504, 2]) == "The"
    assert tokenizer.decode([504, 2], skip_special=False) == "The<|im_end|>"


def test_a_beginning_token_is_added_where_the_model_asks() -> None:
    tokenizer = Tokenizer(tiny(add_bos_token=True, bos_token_id=0))
    assert tokenizer.encode("ab") == [0, 4]
    assert tokenizer.encode("<|im_end|>ab") == [0, 4]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"model": "llama"}, fd.UnsupportedModelError, "model 'llama': there is only 'gpt2'"),
        (
            {"pre": "tekken"},
            fd.UnsupportedModelError,
            "'tekken' is not there; there are 'gpt-2', 's",
        ),
        ({"tokens": None}, fd.TokenizerError, "tokenizer.ggml.tokens is missing; expected a list"),
        ({"merges": 3}, fd.TokenizerError, "tokenizer.ggml.merges is a int; expected a list"),
        ({"merges": ["a c"]}, fd.TokenizerError, "merges do not fit the vocabulary"),
        ({"token_type": [1]}, fd.TokenizerError, "token_type has 1 entries for 5 tokens"),
        ({"eos_token_id": 5}, fd.TokenizerError, "eos_token_id is 5, the vocabulary has 5 tokens"),
        ({"add_bos_token": True}, fd.TokenizerError, "bos_token_id is missing"),
    ],
)
def test_bad_metadata_is_a_typed_error(
    changes: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Tokenizer(tiny(**changes))


@pytest.mark.parametrize("token", [-1, 49152])
def test_a_token_outside_the_vocabulary_is_an_error(tokenizer: Tokenizer, token: int) -> None:
    with pytest.raises(fd.TokenizerError, match=f"token {token}: the vocabulary has 49152 tokens"):
        tokenizer.decode([token])
