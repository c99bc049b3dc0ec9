"""Tokenizer: llama.cpp's ids on the demo model, text that survives a round trip, typed errors."""

from __future__ import annotations

import itertools
import re
import time
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import foundry as fd
from foundry.generation.segmentation.pre_tokenizers import PRE_TOKENIZERS
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
    assert tokenizer.end_ids == {0, 2, tokenizer.vocabulary["<reponame>"]}  # as in llama.cpp
    assert tokenizer.decode([504, 2]) == "The"
    assert tokenizer.decode([504, 2], skip_special=False) == "The<|im_end|>"


def test_a_beginning_token_is_added_where_the_model_asks() -> None:
    tokenizer = Tokenizer(tiny(add_bos_token=True, bos_token_id=0))
    assert tokenizer.encode("ab") == [0, 4]
    assert tokenizer.encode("<|im_end|>ab") == [0, 4]


def test_the_tokens_after_a_text_are_added_on_demand() -> None:
    tokenizer = Tokenizer(tiny(add_eos_token=True))
    assert tokenizer.encode("ab") == [4]
    assert tokenizer.encode("ab", add_end=True) == [4, 0]


PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]


def sentence_pieces(pieces: dict[str, float], **changes: object) -> dict[str, object]:
    """Metadata of SentencePiece's BPE with these tokens and scores."""
    fields: dict[str, object] = {
        "model": "llama",
        "tokens": [*PIECES, *pieces],
        "token_type": [2, 3, 3, *[6] * 256, *[1] * len(pieces)],
        "scores": np.array([0.0] * len(PIECES) + list(pieces.values()), np.float32),
    }
    return {f"tokenizer.ggml.{key}": value for key, value in (fields | changes).items()}


def spelled(tokenizer: Tokenizer, text: str) -> list[str]:
    names = {index: token for token, index in tokenizer.vocabulary.items()}
    return [names[token] for token in tokenizer.encode(text)]


def test_of_equal_scores_the_leftmost_pair_merges_first() -> None:
    tokenizer = Tokenizer(sentence_pieces({"\u2581": -3, "a": -2, "aa": -1, "aaa": -1}))
    assert spelled(tokenizer, "aaaaa") == ["<s>", "\u2581", "aaa", "aa"]


def test_the_space_before_a_text_is_not_the_texts() -> None:
    tokenizer = Tokenizer(sentence_pieces({"\u2581": -3, "a": -2, "\u2581a": -1}))
    assert spelled(tokenizer, "a é") == ["<s>", "\u2581a", "\u2581", "<0xC3>", "<0xA9>"]
    assert tokenizer.decode(tokenizer.encode("a é")) == "a é"
    word = tokenizer.vocabulary["\u2581a"]
    assert tokenizer.stream().push(word) == " a"  # what goes on after a prompt keeps its space
    assert tokenizer.decode([word]) == "a"


def test_bytes_of_a_character_are_shown_when_it_is_whole() -> None:
    tokenizer = Tokenizer(sentence_pieces({"\u2581": -3, "a": -2, "\u2581a": -1}))
    stream = tokenizer.stream()
    ids = tokenizer.encode("a🦙 a")[1:]
    assert [stream.push(token) for token in ids] == [" a", "", "", "", "🦙", " a"]
    assert stream.push(tokenizer.vocabulary["<0xF0>"]) == ""
    assert stream.finish() == "\ufffd"


def test_a_control_token_is_never_merged_from_text() -> None:
    tokenizer = Tokenizer(sentence_pieces({"<s": -1, "<": -2, "s": -2, ">": -2, "\u2581": -3}))
    assert spelled(tokenizer, "<s>")[:1] == ["<s>"]
    plain = tokenizer.encode("x<s>", parse_special=False)
    assert tokenizer.bos_id not in plain[1:]
    assert tokenizer.decode(plain) == "x<s>"


def test_many_special_tokens_that_strip_take_linear_time() -> None:
    tokenizer = Tokenizer({**tiny(), "general.name": "Phi-3"})
    start = time.process_time()
    assert tokenizer.encode("<|im_end|>" * 30_000) == [0] * 30_000
    assert tokenizer.encode("a" + "<|im_end|>  " * 30_000 + "b") == [1, *[0] * 30_000, 2]
    assert time.process_time() - start < 20


