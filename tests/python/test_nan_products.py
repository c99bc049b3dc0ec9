"""NaN and infinity in products: what is seen shows, and stays in its row.

The rules are those of docs/ops.md. `special` is one of NaN, +inf and -inf throughout.
"""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd
import quantised
from quantised import FORMATS
from values import normal, weights

SPECIAL = [np.nan, np.inf, -np.inf]


# Whole steps of 256, and for smaller blocks a rest after them.
COLUMNS = {name: 512 if quantised.block_of(name)[0] == 256 else 576 for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_gemv_shows_what_is_not_finite_as_ieee_has_it(rt: fd.Foundry, name: str) -> None:
    columns = COLUMNS[name]
    w, w64 = weights(rt, (37, columns), name)
    y = rt.empty((37,), fd.f32)
    clean = normal(columns)
    for at in (0, 77, 300, columns - 1):
        for special in SPECIAL:
            x = clean.copy()
            x[at] = special
            rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
            with np.errstate(invalid="ignore"):
                expected = w64[:, at] * special  # 0 times infinity is NaN
            np.testing.assert_array_equal(np.asarray(y), expected)
    x = clean.copy()
    x[[3, 400]] = np.inf, -np.inf
    rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
    assert not np.isfinite(np.asarray(y)).any()
    # And what comes next is as before.
    rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(clean), y=y))
    bound = 2.0**-14 * (np.abs(w64) @ np.abs(clean))  # 16-bit inputs
    assert (np.abs(np.asarray(y) - w64 @ clean) <= bound).all()


@pytest.mark.parametrize("name", FORMATS)
def test_gemv_takes_inputs_of_every_size(rt: fd.Foundry, name: str) -> None:
    columns = COLUMNS[name]
    w, w64 = weights(rt, (37, columns), name)
    y = rt.empty((37,), fd.f32)
    for scale in (1e-40, 1e-36, 1e-33, 1e-20, 1e20, 1e34):
        x = (normal(columns) * scale).astype(np.float32)
        x[32:64] = 0
        rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
        x64 = x.astype(np.float64)
        # 16-bit inputs; below 2^-126 a product is off by half of the last place, 2^-150.
        bound = 2.0**-14 * (np.abs(w64) @ np.abs(x64)) + columns * 2.0**-149
        assert (np.abs(np.asarray(y) - w64 @ x64) <= bound).all(), scale


@pytest.mark.parametrize("name", quantised.WITH_NAN)
def test_one_row_of_weights_that_is_not_finite_is_one_result(rt: fd.Foundry, name: str) -> None:
    columns = COLUMNS[name]
    values = normal(37, columns, seed=name)
    if name in quantised.PLAIN:
        values[5, 300] = np.nan
        w = rt.tensor(values, fd.DType[name])
    else:
        packed = quantised.pack(values, name).reshape(37, -1)
        first = packed[5:6, : quantised.block_of(name)[1]]
        quantised.set_halves(first, name, quantised.SCALES[name][0], np.array([np.nan], np.float16))
        w = rt.dedicated((37, columns), fd.DType[name])
        w.copy_from(packed.reshape(-1))
    only = np.arange(37) == 5
    y = rt.empty((37,), fd.f32)
    rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(normal(columns)), y=y))
    np.testing.assert_array_equal(np.isnan(np.asarray(y)), only)
    many = rt.empty((3, 37), fd.f32)
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(normal(3, columns)), y=many))
    np.testing.assert_array_equal(np.isnan(np.asarray(many)), np.broadcast_to(only, (3, 37)))


@pytest.mark.parametrize("name", ["q4_1", "q6_k", "f16"])
@pytest.mark.parametrize("form", ["gemm_lanes", "gemm_matrices", "gemm_tiles"])
def test_gemm_keeps_tokens_apart(rt: fd.Foundry, name: str, form: str) -> None:
    columns = COLUMNS[name]
    w, _ = weights(rt, (37, columns), name)
    clean = normal(35, columns)
    y, again = rt.empty((35, 37), fd.f32), rt.empty((35, 37), fd.f32)
    kind = fd.ops.LinearForm[form]
    planes = rt.empty((fd.ops.linear_scratch(35, columns),), fd.bf16)
    rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(clean), y=y, form=kind, scratch=planes))
    for special in SPECIAL:
        x = clean.copy()
        x[3, 77] = special
        rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(x), y=again, form=kind, scratch=planes))
        assert not np.isfinite(np.asarray(again)[3]).any()
        others = np.arange(35) != 3
        np.testing.assert_array_equal(np.asarray(again)[others], np.asarray(y)[others])


@pytest.mark.parametrize("special", SPECIAL)
def test_other_products(rt: fd.Foundry, special: float) -> None:
    w, w64 = weights(rt, (70, 96), "q8_0")
    x = normal(70)
    x[33] = special
    y = rt.empty((96,), fd.f32)
    rt.run(fd.ops.GemvColumns(weights=w, x=rt.tensor(x), y=y))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.asarray(y), w64[33] * special)
    tiles = rt.empty((3, 96, 32), fd.f32)
    rt.run(fd.ops.TileWeights(weights=w, y=tiles))
    x = normal(96)
    x[5] = special
    rows = rt.empty((70,), fd.f32)
    rt.run(fd.ops.GemvTiled(weights=tiles, x=rt.tensor(x), y=rows))
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.asarray(rows), w64[:, 5] * special)


@pytest.mark.parametrize("tokens", [1, 3])
def test_fused_products_show_it(rt: fd.Foundry, tokens: int) -> None:
    gate, _ = weights(rt, (50, 256), "q4_0")
    up, _ = weights(rt, (50, 256), "q8_0")
    norm = fd.ops.RmsNorm(weight=rt.tensor(normal(256)))
    y = rt.empty((tokens, 50), fd.f32)
    for special in SPECIAL:
        x = normal(tokens, 256)
        x[-1, 200] = special
        rt.run(fd.ops.GatedLinear(gate=gate, up=up, x=rt.tensor(x), y=y, prologue=norm))
        found = np.isfinite(np.asarray(y))
        assert not found[-1].any() and found[:-1].all()
