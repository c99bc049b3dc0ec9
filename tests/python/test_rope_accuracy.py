"""RoPE at large positions, against float64: the bound of docs/ops.md."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd


@pytest.mark.parametrize("base", [1e4, 5e5])
@pytest.mark.parametrize(("dim", "interleaved"), [(64, True), (128, False)])
def test_an_angle_is_off_by_its_position_over_two_to_the_23(
    rt: fd.Foundry, base: float, dim: int, interleaved: bool
) -> None:
    ones = np.zeros((40, 1, dim), np.float32)
    ones[..., slice(0, None, 2) if interleaved else slice(dim // 2)] = 1
    y = rt.empty(ones.shape, fd.f32)
    frequencies = np.float64(base) ** (-np.arange(0, dim, 2) / dim)
    for start in (0, 8000, 100_000, 1_000_000, 2**24 - 40):
        rt.run(fd.ops.Rope(x=rt.tensor(ones), y=y, start=start, base=base, interleaved=interleaved))
        found = np.asarray(y).astype(np.float64)[:, 0]
        pairs = found.reshape(40, -1, 2) if interleaved else found.reshape(40, 2, -1).swapaxes(1, 2)
        angle = np.outer(start + np.arange(40), frequencies)
        turned = (pairs[..., 0] + 1j * pairs[..., 1]) * np.exp(-1j * angle)
        np.testing.assert_allclose(np.abs(turned), 1, atol=4 * 2.0**-24)
        # A frequency and an angle, each rounded, and the functions' own error.
        off = np.abs(np.angle(turned))
        assert (off <= (start + 40) * 2.0**-23 + 4 * 2.0**-24).all(), off.max() / (start + 40)