@pytest.mark.parametrize("text", ["a", " ", "\n", "9", "é", "'", "Aa", "\u2581", "<|im_end|", "\0"])
def test_long_runs_take_linear_time(tokenizer: Tokenizer, text: str) -> None:
    """200 kB; what is quadratic would take minutes."""
    text *= 200_000 // len(text.encode())
    others = (
        Tokenizer(
            sentence_pieces({"\u2581": -3, "a": -2, "\u2581a": -1, "aa": -2, "\u2581\u2581": -2})
        ),
    )
    for one in (tokenizer, *others):
        start = time.process_time()
        one.encode(text)
        assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"model": "rwkv"},
            fd.UnsupportedModelError,
            r"unsupported tokenizer model 'rwkv' \(tokenizer.ggml.model\); supported: 'bert'",
        ),
        (
            {"pre": "tiktoken"},
            fd.UnsupportedModelError,
            "unsupported pre-tokenizer 'tiktoken' .*; supported: 'a.x-4.0', .*'youtu'",
        ),
        ({"tokens": None}, fd.TokenizerError, "tokenizer.ggml.tokens is missing"),
        ({"tokens": []}, fd.TokenizerError, "tokenizer.ggml.tokens is empty"),
        (
            {"tokens": ["<|im_end|>", "a", "b", "\udcff", "ab"]},
            fd.TokenizerError,
            r"tokens at index 3 is '\\udcff'; expected UTF-8",
        ),
        (
            {"tokens": ["<|im_end|>", "a", "b", "a", "ab"]},
            fd.TokenizerError,
            "tokens has 'a' twice, at index 1 and 3",
        ),
        ({"merges": 3}, fd.TokenizerError, "merges is 3; expected an array of strings"),
        (
            {"merges": [1, 2]},
            fd.TokenizerError,
            r"merges is \[1, 2\]; expected an array of strings",
        ),
        ({"merges": ["ab"]}, fd.TokenizerError, "merges at index 0 is 'ab'; expected two tokens"),
        ({"merges": ["a c"]}, fd.TokenizerError, "merges do not fit the vocabulary"),
        (
            {"merges": ["a b"] * 99},
            fd.TokenizerError,
            "merges has 99 entries, more than the 10 ways to put 5 tokens together",
        ),
        (
            {"token_type": [1, 1, 9, 1, 1]},
            fd.TokenizerError,
            "token_type at index 2 is 9; expected 0 to 6",
        ),
        ({"add_bos_token": 1}, fd.TokenizerError, "add_bos_token is 1; expected true or false"),
        ({"eos_token_id": 0.5}, fd.TokenizerError, "eos_token_id is 0.5; expected an integer"),
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


def word_pieces(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "model": "bert",
        "tokens": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581a", "b"],
        "token_type": [3, 3, 3, 3, 1, 1],
        "unknown_token_id": 1,
        "cls_token_id": 2,
        "seperator_token_id": 3,
    }
    return {f"tokenizer.ggml.{key}": value for key, value in (fields | changes).items()}


def unigrams(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "model": "t5",
        "tokens": ["<pad>", "</s>", "<unk>", "\u2581", "a"],
        "token_type": [3, 3, 2, 1, 1],
        "scores": [0.0, 0.0, 0.0, -1.0, -2.0],
    }
    return {f"tokenizer.ggml.{key}": value for key, value in (fields | changes).items()}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (sentence_pieces({"a": -1}, scores=[1.0]), "scores has 1 entries for 260 tokens"),
        (sentence_pieces({"a": float("nan")}), "scores at index 259 is nan; expected a number"),
        (sentence_pieces({"a": -1}, scores="x"), "scores is 'x'; expected an array of numbers"),
        (
            sentence_pieces({"a": -1}, token_type=[6] * 260),
            r"token_type at index 0 says that '<unk>' is a byte; expected a token such as '<0x0A>'",
        ),
        (
            {
                "tokenizer.ggml.model": "llama",
                "tokenizer.ggml.tokens": [],
                "tokenizer.ggml.scores": [],
            },
            "tokens is empty",
        ),
        (word_pieces(unknown_token_id=9), "unknown_token_id is missing; WordPiece needs it"),
        (word_pieces(seperator_token_id=9, add_sep_token=True), "seperator_token_id is missing"),
        (unigrams(token_type=[3, 3, 2, 3, 3]), "token_type has no normal token"),
        (unigrams(precompiled_charsmap=[1, 2]), "precompiled_charsmap has 2 bytes; expected a len"),
        (unigrams(precompiled_charsmap=[300]), "precompiled_charsmap: expected bytes"),
        (unigrams(add_space_prefix=1), "add_space_prefix is 1; expected true or false"),
    ],
)
def test_a_bad_vocabulary_of_another_model_is_a_typed_error(
    metadata: dict[str, object], message: str
) -> None:
    with warnings.catch_warnings(), pytest.raises(fd.TokenizerError, match=message):
        warnings.simplefilter("ignore", fd.ModelWarning)
        Tokenizer(metadata)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([1 << 20], "names unit [0-9]+ of its array, which has 1"),
        ([0] * 97 + [0x161], "has no text of UTF-8 at byte 353 of 1, which its array names"),
    ],
)
def test_a_normalisation_that_leads_nowhere_is_an_error_where_a_text_meets_it(
    units: list[int], message: str
) -> None:
    array = np.array(units, "<u4").tobytes()
    data = len(array).to_bytes(4, "little") + array + b"\xff"
    tokenizer = Tokenizer(unigrams(precompiled_charsmap=list(data)))
    with pytest.raises(fd.TokenizerError, match=message):
        tokenizer.encode("a")


ITEMS = st.sampled_from(
    ["a", "b", "ab", "\u2581", "\u2581a", "<0x61>", "", "<s>", "</s>", "é", " "]
)


