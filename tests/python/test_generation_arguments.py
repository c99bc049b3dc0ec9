"""What callers give `generate`: taken where it is exact, else a typed error that names it."""

# ruff: noqa: E501 - tables keep their rows
from __future__ import annotations

import decimal
import fractions
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import foundry as fd
from foundry.generation.arguments import shown
from foundry.generation.sampling import SamplingParameters
from foundry.generation.stopping import StopText

REALS = (
    *("temperature", "top_p", "min_p", "typical_p", "top_n_sigma"),
    *("xtc_probability", "xtc_threshold", "dynatemp_range", "dynatemp_exponent"),
    *("mirostat_tau", "mirostat_eta", "dry_multiplier", "dry_base"),
    *("repetition_penalty", "frequency_penalty", "presence_penalty"),
)
COUNTS = ("top_k", "penalty_window", "mirostat", "dry_allowed_length", "dry_penalty_last_n")

# A value of every type that Python code comes by.
ANY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.complex_numbers(),
    st.decimals(), st.fractions(), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), st.sets(st.integers(), max_size=2),
    st.builds(np.float32, st.floats(width=32)), st.builds(np.int64, st.integers(-9, 9)),
    st.builds(np.bool_, st.booleans()), st.builds(np.array, st.lists(st.integers(-3, 3), max_size=2)),
    st.sampled_from([object(), type, len, range(3), ..., NotImplemented, b"", bytearray(b"x")]),
    st.integers(-(10**400), 10**400), st.characters(categories=["Cs"]),
)  # fmt: skip


def test_numbers_of_any_exact_type_are_taken() -> None:
    parameters = SamplingParameters(
        temperature=np.float32(0.5),
        top_k=np.int64(3),
        top_p=np.float16(0.25),
        min_p=fractions.Fraction(1, 4),  # type: ignore[arg-type]
        frequency_penalty=1,
    )
    plain = SamplingParameters(
        temperature=0.5, top_k=3, top_p=0.25, min_p=0.25, frequency_penalty=1.0
    )
    assert parameters == plain and hash(parameters) == hash(plain)
    assert {type(getattr(parameters, name)) for name in REALS} == {float}
    assert {type(getattr(parameters, name)) for name in COUNTS} == {int}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("top_k", 2.0, "sampling: top_k is 2.0; expected an int"),
        ("top_k", np.float64(2), r"sampling: top_k is np.float64\(2.0\); expected an int"),
        ("top_k", True, "sampling: top_k is True; expected an int"),
        ("top_k", "2", "sampling: top_k is '2'; expected an int"),
        ("top_k", None, "sampling: top_k is None; expected an int"),
        ("penalty_window", [1], r"sampling: penalty_window is \[1\]; expected an int"),
        ("temperature", "1", "sampling: temperature is '1'; expected a number"),
        ("temperature", True, "sampling: temperature is True; expected a number"),
        ("temperature", 1j, "sampling: temperature is 1j; expected a number"),
        ("temperature", decimal.Decimal(1), r"temperature is Decimal\('1'\); expected a number"),
        ("top_p", np.array([0.5]), r"top_p is array\(\[0.5\]\); expected a number"),
    ],
)
def test_a_parameter_of_a_wrong_type_is_a_type_error(name: str, value: Any, message: str) -> None:
    for error in (fd.ArgumentTypeError, TypeError):
        with pytest.raises(error, match=message):
            SamplingParameters(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("temperature", math.inf, "temperature is inf, not a finite number of 32 bits"),
        ("temperature", 10**400, "temperature is an int of 1329 bits, not a finite number of 32"),
        ("temperature", 1e39, r"temperature is 1e\+39, not a finite number of 32 bits"),
        ("temperature", 1e-40, "temperature is 1e-40, it is 0 or at least 1.175e-38"),
        ("top_p", 1e-60, r"top_p is 1e-60, it lies in \(0, 1\]"),
        ("min_p", 1 - 1e-12, r"min_p is 0.999\d+, it lies in \[0, 1\)"),
        ("repetition_penalty", 1e-60, "repetition_penalty is 1e-60, it must be positive"),
        ("repetition_penalty", 1e-40, "repetition_penalty is 1e-40, it is at least 1.175e-38"),
        ("top_k", 2**31, "top_k is 2147483648, it is below 2\\^31"),
        ("top_k", 10**400, "top_k is an int of 1329 bits, it is below 2\\^31"),
        ("penalty_window", 2**40, "penalty_window is 1099511627776, it is below 2\\^31"),
    ],
)
def test_a_parameter_that_the_device_cannot_hold_is_an_error(
    name: str, value: Any, message: str
) -> None:
    with pytest.raises(fd.ArgumentError, match=message):
        SamplingParameters(**{name: value})


