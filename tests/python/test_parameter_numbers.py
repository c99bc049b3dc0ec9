"""A program's parameters are exact in every type, or an error with value and range."""

import math
from typing import Any

import numpy as np
import pytest

import foundry as fd

RANGES = {
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}


def recorded(rt: fd.Foundry, name: str) -> tuple[Any, fd.Tensor]:
    """A program that stores its parameter `a`, and what it stores to."""
    dtype = fd.DType[name]

    @fd.kernel(dispatch=fd.per_element("y"))
    def store(y: fd.InOut[dtype], value: dtype) -> None:  # type: ignore[valid-type]
        """
        if (gid < y_size) y[gid] = value;
        """

    y = rt.empty((1,), dtype)
    with rt.record("store") as program:
        rt.run(store(y=y, value=fd.Parameter("a")))
    return program, y


@pytest.mark.parametrize("name", RANGES)
def test_integers_are_exact_up_to_their_ends(rt: fd.Foundry, name: str) -> None:
    program, y = recorded(rt, name)
    low, high = RANGES[name]
    for value in {low, high, high - 1, low // 3, min(high, 2**53 + 1), min(high, 2**62 + 1)}:
        program.replay(a=value)
        assert y.copy_to_host().tolist() == [value]
    program.replay(a=7)
    for bad in (low - 1, high + 1, 0.5, math.nan, math.inf, 2**64, -(2**63) - 1):
        with pytest.raises(
            fd.ArgumentError, match=r"program 'store': parameter 'a' is .*expected a"
        ):
            program.replay(a=bad)
    assert y.copy_to_host().tolist() == [7], "nothing ran"


@pytest.mark.parametrize("name", ["f32", "f16", "bf16"])
def test_float_parameters_round_once(rt: fd.Foundry, name: str) -> None:
    program, y = recorded(rt, name)
    bits = {"f32": 24, "f16": 11, "bf16": 8}[name]
    # Just above the middle of 1 and the number after it, by less than f32 can tell.
    above = 1 + 2.0**-bits + 2.0**-50
    for value, expected in (
        (above, 1 + 2.0 ** (1 - bits)),
        (1 + 2.0**-bits, 1),  # the middle: to even
        (-above, -1 - 2.0 ** (1 - bits)),
        (math.inf, math.inf),
    ):
        program.replay(a=value)
        assert float(y.copy_to_host()[0]) == expected
    program.replay(a=-0.0)
    assert np.signbit(np.float64(y.copy_to_host()[0]))
    program.replay(a=math.nan)
    assert math.isnan(float(y.copy_to_host()[0]))
    with pytest.raises(fd.ArgumentError, match=r"parameter 'a' is 1e\+300; expected a number from"):
        program.replay(a=1e300)