@given(
    model=st.sampled_from(["llama", "bert", "t5", "gemma4", "gpt2"]),
    tokens=st.lists(ITEMS, max_size=8),
    types=st.lists(st.integers(0, 7), max_size=8),
    scores=st.lists(st.floats(width=32), max_size=8),
    merges=st.lists(st.sampled_from(["a b", "\u2581 a", "a é", "ab", " a"]), max_size=3),
    ids=st.lists(st.integers(-1, 9), min_size=4, max_size=4),
    charsmap=st.one_of(st.none(), st.lists(st.integers(0, 255), max_size=40)),
    flag=st.booleans(),
    text=st.text(max_size=20),
)
def test_any_vocabulary_works_or_is_a_typed_error(
    model: str,
    tokens: list[str],
    types: list[int],
    scores: list[float],
    merges: list[str],
    ids: list[int],
    charsmap: list[int] | None,
    flag: bool,
    text: str,
) -> None:
    count = len(tokens)
    values: dict[str, object] = {
        "model": model,
        "tokens": tokens,
        "token_type": (types + [1] * 8)[:count],
        "scores": (scores + [0.5] * 8)[:count],
        "merges": merges,
        "add_space_prefix": flag,
        "remove_extra_whitespaces": flag,
    }
    names = ("bos_token_id", "eos_token_id", "unknown_token_id", "seperator_token_id")
    values |= {name: value for name, value in zip(names, ids, strict=True) if value >= 0}
    if charsmap is not None:
        values["precompiled_charsmap"] = charsmap
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fd.ModelWarning)
        try:
            tokenizer = Tokenizer({f"tokenizer.ggml.{k}": v for k, v in values.items()})
            tokenizer.decode(tokenizer.encode(text, add_end=True))
        except fd.ModelError as error:
            assert str(error).isprintable()


def test_an_id_that_nothing_uses_is_warned_of() -> None:
    with pytest.warns(fd.ModelWarning, match="padding_token_id is 7, the vocabulary has 5 tokens"):
        Tokenizer(tiny(padding_token_id=7))


# --- the pre-tokenizer ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, ""])
def test_a_missing_pre_tokenizer_is_llama_cpps_default_and_a_warning(
    oracle_metadata: dict[str, Any], name: str | None
) -> None:
    metadata = {k: v for k, v in oracle_metadata.items() if k != "tokenizer.ggml.pre"}
    if name is not None:
        metadata["tokenizer.ggml.pre"] = name
    with pytest.warns(fd.ModelWarning, match=r"tokenizer\.ggml\.pre is missing.*'default'"):
        assert Tokenizer(metadata).pre_tokenizer == "default"


def default_words(text: str) -> list[str]:
    """llama.cpp's default patterns, each of which splits what those before it left: an oracle in
    plain Python, by Unicode's categories."""

    def category(c: str) -> str:
        return "s" if c.isspace() else unicodedata.category(c)[0]

    def runs(text: str, is_in: Callable[[str], bool]) -> list[str]:
        return ["".join(run) for _, run in itertools.groupby(text, is_in)]

    def gpt2(text: str) -> list[str]:
        words, at = [], 0
        while at < len(text):
            short = next((s for s in ("'s", "'t", "'m", "'d") if text.startswith(s, at)), None)
            long = next((s for s in ("'re", "'ve", "'ll") if text.startswith(s, at)), None)
            end = at + len(short or long or "")
            if end == at:
                first = at + (text[at] == " " and at + 1 < len(text))
                kind = category(text[first])
                kind = kind if kind in "LNs" else "other"
                end = first
                if kind == "s":  # the last space belongs to the word after it, if there is one
                    end = at
                    while end < len(text) and text[end].isspace():
                        end += 1
                    if end < len(text) and end - at > 1:
                        end -= 1
                else:
                    while end < len(text):
                        found = category(text[end])
                        if (found if found in "LNs" else "other") != kind:
                            break
                        end += 1
            words.append(text[at:end])
            at = end
        return words

    words = runs(text, lambda c: category(c) == "P" or c in "$+<=>^~|")
    words = [part for word in words for part in gpt2(word)]
    words = [part for word in words for part in runs(word, lambda c: category(c) == "N")]
    return [
        part for word in words for part in re.findall(r"[0-9]{3}|(?:(?![0-9]{3}).)+", word, re.S)
    ]


@given(text=st.text("ab é漢Z'stre019²½.,-<=>$~|+_\n\t ", max_size=30))
def test_the_default_pre_tokenizer_splits_as_llama_cpps(text: str) -> None:
    split = PRE_TOKENIZERS["default"].split()
    words = [text[begin:end] for _, (begin, end) in split.pre_tokenize_str(text)]
    assert words == default_words(text)


@pytest.mark.parametrize("token", [-1, 49152])
def test_a_token_outside_the_vocabulary_is_an_error(tokenizer: Tokenizer, token: int) -> None:
    with pytest.raises(fd.TokenizerError, match=f"token {token}: the vocabulary has 49152 tokens"):
        tokenizer.decode([token])
