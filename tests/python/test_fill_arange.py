"""Fill and Arange: exact in every type, or an error with value, dtype and range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import foundry as fd
from values import rng

RANGES = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "bool": (0, 1),
}


def dtype_of(name: str) -> fd.DType:
    return fd.bool_ if name == "bool" else fd.DType[name]


def described(name: str) -> str:
    low, high = RANGES[name]
    return "0 or 1" if name == "bool" else f"an integer from {low} to {high}"


@pytest.mark.parametrize("name", RANGES)
def test_every_integer_of_the_range_is_filled_exactly(rt: fd.Foundry, name: str) -> None:
    low, high = RANGES[name]
    y = rt.empty((3,), dtype_of(name))
    values = {low, high, 0, 1, high // 2 + 1, high - 1, low // 3}
    values |= {v for v in (2**53 + 1, 2**62 + 1, -(2**53) - 1, 2**63 + 1025) if low <= v <= high}
    for value in sorted(values):
        if not low <= value <= high:
            continue
        rt.run(fd.ops.Fill(y=y, value=value))
        assert y.copy_to_host().tolist() == [value] * 3
    if name != "bool":
        for value in (np.int8(7), np.uint64(100), np.float64(42), True):
            rt.run(fd.ops.Fill(y=y, value=value))
            assert y.copy_to_host().tolist() == [int(value)] * 3


@pytest.mark.parametrize("name", RANGES)
def test_what_an_integer_type_does_not_hold_is_refused(rt: fd.Foundry, name: str) -> None:
    low, high = RANGES[name]
    y = rt.empty((3,), dtype_of(name))
    rt.run(fd.ops.Fill(y=y, value=1))
    bad: list[Any] = [low - 1, high + 1, 0.5, math.nan, math.inf, -math.inf, 1e30, 2**64, -(2**64)]
    for value in bad:
        with pytest.raises(fd.ArgumentError) as caught:
            rt.run(fd.ops.Fill(y=y, value=value))
        text = str(caught.value)
        assert text.startswith("Fill: ") and text.endswith(
            f"is no {name}; expected {described(name)}"
        )
        if isinstance(value, int) and abs(value) < 2**63:
            assert str(value) in text
    assert y.copy_to_host().tolist() == [1, 1, 1], "nothing is written"


@pytest.mark.parametrize("value", ["1", None, [1], 1j, {}], ids=repr)
def test_what_is_no_number_is_refused(rt: fd.Foundry, value: Any) -> None:
    kind = type(value).__name__
    with pytest.raises(fd.ArgumentTypeError) as caught:
        fd.ops.Fill(y=rt.empty((3,), fd.f32), value=value)
    assert str(caught.value) == f"Fill: argument 'value' is a {kind}; expected a number"
    with pytest.raises(fd.ArgumentTypeError) as caught:
        fd.ops.Arange(y=rt.empty((3,), fd.f32), step=value)
    assert str(caught.value) == f"Arange: argument 'step' is a {kind}; expected a number"


def test_a_number_that_no_type_holds_is_refused(rt: fd.Foundry) -> None:
    with pytest.raises(
        fd.ArgumentError, match=r"Fill: argument 'value' is 1000.*that a dtype holds"
    ):
        fd.ops.Fill(y=rt.empty((3,), fd.f32), value=10**400)


def test_float_types_round_once(rt: fd.Foundry) -> None:
    # Between two elements by less than f32 can tell: rounding twice would go down.
    ties: list[Any] = [1 + 2.0**-11 + 2.0**-40, -(1 + 2.0**-11 + 2.0**-40), 2.0**-25 + 2.0**-70]
    ties += [65519.9999999, -0.0, math.nan, math.inf, -math.inf, 2049, 65503]
    for name, kind in (("f16", np.float16), ("f32", np.float32)):
        y = rt.empty((1,), fd.DType[name])
        more: list[Any] = [2**60 + 1, 2**64 - 1, 10**30, 3.4e38] if name == "f32" else []
        for value in [*ties, *more]:
            rt.run(fd.ops.Fill(y=y, value=value))
            expected = np.array(value, np.float64).astype(kind)
            found = np.asarray(y)[0]
            np.testing.assert_array_equal(found, expected)
            assert np.signbit(found) == np.signbit(expected) or np.isnan(expected)
    brain = rt.empty((1,), fd.bf16)
    rt.run(fd.ops.Fill(y=brain, value=1 + 2.0**-8 + 2.0**-40))
    assert float(brain.copy_to_host()[0]) == 1 + 2.0**-7
    rt.run(fd.ops.Fill(y=brain, value=2**40 + 2**32 + 1))
    assert float(brain.copy_to_host()[0]) == 2**40 + 2**33


@pytest.mark.parametrize(("name", "value"), [("f16", 65520), ("f32", 1e300), ("bf16", -3.4e38)])
def test_a_finite_number_does_not_become_infinite(rt: fd.Foundry, name: str, value: float) -> None:
    y = rt.empty((3,), fd.DType[name])
    with pytest.raises(fd.ArgumentError, match=rf"^Fill: \S+ is no {name}; expected a number from"):
        rt.run(fd.ops.Fill(y=y, value=value))
    with pytest.raises(fd.ArgumentError, match=r"^Arange: 1e\+300 is no f32; a step is a number"):
        rt.run(fd.ops.Arange(y=y, start=0, step=1e300))


@pytest.mark.parametrize("name", [name for name in RANGES if name != "bool"])
def test_arange_is_exact_over_the_whole_range(rt: fd.Foundry, name: str) -> None:
    low, high = RANGES[name]
    random = rng(name)
    for count in (1, 2, 37, 300):
        y = rt.empty((count,), dtype_of(name))
        most = min((high - low) // max(count - 1, 1), 2**63 - 1)
        cases = [(low, most), (high, -most)]
        cases += [(high - count + 1, 1)] if high - low >= count else []
        cases += [(int(random.integers(0, 50)), 0)]
        for start, step in cases:
            rt.run(fd.ops.Arange(y=y, start=start, step=step))
            assert y.copy_to_host().tolist() == [start + i * step for i in range(count)]
            past = start + count * step
            if not low <= past <= high:
                more = rt.empty((count + 1,), dtype_of(name))
                with pytest.raises(fd.ArgumentError) as caught:
                    rt.run(fd.ops.Arange(y=more, start=start, step=step))
                assert str(caught.value) == (
                    f"Arange: {past} is no {name}; element {count} is {described(name)}"
                )


@pytest.mark.parametrize(
    ("start", "step", "text"),
    [
        (-1, 1, "Arange: -1 is no u8; a start is an integer from 0 to 255"),
        (0.5, 1, "Arange: 0.5 is no u8; a start is an integer from 0 to 255"),
        (1, 0.5, f"Arange: 0.5 is no i64; a step is {described('i64')}"),
        (1, math.nan, f"Arange: nan is no i64; a step is {described('i64')}"),
        (1, 1 - 2**64, "is no i64; a step is"),
    ],
)
def test_arange_names_its_start_and_step(
    rt: fd.Foundry, start: float, step: float, text: str
) -> None:
    with pytest.raises(fd.ArgumentError) as caught:
        rt.run(fd.ops.Arange(y=rt.empty((3,), fd.u8), start=start, step=step))
    assert text in str(caught.value)
