"""Products on matrix units, by halves of bfloats, against float64 numpy."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd
import quantised
from quantised import FORMATS
from values import F64, normal, weights

TILES = fd.ops.LinearForm.gemm_tiles


def scratch(rt: fd.Foundry, tokens: int, columns: int) -> fd.Tensor:
    return rt.empty((fd.ops.linear_scratch(tokens, columns),), fd.bf16)


def bound(x: F64, w: F64) -> F64:
    """Halves leave 2^-16 of a factor, the product of two low ones is 2^-16 of the whole; f32's sums
    are as near."""
    sums: F64 = np.abs(x) @ np.abs(w).T
    return sums * (3 * 2.0**-16)


def rms(x: F64) -> F64:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(rt: fd.Foundry, name: str) -> None:
    tokens, rows = 21, 45
    columns = 512 if quantised.block_of(name)[0] == 256 else 448  # a chunk and a half beyond whole
    w, w64 = weights(rt, (rows, columns), name)
    x = normal(tokens, columns)
    y = rt.empty((tokens, rows), fd.f32)
    planes = scratch(rt, tokens, columns)
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(x), y=y, form=TILES, scratch=planes))
    x64 = x.astype(np.float64)
    assert (np.abs(np.asarray(y) - x64 @ w64.T) <= bound(x64, w64)).all()
    # What halves of 16 bits cost of a sum of random products: 4e-6, not the bound's 5e-5.
    error = np.asarray(y) - x64 @ w64.T
    assert np.sqrt((error**2).mean() / ((x64 @ w64.T) ** 2).mean()) < 8e-6


@pytest.mark.parametrize("magnitude", [1e-30, 1e-10, 1e10, 1e30])
def test_inputs_of_every_size(rt: fd.Foundry, magnitude: float) -> None:
    w, w64 = weights(rt, (33, 96), "f16")
    x = (normal(9, 96) * magnitude).astype(np.float32)
    y = rt.empty((9, 33), fd.f32)
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(x), y=y, form=TILES, scratch=scratch(rt, 9, 96)))
    x64 = x.astype(np.float64)
    assert (np.abs(np.asarray(y) - x64 @ w64.T) <= bound(x64, w64)).all()


def test_a_sandwich_is_stored_once_and_read_by_all_rows(rt: fd.Foundry) -> None:
    tokens, rows, columns = 40, 75, 160
    w, w64 = weights(rt, (rows, columns), "q8_0")
    x, residual = normal(tokens, columns), normal(tokens, columns, seed=1)
    gain, following = normal(columns, seed=2), normal(columns, seed=3)
    stored = rt.empty((tokens, columns), fd.f32)
    norm = fd.ops.SandwichNorm(
        residual=rt.tensor(residual),
        weight=rt.tensor(gain),
        next_weight=rt.tensor(following),
        y=stored,
        epsilon=1e-5,
    )
    y = rt.empty((tokens, rows), fd.f32)
    planes = scratch(rt, tokens, columns)
    before = rt.statistics["dispatches"]
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(x), y=y, prologue=norm, form=TILES, scratch=planes))
    assert rt.statistics["dispatches"] == before + 2
    total = residual + rms(x.astype(np.float64)) * gain
    np.testing.assert_allclose(np.asarray(stored), total, rtol=0, atol=5e-6)
    source = rms(total) * following
    error = np.abs(np.asarray(y) - source @ w64.T)
    assert (error <= bound(source, w64) + 1e-5).all()


def test_experts_take_other_forms(rt: fd.Foundry) -> None:
    ids = rt.tensor(np.zeros((4, 2), np.int32))
    groups = rt.empty((2 + 2 + 2 * 8,), fd.u32)
    op = fd.ops.ExpertLinear(
        rt.empty((2, 32, 64), fd.f32),
        ids,
        rt.empty((8, 64), fd.f32),
        rt.empty((8, 32), fd.f32),
        groups=groups,
        form=TILES,
    )
    with pytest.raises(fd.ArgumentError) as error:
        rt.run(op)
    assert str(error.value) == (
        "ExpertLinear: products of experts run by gemv, gemm_lanes or gemm_matrices, "
        "not by gemm_tiles"
    )