@given(name=st.sampled_from([*REALS, *COUNTS]), value=ANY)
def test_any_value_of_a_parameter_is_taken_or_a_typed_error(name: str, value: Any) -> None:
    try:
        parameters = SamplingParameters(**{name: value})
    except fd.Error as error:
        assert str(error).startswith(f"sampling: {name} is ") and len(str(error)) < 300
        assert isinstance(error, TypeError | ValueError)
        return
    assert math.isfinite(np.float32(getattr(parameters, name)))


class _Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_values_are_shown_shortly_whatever_they_are() -> None:
    assert shown(10**400) == "an int of 1329 bits"
    assert shown(_Rude()) == "a _Rude"
    assert len(shown("x" * 1000)) == 80


@pytest.mark.parametrize(
    ("prompt", "error", "message"),
    [
        (None, fd.ArgumentTypeError, "unsupported prompt of type NoneType; supported: a text, tok"),
        (b"x", fd.ArgumentTypeError, "unsupported prompt of type bytes"),
        ({"role": "user"}, fd.ArgumentTypeError, "unsupported prompt of type dict"),
        (3, fd.ArgumentTypeError, "unsupported prompt of type int"),
        ({1, 2}, fd.ArgumentTypeError, "unsupported prompt of type set"),
        (
            "\ud800",
            fd.ArgumentError,
            "encode: text: unsupported lone surrogate '.ud800' at index 0",
        ),
        ("", fd.ArgumentError, "the prompt has no tokens"),
        ([], fd.ArgumentError, "the prompt has no tokens"),
        ([1.0], fd.ArgumentTypeError, "generate: token 0 is 1.0; expected an int"),
        ([1, None], fd.ArgumentTypeError, "generate: token 1 is None; expected an int"),
        ([True], fd.ArgumentTypeError, "generate: token 0 is True; expected an int"),
        (["a"], fd.ArgumentTypeError, "generate: token 0 is 'a'; expected an int"),
        ([1, -1], fd.ArgumentError, "generate: token -1 at index 1; the vocabulary has 49152"),
        ([49152], fd.ArgumentError, "generate: token 49152 at index 0; the vocabulary has 49152"),
        ([10**400], fd.ArgumentError, "generate: token an int of 1329 bits at index 0"),
        (np.array([1.5]), fd.ArgumentTypeError, "shape .1,. and dtype float64; expected one row"),
        (np.array([[1]]), fd.ArgumentTypeError, "shape .1, 1. and dtype int64; expected one row"),
        ([{"role": "user", "content": "x"}, 3], fd.ArgumentTypeError, r"messages\[1\] is a int"),
    ],
)
def test_a_prompt_that_is_none_is_a_typed_error(
    model: fd.models.LanguageModel, prompt: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.generate(prompt, raw=True)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"max_tokens": 0}, fd.ArgumentError, "generate: max_tokens is 0, it must be positive"),
        ({"max_tokens": -5}, fd.ArgumentError, "generate: max_tokens is -5, it must be positive"),
        ({"max_tokens": 2.0}, fd.ArgumentTypeError, "generate: max_tokens is 2.0; expected an int"),
        ({"max_tokens": None}, fd.ArgumentTypeError, "max_tokens is None; expected an int"),
        ({"seed": 1.5}, fd.ArgumentTypeError, "generate: seed is 1.5; expected an int"),
        ({"seed": "x"}, fd.ArgumentTypeError, "generate: seed is 'x'; expected an int"),
        ({"sampling": {}}, fd.ArgumentTypeError, "sampling is a dict; expected SamplingParameters"),
        ({"stop": 3.5}, fd.ArgumentTypeError, "stop is 3.5; supported: texts, token ids"),
        ({"stop": None}, fd.ArgumentTypeError, "stop is None; supported: texts, token ids"),
        ({"stop": b"x"}, fd.ArgumentTypeError, "stop is b'x'; supported: texts, token ids"),
        ({"stop": ["a", None]}, fd.ArgumentTypeError, "stop: token 0 is None; expected an int"),
        ({"stop": ""}, fd.ArgumentError, "stop: '' is not a text of at least one character"),
        ({"stop": ["x", ""]}, fd.ArgumentError, "stop: '' is not a text of at least one char"),
        ({"stop": "\udfff"}, fd.ArgumentError, "stop: unsupported lone surrogate"),
        ({"stop": -1}, fd.ArgumentError, "stop: token -1 at index 0; the vocabulary has 49152"),
        ({"stop": [99999]}, fd.ArgumentError, "stop: token 99999 at index 0"),
        ({"stop": "\n<|im_end|>"}, fd.ArgumentError,
         "holds the control token '<|im_end|>', which no text holds; name the token alone"),
        ({"tools": [{}]}, fd.ArgumentError, "tools goes with messages, the prompt has none"),
        ({"template": "x"}, fd.ArgumentError, "template goes with messages, the prompt has none"),
        ({"continue_final_message": True}, fd.ArgumentError, "goes with messages"),
    ],
)  # fmt: skip
def test_an_argument_out_of_its_kind_is_a_typed_error(
    model: fd.models.LanguageModel, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.generate("Once", raw=True, **arguments)
    assert "".join(model.generate("Once", raw=True, max_tokens=1))


@settings(max_examples=60)
@given(
    name=st.sampled_from(["max_tokens", "seed", "stop", "sampling", "tools", "documents",
                          "template", "template_arguments", "continue_final_message", "ignore_end",
                          "include_stop", *REALS, *COUNTS]),
    value=ANY, is_chat=st.booleans(),
)  # fmt: skip
def test_any_argument_is_taken_or_a_typed_error(
    model: fd.models.LanguageModel, name: str, value: Any, is_chat: bool
) -> None:
    prompt: Any = [{"role": "user", "content": "hi"}] if is_chat else "hi"
    try:
        generation = model.generate(prompt, **{"max_tokens": 1, name: value})
    except fd.Error as error:
        assert isinstance(error, TypeError | ValueError) and str(error)
        return
    generation.statistics  # noqa: B018 - it was made


@settings(max_examples=60)
@given(prompt=st.one_of(ANY, st.lists(ANY, max_size=3)))
def test_any_prompt_is_taken_or_a_typed_error(model: fd.models.LanguageModel, prompt: Any) -> None:
    tokenizer = model.tokenizer
    entries = (model.generate, tokenizer.encode, tokenizer.decode, tokenizer.bytes_of)
    for entry in (*entries, tokenizer.is_special, tokenizer.stream().push):
        try:
            entry(prompt)
        except fd.Error as error:
            assert isinstance(error, TypeError | ValueError) and str(error)


@settings(max_examples=30)
@given(ids=st.one_of(ANY, st.lists(ANY, max_size=2)))
def test_any_ids_have_logits_or_are_a_typed_error(model: fd.models.LanguageModel, ids: Any) -> None:
    try:
        assert model.logits(ids).shape == (len(ids), len(model.tokenizer))
    except fd.Error as error:
        assert isinstance(error, TypeError | ValueError) and str(error)


def test_seeds_are_any_ints_and_their_last_64_bits_count(model: fd.models.LanguageModel) -> None:
    def seed_of(seed: Any) -> int:
        return model.generate("Once upon", raw=True, temperature=1.5, seed=seed).run.seed

    assert seed_of(-1) == seed_of(np.uint64(2**64 - 1)) == seed_of(3 * 2**64 - 1) == 2**64 - 1
    assert seed_of(5) == seed_of(np.int8(5)) == seed_of(2**64 + 5) == 5
    assert seed_of(None) != seed_of(None)
    assert list(model.generate("Once upon", raw=True, max_tokens=3, temperature=1.5, seed=-1))


def test_a_window_longer_than_the_context_takes_no_memory_for_it(
    model: fd.models.LanguageModel,
) -> None:
    def drawn(window: int) -> str:
        return "".join(
            model.generate(
                "One two", raw=True, max_tokens=4, repetition_penalty=1.3, penalty_window=window
            )
        )

    assert drawn(2**31 - 1) == drawn(model.context_length)


def test_a_token_stops_by_its_id_and_a_control_token_by_its_text(
    model: fd.models.LanguageModel,
) -> None:
    prompt = [{"role": "user", "content": "What is the capital of Japan?"}]
    whole = model.generate(prompt, raw=True, max_tokens=32)
    text = "".join(whole)
    assert whole.finish_reason == "end"
    first = whole.tokens[3]
    generation = model.generate(prompt, raw=True, max_tokens=32, stop=first)
    cut = "".join(generation)
    assert cut == model.tokenizer.decode(whole.tokens[: whole.tokens.index(first)])
    assert generation.finish_reason == "stop"
    assert first not in generation.tokens
    shown_too = "".join(
        model.generate(prompt, raw=True, max_tokens=32, stop=[first], include_stop=True)
    )
    assert shown_too == cut + model.tokenizer.decode([first])
    named = model.generate(prompt, raw=True, max_tokens=32, stop="<|im_end|>", ignore_end=True)
    assert "".join(named) == text
    assert named.finish_reason == "stop"
    assert "".join(model.generate(prompt, raw=True, max_tokens=32, stop=np.int32(first))) == cut


def test_a_stop_text_ends_the_text_before_it_or_after(model: fd.models.LanguageModel) -> None:
    prompt = "The capital of France is"
    whole = "".join(model.generate(prompt, raw=True, max_tokens=12, ignore_end=True))
    for start in range(1, len(whole) - 6):
        stop = whole[start : start + 5]
        generation = model.generate(prompt, raw=True, max_tokens=12, stop=stop, ignore_end=True)
        assert "".join(generation) == generation.text == whole[: whole.find(stop)]
        assert generation.finish_reason == "stop"
    generation = model.generate(
        prompt,
        raw=True,
        max_tokens=12,
        stop={whole[4:7]},  # type: ignore[arg-type]
        include_stop=True,
        ignore_end=True,
    )
    assert "".join(generation) == whole[: whole.find(whole[4:7]) + 3]


PIECES = st.lists(st.text(alphabet="ab\u00e9\U0001f600", max_size=4), max_size=12)


@given(
    pieces=PIECES,
    stops=st.lists(st.text(alphabet="ab\u00e9\U0001f600", min_size=1, max_size=5), max_size=4),
    include=st.booleans(),
)
def test_several_stops_end_the_text_alike_however_it_comes(
    pieces: list[str], stops: list[str], include: bool
) -> None:
    text = "".join(pieces)
    ends = [
        (start + len(stop), start, stop)
        for stop in stops
        for start in range(len(text))
        if text.startswith(stop, start)
    ]
    end, start, matched = min(ends, default=(len(text), len(text), None))
    stopper = StopText(stops, include=include)
    shown_text = ""
    for piece in pieces:
        shown_text += stopper.push(piece)
        # Nothing is shown that a stop may still take back.
        assert text[: end if include else start].startswith(shown_text)
    shown_text += stopper.finish()
    assert shown_text == text[: end if include else start]
    assert stopper.matched == matched
    assert include or not any(stop in shown_text for stop in stops)


def test_a_stop_is_found_across_tokens_that_cut_a_character(model: fd.models.LanguageModel) -> None:
    """Bytes of an emoji come in several tokens; the text is whole characters only."""
    tokenizer = model.tokenizer
    ids = tokenizer.encode("a \U0001f600\U0001f600 b")
    assert any(b"\xf0" in tokenizer.bytes_of(token) for token in ids)
    decoder, stopper = tokenizer.stream(), StopText("\U0001f600 b")
    shown_text = "".join(stopper.push(decoder.push(token)) for token in ids)
    assert (shown_text, stopper.matched) == ("a \U0001f600", "\U0001f600 b")
