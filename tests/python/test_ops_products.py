"""Products with other layouts than Gemv's, against float64 numpy.

Tolerance: sums in f32, see test_ops.py; 32 units of 2^-24 of the sum of magnitudes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
import quantised
from values import F64, rng, weights

SHAPES = [(1, 1), (1, 32), (3, 64), (5, 33), (33, 96), (65, 576), (200, 1536), (7, 544), (35, 768)]
# Block formats have rows of whole blocks.
CASES = [
    (name, shape)
    for name in quantised.DISTINCT
    for shape in SHAPES
    if shape[1] % quantised.block_of(name)[0] == 0
]


def check(found: Any, expected: F64, magnitude: F64, stored: float = 0.0) -> None:
    bound = 32 * 2.0**-24 * magnitude + stored * np.abs(expected) + 1e-30
    assert np.max(np.abs(np.asarray(found).astype(np.float64) - expected) / bound) <= 1


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_gemv_columns(rt: fd.Foundry, shape: tuple[int, int], name: str) -> None:
    w, w64 = weights(rt, shape, name)
    x = rng("x", shape).standard_normal(shape[0]).astype(np.float32)
    y = rt.empty((shape[1],), fd.f32)
    rt.run(fd.ops.GemvColumns(weights=w, x=rt.tensor(x), y=y))
    check(y, w64.T @ x, np.abs(w64).T @ np.abs(x))


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_gemv_tiled(rt: fd.Foundry, shape: tuple[int, int], name: str) -> None:
    rows, columns = shape
    w, w64 = weights(rt, shape, name)
    dtype = fd.DType[name] if name in quantised.PLAIN else fd.f32
    tiles = rt.empty(((rows + 31) // 32, columns, 32), dtype)
    rt.run(fd.ops.TileWeights(weights=w, y=tiles))
    expected = np.zeros((tiles.shape[0] * 32, columns))
    expected[:rows] = w64
    np.testing.assert_allclose(
        tiles.copy_to_host().astype(np.float64),
        expected.reshape(-1, 32, columns).transpose(0, 2, 1),
        rtol=2.0**-22,  # a block's scale times its code, plus its minimum
        atol=2.0**-22,
    )
    x = rng("x", shape).standard_normal(columns).astype(np.float16)
    y = rt.empty((rows,), fd.f16)
    rt.run(fd.ops.GemvTiled(weights=tiles, x=rt.tensor(x), y=y))
    x64 = x.astype(np.float64)
    check(y, w64 @ x64, np.abs(w64) @ np.abs(x64) + 1, stored=2.0**-11 * 1.01)


def test_the_bytes_are_stated(rt: fd.Foundry) -> None:
    w, _ = weights(rt, (33, 96), "q8_0")
    x, y = rt.empty((33,), fd.f32), rt.empty((96,), fd.f16)
    traffic = fd.ops.GemvColumns(w, x, y).traffic
    assert (traffic.reads, traffic.writes) == (33 * 3 * 34 + 33 * 4, 96 * 2)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda e: fd.ops.GemvColumns(e(4, 6), e(6), e(6)),
            "GemvColumns: x is (6,): 6 elements where 4 are needed",
        ),
        (lambda e: fd.ops.GemvColumns(e(4), e(4), e(6)), "weights are (4,), not (rows, columns)"),
        (
            lambda e: fd.ops.TileWeights(e(33, 6), e(1, 6, 32)),
            "weights are (33, 6), y is (1, 6, 32), not (2, 6, 32)",
        ),
        (
            lambda e: fd.ops.GemvTiled(e(2, 6, 32), e(6), e(32)),
            "y is (32,), 1 tiles; weights are (2, 6, 32)",
        ),
        (
            lambda e: fd.ops.GemvTiled(e(2, 6, 16), e(6), e(32)),
            "weights are (2, 6, 16), not (tiles, columns, 32)",
        ),
    ],
)
def test_what_does_not_fit_is_named(rt: fd.Foundry, make: Any, text: str) -> None:
    with pytest.raises(fd.ShapeError) as caught:
        rt.run(make(lambda *shape: rt.empty(shape, fd.f32)))
    assert text in str(caught.value)
