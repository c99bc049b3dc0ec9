"""SsmScan, and RMSNorm of groups, against float64 numpy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foundry as fd
from foundry import ops
from values import F64, normal


def exact(tensor: fd.Tensor) -> F64:
    return tensor.copy_to_host().astype(np.float64)


def scanned(xbc: F64, time: F64, rate: F64, own: F64, state: F64) -> tuple[F64, F64]:
    """Mamba 2's recurrence as Dao & Gu 2024 have it; `time` is what softplus gives."""
    heads, size, columns = state.shape
    inner = heads * columns
    groups = (xbc.shape[1] - inner) // (2 * size)
    result = np.empty((len(xbc), heads, columns))
    state = state.copy()
    for token, row in enumerate(xbc):
        x = row[:inner].reshape(heads, columns)
        b, c = row[inner:].reshape(2, groups, size).repeat(heads // groups, axis=1)
        for head in range(heads):
            step = time[token, head]
            state[head] = np.exp(step * rate[head]) * state[head]
            state[head] += step * np.outer(b[head], x[head])
            result[token, head] = c[head] @ state[head] + own[head] * x[head]
    return result.reshape(len(xbc), inner), state


def tensors(
    rt: fd.Foundry, tokens: int, heads: int, columns: int, groups: int, size: int
) -> dict[str, Any]:
    """x, B and C, a time for each head and a gate as parts of wider rows."""
    channels = heads * columns + 2 * groups * size
    wide = rt.tensor(normal(tokens, heads * columns + heads + 3))
    return {
        "xbc": rt.tensor(normal(tokens, channels + 5))[:, 2 : channels + 2],
        "dt": wide[:, heads * columns : heads * columns + heads],
        "a": rt.tensor(-np.abs(normal(heads)) - np.float32(0.1)),
        "state": rt.tensor(normal(heads, size, columns)),
        "y": rt.empty((tokens, heads * columns), fd.f32),
        "dt_bias": rt.tensor(normal(heads)),
        "d": rt.tensor(normal(heads), fd.f16),
        "gate": wide[:, : heads * columns],
    }


@pytest.mark.parametrize(
    ("tokens", "heads", "columns", "groups", "size"),
    [(1, 1, 1, 1, 1), (1, 6, 16, 2, 20), (9, 4, 33, 1, 16), (40, 3, 64, 3, 7), (5, 2, 300, 2, 64)],
)
def test_the_recurrence(
    rt: fd.Foundry, tokens: int, heads: int, columns: int, groups: int, size: int
) -> None:
    given = tensors(rt, tokens, heads, columns, groups, size)
    host = {name: exact(tensor) for name, tensor in given.items() if name != "y"}
    time = np.logaddexp(0, host["dt"] + host["dt_bias"])
    y, state = scanned(host["xbc"], time, host["a"], host["d"], host["state"])
    y *= host["gate"] / (1 + np.exp(-host["gate"]))
    rt.run(ops.SsmScan(**given, start=3))
    # Sums of up to `size` terms in f32, and errors that decay with the state.
    np.testing.assert_allclose(exact(given["y"]), y, rtol=2e-5, atol=2e-5 * np.abs(y).max())
    np.testing.assert_allclose(
        exact(given["state"]), state, rtol=2e-5, atol=2e-5 * np.abs(state).max()
    )


def test_without_what_may_be_left_out(rt: fd.Foundry) -> None:
    given = tensors(rt, 7, 4, 16, 2, 8)
    for name in ("dt_bias", "d", "gate"):
        del given[name]
    host = {name: exact(tensor) for name, tensor in given.items() if name != "y"}
    y, _ = scanned(host["xbc"], np.logaddexp(0, host["dt"]), host["a"], np.zeros(4), host["state"])
    rt.run(ops.SsmScan(**given, start=1))
    np.testing.assert_allclose(exact(given["y"]), y, rtol=1e-5, atol=1e-5 * np.abs(y).max())


def test_times_far_from_zero(rt: fd.Foundry) -> None:
    """softplus neither overflows nor loses what is small."""
    given = tensors(rt, 1, 4, 8, 1, 4)
    given["dt"] = rt.tensor(np.array([[-80, -20, 30, 300]], np.float32))
    host = {name: exact(tensor) for name, tensor in given.items() if name != "y"}
    time = np.logaddexp(0, host["dt"])
    _, state = scanned(host["xbc"], time, host["a"], host["d"], 0 * host["state"])
    del given["dt_bias"], given["gate"]
    rt.run(ops.SsmScan(**given))
    np.testing.assert_allclose(exact(given["state"]), state, rtol=1e-5)


def test_tokens_one_by_one_and_in_parts_are_all_at_once(rt: fd.Foundry) -> None:
    given = tensors(rt, 12, 4, 16, 2, 20)
    void = np.full(given["state"].shape, np.nan, np.float32)
    given["state"] = rt.tensor(void)
    rt.run(ops.SsmScan(**given))  # the first token finds zeros
    state, y = rt.tensor(void), rt.empty(given["y"].shape, fd.f32)
    for first, last in ((0, 1), (1, 3), (3, 4), (4, 12)):
        rows = {name: given[name][first:last] for name in ("xbc", "dt", "gate")}
        others = {name: given[name] for name in ("a", "dt_bias", "d")}
        rt.run(ops.SsmScan(**rows, **others, state=state, y=y[first:last], start=first))
    np.testing.assert_array_equal(y.copy_to_host(), given["y"].copy_to_host())
    np.testing.assert_array_equal(state.copy_to_host(), given["state"].copy_to_host())
    assert np.isfinite(y.copy_to_host()).all()


def test_nan_goes_into_what_it_meets(rt: fd.Foundry) -> None:
    given = tensors(rt, 6, 4, 8, 2, 4)
    x = exact(given["xbc"]).astype(np.float32)
    x[2, 9] = np.nan  # column 1 of head 1
    given["xbc"] = rt.tensor(x)
    rt.run(ops.SsmScan(**given))
    found = np.isnan(given["y"].copy_to_host())
    assert found[2:, 9].all() and found.sum() == 4
    x[2, 9] = 0
    x[3, 32 + 4] = np.nan  # B of the second group, heads 2 and 3
    given["xbc"] = rt.tensor(x)
    rt.run(ops.SsmScan(**given))
    found = np.isnan(given["y"].copy_to_host())
    assert found[3:, 16:].all() and found.sum() == 3 * 16


def test_what_does_not_fit_is_named(rt: fd.Foundry) -> None:
    def fails(error: type[Exception], text: str, **changed: Any) -> None:
        given = tensors(rt, 3, 4, 8, 2, 5) | changed
        with pytest.raises(error, match=re.escape(text)):
            rt.run(ops.SsmScan(**given))

    fails(
        fd.ShapeError, "state is (4, 5), not (heads, state_size, head_dim)", state=rt.zeros((4, 5))
    )
    fails(
        fd.ShapeError,
        "xbc is (3, 50), state (4, 5, 8): columns are 32 and 10 for each group of heads, whose "
        "number divides 4",
        xbc=rt.zeros((3, 50)),
    )
    fails(fd.ShapeError, "xbc is (3, 62), state (4, 5, 8)", xbc=rt.zeros((3, 62)))
    fails(fd.ShapeError, "dt is (3, 5), not (3, 4)", dt=rt.zeros((3, 5)))
    fails(fd.ShapeError, "gate is (2, 32), not (3, 32)", gate=rt.zeros((2, 32)))
    fails(fd.ShapeError, "a is (3,): 3 elements where 4 are needed", a=rt.zeros((3,)))
    fails(fd.ShapeError, "y is (2, 32): 64 elements where 96 are needed", y=rt.zeros((2, 32)))
    fails(fd.DTypeError, "y takes f32, got", y=rt.zeros((3, 32), fd.f16))
    fails(fd.DTypeError, "state takes f32, got", state=rt.zeros((4, 5, 8), fd.f16))
    fails(
        fd.ShapeError,
        "dt must have its rows contiguous",
        dt=rt.zeros((4, 3)).transpose(),
    )


@pytest.mark.parametrize(("rows", "columns"), [(6, 40), (3, 1500)])
def test_a_norm_has_weights_for_neighbouring_rows(rt: fd.Foundry, rows: int, columns: int) -> None:
    x, weight = rt.tensor(normal(rows, columns)), rt.tensor(normal(3, columns))
    y = rt.empty((rows, columns), fd.f32)
    rt.run(ops.RmsNorm(x=x, y=y, weight=weight, epsilon=1e-5))
    scale = 1 / np.sqrt((exact(x) ** 2).mean(axis=1, keepdims=True) + 1e-5)
    expected = exact(x) * scale * np.tile(exact(weight), (rows // 3, 1))
    np.testing.assert_allclose(exact(y), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(fd.ShapeError, match=r"weight is \(4, \d+\): \d+ elements where \d+ are"):
        rt.run(ops.RmsNorm(x=x, y=y, weight=rt.zeros((4, columns))))
