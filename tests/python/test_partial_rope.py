"""RoPE of a head's first elements, and its magnitude, in every operation that turns heads, against
float64 numpy and ggml's definition of n_dims."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foundry as fd
from rotation import turned
from values import F64, normal, weights

CASES = [
    # head_dim, dims, interleaved, with factors, magnitude
    (80, 32, False, False, 1.0),  # Phi 2
    (64, 16, True, True, 1.0),
    (96, 72, False, True, 1.19),  # Phi 4 mini
    (128, 64, True, False, 0.5),
    (14, 2, False, False, 1.0),
    (64, 0, False, False, 1.25),
    (64, 64, True, False, 1.0),
]


def settings(
    rt: fd.Foundry, dims: int, interleaved: bool, factors: F64 | None, magnitude: float
) -> dict[str, Any]:
    return {
        "dims": dims,
        "interleaved": interleaved,
        "factors": None if factors is None else rt.tensor(factors, fd.f32),
        "magnitude": magnitude,
    }


def factors_of(dim: int, dims: int, wanted: bool) -> F64 | None:
    return np.linspace(1, 8, (dims or dim) // 2) if wanted else None


@pytest.mark.parametrize(("dim", "dims", "interleaved", "has_factors", "magnitude"), CASES)
def test_rope_by_itself_and_with_the_cache(
    rt: fd.Foundry, dim: int, dims: int, interleaved: bool, has_factors: bool, magnitude: float
) -> None:
    factors = factors_of(dim, dims, has_factors)
    rope = settings(rt, dims, interleaved, factors, magnitude)

    def expected(x: Any) -> F64:
        return turned(
            x.astype(np.float64),
            5,
            dims=dims,
            interleaved=interleaved,
            factors=factors,
            magnitude=magnitude,
        )

    # Positions below 10 and elements up to 5: an angle that is off by 10 * 2^-22.
    bound: Any = {"rtol": 0, "atol": 5e-5}
    x = normal(3, 5, dim)
    y = rt.empty(x.shape, fd.f32)
    rt.run(fd.ops.Rope(x=rt.tensor(x), y=y, start=5, **rope))
    np.testing.assert_allclose(np.asarray(y), expected(x), **bound)
    rest = np.s_[..., dims or dim :]
    np.testing.assert_array_equal(np.asarray(y)[rest], x[rest])

    q, k, v = rt.tensor(x), normal(3, 2, dim, seed=1), normal(3, 2, dim, seed=2)
    keys, values = (rt.tensor(np.full((9, 2, dim), 7, np.float32)) for _ in range(2))
    rt.run(
        fd.ops.RopeKvWrite(
            q=q, k=rt.tensor(k), v=rt.tensor(v), k_cache=keys, v_cache=values, start=5, **rope
        )
    )
    np.testing.assert_allclose(np.asarray(q), expected(x), **bound)
    np.testing.assert_allclose(np.asarray(keys)[5:8], expected(k), **bound)
    np.testing.assert_array_equal(np.asarray(values)[5:8], v)
    assert (np.delete(np.asarray(keys), range(5, 8), axis=0) == 7).all()


@pytest.mark.parametrize(("dim", "dims", "interleaved", "has_factors", "magnitude"), CASES)
def test_rope_in_a_projection(
    rt: fd.Foundry, dim: int, dims: int, interleaved: bool, has_factors: bool, magnitude: float
) -> None:
    factors = factors_of(dim, dims, has_factors)
    (wq, wq64), (wk, wk64), (wv, wv64) = (
        weights(rt, (heads * dim, 64), name)
        for heads, name in ((3, "q8_0"), (1, "f16"), (1, "f32"))
    )
    x = normal(64)
    q = rt.empty((1, 3, dim), fd.f32)
    keys, values = (rt.tensor(np.full((9, 1, dim), 7, np.float32)) for _ in range(2))
    rt.run(
        fd.ops.QkvLinear(
            query=wq, key=wk, value=wv, x=rt.tensor(x), q=q, k_cache=keys, v_cache=values, start=6,
            **settings(rt, dims, interleaved, factors, magnitude),
        )
    )  # fmt: skip

    def expected(w: F64) -> F64:
        heads = (w @ x.astype(np.float64)).reshape(1, -1, dim)
        return turned(
            heads, 6, dims=dims, interleaved=interleaved, factors=factors, magnitude=magnitude
        )

    # q8_0 takes the input in 16 bits (docs/ops.md): 2^-19 of 64 products; the angle as above.
    bound: Any = {"rtol": 0, "atol": 1e-3}
    np.testing.assert_allclose(np.asarray(q), expected(wq64), **bound)
    np.testing.assert_allclose(np.asarray(keys)[6:7], expected(wk64), **bound)
    np.testing.assert_allclose(np.asarray(values)[6, 0], wv64 @ x, **bound)


def test_nan_stays_in_what_is_not_turned(rt: fd.Foundry) -> None:
    x = normal(1, 2, 16)
    x[0, 0, 9], x[0, 1, 15] = np.nan, np.inf
    y, keys, values = rt.empty(x.shape, fd.f32), *(rt.empty((4, 2, 16), fd.f32) for _ in range(2))
    for interleaved in (False, True):
        rt.run(fd.ops.Rope(x=rt.tensor(x), y=y, start=7, dims=8, interleaved=interleaved))
        np.testing.assert_array_equal(np.isfinite(np.asarray(y)), np.isfinite(x))
        q = rt.tensor(x)
        rt.run(
            fd.ops.RopeKvWrite(
                q=q, k=rt.tensor(x), v=rt.tensor(x), k_cache=keys,
                v_cache=values, start=3, dims=8, interleaved=interleaved,
            )
        )  # fmt: skip
        np.testing.assert_array_equal(np.isfinite(np.asarray(q)), np.isfinite(x))
        np.testing.assert_array_equal(np.isfinite(np.asarray(keys)[3]), np.isfinite(x[0]))


@pytest.mark.parametrize("dims", [3, 18])
def test_dims_that_a_head_has_not_are_named(rt: fd.Foundry, dims: int) -> None:
    x = rt.tensor(normal(1, 2, 16))
    caches: dict[str, Any] = {
        "k_cache": rt.empty((4, 2, 16), fd.f32),
        "v_cache": rt.empty((4, 2, 16), fd.f32),
    }
    text = f"dims is {dims}; even numbers up to the head's 16 are possible"
    with pytest.raises(fd.ShapeError) as error:
        rt.run(fd.ops.Rope(x=x, y=x, dims=dims))
    assert str(error.value) == "Rope: " + text
    with pytest.raises(fd.ShapeError) as error:
        rt.run(fd.ops.RopeKvWrite(q=x, k=rt.tensor(normal(1, 2, 16)), v=x, **caches, dims=dims))
    assert str(error.value) == "RopeKvWrite: " + text
    w = rt.tensor(normal(32, 8))
    with pytest.raises(fd.ShapeError) as error:
        rt.run(
            fd.ops.QkvLinear(
                query=w, key=w, value=w, x=rt.tensor(normal(8)), q=x, **caches, dims=dims
            )
        )
    assert str(error.value) == "QkvLinear: Rope's " + text
    with pytest.raises(fd.ShapeError) as error:
        rt.run(fd.ops.Rope(x=x, y=x, dims=8, factors=rt.tensor(normal(8))))
    assert "factors is (8,): 8 elements where 4 are needed" in str(error.value)
    with pytest.raises(fd.ArgumentError, match=r"^Rope: magnitude is inf, not finite$"):
        rt.run(fd.ops.Rope(x=x, y=x, magnitude=np.inf))
