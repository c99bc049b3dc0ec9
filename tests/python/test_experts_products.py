"""Products with the weights of the experts chosen, one by one and grouped, against float64 numpy.

Tolerance: as test_ops.py's, in units of 2^-24 of the sum of magnitudes, and what a product with
integer codes loses of its input.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

import foundry as fd
import quantised
from experts import (
    Ids,
    clamped_swiglu,
    expert_weights,
    grouped,
    products,
    silu,
    some_ids,
    summed,
)
from foundry import ops
from quantised import FORMATS
from test_ops import INTEGER_FORMATS, input_rounding
from values import F64, normal

EPS = 2.0**-24
SOME = ["f32", "q8_0", "q4_k", "q6_k"]  # test_policies.py has all of them
COLUMNS = {name: 512 if quantised.block_of(name)[0] == 256 else 352 for name in FORMATS}


def lost(name: str, w: F64, ids: Ids, x: F64) -> F64:
    """What rounded inputs may change of products(), where codes are multiplied as integers."""
    rows = np.repeat(x, ids.size // len(x), axis=0)
    if name not in INTEGER_FORMATS:
        return np.zeros((ids.size, w.shape[1]))
    return np.stack(
        [input_rounding(w[e], row) for e, row in zip(ids.reshape(-1), rows, strict=True)]
    )


def bound_of(name: str, w: F64, ids: Ids, x: F64, is_rounded: bool = True) -> F64:
    """Of each of products(); a gemm alone does not round its input."""
    rounding = lost(name, w, ids, x) if is_rounded else 0.0
    return 32 * EPS * products(np.abs(w), ids, np.abs(x)) + rounding


def check(found: fd.Tensor, expected: F64, bound: F64) -> None:
    error = np.abs(np.asarray(found).astype(np.float64) - expected)
    assert (error <= bound + 1e-30).all(), f"{np.max(error / (bound + 1e-30)):.2f} times the bound"


def form(rt: fd.Foundry, ids: Ids, experts: int, is_grouped: bool) -> dict[str, Any]:
    tensor = rt.tensor(ids)
    if not is_grouped:
        return {"ids": tensor}
    return {"ids": tensor, "groups": grouped(rt, tensor, experts)}


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("name", SOME)
def test_each_choice_is_a_product(rt: fd.Foundry, name: str, is_grouped: bool) -> None:
    experts, rows, columns = 5, 37, COLUMNS[name]
    w, w64 = expert_weights(rt, (experts, rows, columns), name)
    ids = some_ids(7, 3, experts)
    x, bias = normal(7, columns), normal(experts, rows)
    y = rt.empty((21, rows), fd.f32)
    routing = form(rt, ids, experts, is_grouped)
    rt.run(ops.ExpertLinear(weights=w, x=rt.tensor(x), y=y, bias=rt.tensor(bias), **routing))
    x64 = x.astype(np.float64)
    check(y, products(w64, ids, x64, bias), bound_of(name, w64, ids, x64) + 4 * EPS)


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("name", SOME[:2])
def test_rows_may_have_gaps_between_them(rt: fd.Foundry, name: str, is_grouped: bool) -> None:
    """Heads as experts: every head of a token's has its own, which is how latents are read."""
    experts, rows, columns, tokens = 3, 37, 64, 40
    w, w64 = expert_weights(rt, (experts, rows, columns), name)
    ids = np.tile(np.arange(experts, dtype=np.int32), (tokens, 1))
    wide = normal(tokens * experts, columns + 8)
    y = rt.tensor(np.full((tokens, experts, rows + 5), 7, np.float32))
    routing = form(rt, ids, experts, is_grouped)
    x = rt.tensor(wide)[:, 4 : 4 + columns]
    rt.run(ops.ExpertLinear(weights=w, x=x, y=y[:, :, 2 : 2 + rows], **routing))
    x64 = wide[:, 4 : 4 + columns].astype(np.float64)
    found = np.asarray(y)
    result = rt.tensor(found[:, :, 2 : 2 + rows].reshape(tokens * experts, rows))
    check(result, products(w64, ids, x64), bound_of(name, w64, ids, x64))
    assert (found[:, :, [0, 1, *range(2 + rows, 5 + rows)]] == 7).all()


@pytest.mark.parametrize(
    ("x", "y", "more", "text"),
    [
        (
            (6, 32),
            (2, 3, 8),
            {"prologue": True},
            "x must be contiguous for RmsNorm; Tensor (6, 32) f32",
        ),
        ((6, 24), (2, 3, 8), {"residual": True}, "y must be contiguous for Residual; Tensor"),
        ((3, 2, 24), (2, 3, 8), {}, "x is (3, 2, 24), not (columns,) or (tokens, columns)"),
        ((6, 24), (3, 2, 8), {"uneven": True}, "y must have whole rows at one distance, within"),
    ],
)
def test_gaps_that_it_does_not_take(
    rt: fd.Foundry, x: tuple[int, ...], y: tuple[int, ...], more: dict[str, bool], text: str
) -> None:
    def with_gaps(shape: tuple[int, ...]) -> fd.Tensor:
        wide = rt.zeros((*shape[:-1], shape[-1] + 8), fd.f32)
        return wide[..., : shape[-1]]

    out = with_gaps(y)
    if more.get("uneven"):
        out = rt.zeros((3, 4, 8), fd.f32)[:, :2]
    arguments: dict[str, Any] = {}
    if more.get("prologue"):
        arguments["prologue"] = ops.RmsNorm(weight=rt.zeros(x[-1], fd.f32))
    if more.get("residual"):
        arguments["epilogue"] = ops.Residual(rt.zeros(y, fd.f32))
    with pytest.raises(fd.ShapeError) as error:
        rt.run(
            ops.ExpertLinear(
                weights=rt.zeros((3, 8, x[-1]), fd.f32),
                ids=rt.tensor(np.zeros((2, 3), np.int32)),
                x=with_gaps(x),
                y=out,
                **arguments,
            )
        )
    assert str(error.value).startswith("ExpertLinear: " + text)


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("name", SOME[1:3])
@pytest.mark.parametrize("tokens", [1, 9])
def test_a_tokens_results_are_summed(
    rt: fd.Foundry, name: str, tokens: int, is_grouped: bool
) -> None:
    experts, rows, columns, used = 6, 70, COLUMNS[name], 4
    w, w64 = expert_weights(rt, (experts, rows, columns), name)
    ids = some_ids(tokens, used, experts)
    x, bias = normal(tokens * used, columns), normal(experts, rows)
    shares, residual = np.abs(normal(tokens, used)), normal(tokens, rows)
    y = rt.tensor(residual)
    scratch = rt.empty((tokens * used, rows), fd.f32) if is_grouped else None
    rt.run(
        ops.ExpertLinear(
            weights=w,
            x=rt.tensor(x),
            y=y,
            shares=rt.tensor(shares),
            bias=rt.tensor(bias),
            scratch=scratch,
            epilogue=ops.Residual(y),
            **form(rt, ids, experts, is_grouped),
        )
    )
    x64, s64 = x.astype(np.float64), shares.astype(np.float64)
    expected = summed(products(w64, ids, x64, bias), s64) + residual
    bound = summed(bound_of(name, w64, ids, x64) + 4 * EPS, s64)
    check(y, expected, bound + 8 * EPS * (np.abs(expected) + np.abs(residual)))


@pytest.mark.parametrize("kind", ["gemv", "gemm", "gemm_lanes", "gemm_matrices"])
@pytest.mark.parametrize(
    ("gate_name", "up_name", "tokens", "experts", "used", "rows"),
    [
        ("f32", "f32", 1, 1, 1, 1),
        ("q4_0", "q8_0", 1, 8, 2, 33),
        ("q4_k", "q6_k", 3, 60, 4, 64),
        ("f16", "q5_1", 70, 3, 2, 31),
        ("q8_0", "bf16", 200, 4, 1, 65),
    ],
)
def test_gated_products(
    rt: fd.Foundry,
    gate_name: str,
    up_name: str,
    tokens: int,
    experts: int,
    used: int,
    rows: int,
    kind: str,
) -> None:
    columns, is_grouped = 512, kind != "gemv"
    is_rounded = kind in ("gemv", "gemm")  # a gemm leaves what is left over to a gemv
    gate, gate64 = expert_weights(rt, (experts, rows, columns), gate_name, "gate")
    up, up64 = expert_weights(rt, (experts, rows, columns), up_name, "up")
    ids = some_ids(tokens, used, experts)
    x, weight = normal(tokens, columns), normal(columns, seed="norm")
    y = rt.empty((tokens * used, rows), fd.f32)
    rt.run(
        ops.ExpertGatedLinear(
            gate=gate,
            up=up,
            x=rt.tensor(x),
            y=y,
            prologue=ops.RmsNorm(rt.tensor(weight), epsilon=1e-5),
            form=ops.LinearForm[kind],
            **form(rt, ids, experts, is_grouped),
        )
    )
    x64 = x.astype(np.float64)
    x64 = x64 / np.sqrt((x64**2).mean(axis=1, keepdims=True) + 1e-5) * weight
    g, u = products(gate64, ids, x64), products(up64, ids, x64)
    g_bound = bound_of(gate_name, gate64, ids, x64, is_rounded)
    u_bound = bound_of(up_name, up64, ids, x64, is_rounded)
    # silu's slope is below 1.1, its size at most the gate's.
    check(y, silu(g, u), 1.1 * (g_bound * (np.abs(u) + u_bound) + (np.abs(g) + 1) * u_bound))


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("name", ["q4_0", "f16"])
def test_gpt_oss_gates_with_biases_and_bounds(rt: fd.Foundry, name: str, is_grouped: bool) -> None:
    experts, rows, columns, tokens, used = 4, 45, 320, 6, 2
    gate, gate64 = expert_weights(rt, (experts, rows, columns), name, "gate")
    up, up64 = expert_weights(rt, (experts, rows, columns), name, "up")
    gate_bias, up_bias = normal(experts, rows, seed=1), normal(experts, rows, seed=2)
    ids, x = some_ids(tokens, used, experts), normal(tokens, columns) / 4
    y = rt.empty((tokens * used, rows), fd.f32)
    rt.run(
        ops.ExpertGatedLinear(
            gate=gate,
            up=up,
            x=rt.tensor(x),
            y=y,
            activation=ops.ClampedSwiGlu(limit=3),
            gate_bias=rt.tensor(gate_bias),
            up_bias=rt.tensor(up_bias),
            **form(rt, ids, experts, is_grouped),
        )
    )
    x64 = x.astype(np.float64)
    g = products(gate64, ids, x64, gate_bias)
    u = products(up64, ids, x64, up_bias)
    assert (g > 3).any() and (u > 3).any() and (u < -3).any()
    bound = bound_of(name, gate64, ids, x64)
    both = bound + bound_of(name, up64, ids, x64) + 8 * EPS
    check(y, clamped_swiglu(g, u, 3), 1.2 * (3 + 4) * both)


@pytest.mark.parametrize("tokens", [1, 40])
def test_a_dense_gated_product_has_biases_and_gatings_too(rt: fd.Foundry, tokens: int) -> None:
    gate, gate64 = expert_weights(rt, (1, 33, 96), "f16", "gate")
    up, up64 = expert_weights(rt, (1, 33, 96), "f32", "up")
    gate_bias, up_bias = normal(33, seed=1), normal(33, seed=2)
    x = normal(tokens, 96)
    y = rt.empty((tokens, 33), fd.f32)
    g = x.astype(np.float64) @ gate64[0].T + gate_bias
    u = x.astype(np.float64) @ up64[0].T + up_bias
    for activation, expected in (
        (ops.Silu(), silu(g, u)),
        (ops.ClampedSwiGlu(), clamped_swiglu(g, u, 7)),
    ):
        rt.run(
            ops.GatedLinear(
                gate=gate.reshape(33, 96),
                up=up.reshape(33, 96),
                x=rt.tensor(x),
                y=y,
                activation=activation,
                gate_bias=rt.tensor(gate_bias),
                up_bias=rt.tensor(up_bias),
            )
        )
        np.testing.assert_allclose(np.asarray(y), expected, rtol=2e-5, atol=2e-4)


@pytest.mark.parametrize("is_grouped", [False, True])
@pytest.mark.parametrize("name", ["q4_k", "q8_0", "f32"])
def test_gate_and_up_may_be_slices_of_one_tensor(
    rt: fd.Foundry, name: str, is_grouped: bool
) -> None:
    experts, rows, columns = 3, 40, 256
    both, both64 = expert_weights(rt, (experts, 2 * rows, columns), name)
    ids, x = some_ids(5, 2, experts), normal(5, columns)
    y = rt.empty((10, rows), fd.f32)
    rt.run(
        ops.ExpertGatedLinear(
            gate=both[:, :rows],
            up=both[:, rows:],
            x=rt.tensor(x),
            y=y,
            activation=ops.Gelu(),
            **form(rt, ids, experts, is_grouped),
        )
    )
    x64 = x.astype(np.float64)
    g, u = products(both64[:, :rows], ids, x64), products(both64[:, rows:], ids, x64)
    gelu = g * (1 + np.tanh(np.sqrt(2 / np.pi) * (g + 0.044715 * g**3))) / 2
    g_bound = bound_of(name, both64[:, :rows], ids, x64)
    u_bound = bound_of(name, both64[:, rows:], ids, x64)
    check(y, gelu * u, 1.2 * (g_bound * (np.abs(u) + u_bound) + (np.abs(g) + 1) * u_bound))


@pytest.mark.parametrize("tokens", [2, 70])
def test_products_without_a_gate_have_epilogues(rt: fd.Foundry, tokens: int) -> None:
    w, w64 = expert_weights(rt, (4, 50, 64), "f16")
    ids, x = some_ids(tokens, 2, 4), normal(tokens, 64)
    half = rt.empty((tokens * 2, 50), fd.f16)
    for is_grouped in (False, True):
        rt.run(
            ops.ExpertLinear(
                weights=w,
                x=rt.tensor(x),
                y=half,
                epilogue=ops.Silu(),
                prologue=ops.RmsNorm(rt.tensor(np.ones(64, np.float32))),
                **form(rt, ids, 4, is_grouped),
            )
        )
        x64 = x / np.sqrt((x.astype(np.float64) ** 2).mean(axis=1, keepdims=True) + 1e-6)
        g = products(w64, ids, x64)
        np.testing.assert_allclose(np.asarray(half), g / (1 + np.exp(-g)), rtol=2.0**-10, atol=1e-4)


@pytest.mark.parametrize("kind", ["gemv", "gemm", "gemm_lanes", "gemm_matrices"])
def test_what_is_no_expert_is_nan_and_nothing_else_is(rt: fd.Foundry, kind: str) -> None:
    w, _ = expert_weights(rt, (3, 40, 64), "q8_0")
    ids = some_ids(70, 2, 3)
    ids[4, 1], ids[66, 0] = -1, 3
    x, shares = rt.tensor(normal(70, 64)), rt.tensor(np.ones((70, 2), np.float32))
    routing = form(rt, ids, 3, kind != "gemv") | {"form": ops.LinearForm[kind]}
    y, sums = rt.empty((140, 40), fd.f32), rt.empty((70, 40), fd.f32)
    rt.run(ops.ExpertLinear(weights=w, x=x, y=y, **routing))
    nan = np.isnan(np.asarray(y)).reshape(70, 2, 40)
    np.testing.assert_array_equal(nan, np.repeat(((ids < 0) | (ids > 2))[:, :, None], 40, axis=2))
    rt.run(
        ops.ExpertLinear(
            weights=w, x=x, y=sums, shares=shares, scratch=rt.empty((140, 40), fd.f32), **routing
        )
    )
    rows = np.isnan(np.asarray(sums))
    np.testing.assert_array_equal(rows, np.repeat(np.isin(np.arange(70), [4, 66])[:, None], 40, 1))
    rt.run(ops.ExpertGatedLinear(gate=w, up=w, x=x, y=y, **routing))
    np.testing.assert_array_equal(np.isnan(np.asarray(y)).reshape(70, 2, 40), nan)


@pytest.mark.parametrize("is_grouped", [False, True])
def test_nan_of_a_token_stays_with_it(rt: fd.Foundry, is_grouped: bool) -> None:
    w, _ = expert_weights(rt, (3, 40, 256), "q4_k")
    ids, x = some_ids(35, 2, 3), normal(35, 256)
    x[33, 200] = np.nan
    y = rt.empty((70, 40), fd.f32)
    for operation in (ops.ExpertLinear, ops.ExpertGatedLinear):
        weights: dict[str, Any] = (
            {"weights": w} if operation is ops.ExpertLinear else {"gate": w, "up": w}
        )
        rt.run(operation(**weights, x=rt.tensor(x), y=y, **form(rt, ids, 3, is_grouped)))
        finite = np.isfinite(np.asarray(y)).reshape(35, -1)
        assert not finite[33].any() and finite[np.arange(35) != 33].all()


def layer(rt: fd.Foundry, tokens: int, is_grouped: bool) -> tuple[list[ops.Operation], Any, Any]:
    """From the router's logits to the residual: a mixture's operations, their input and result."""
    experts, used, hidden, inner = 8, 2, 64, 96
    router, _ = expert_weights(rt, (1, experts, hidden), "f32", "router")
    gate, _ = expert_weights(rt, (experts, inner, hidden), "q4_0", "gate")
    up, _ = expert_weights(rt, (experts, inner, hidden), "q8_0", "up")
    down, _ = expert_weights(rt, (experts, hidden, inner), "q5_0", "down")
    x, norm = rt.tensor(normal(tokens, hidden)), ops.RmsNorm(rt.tensor(normal(hidden)))
    logits, h = rt.empty((tokens, experts), fd.f32), rt.empty((tokens * used, inner), fd.f32)
    ids, shares = rt.empty((tokens, used), fd.i32), rt.empty((tokens, used), fd.f32)
    y = rt.empty((tokens, hidden), fd.f32, name="y")
    groups = rt.empty((ops.expert_groups(tokens, used, experts),), fd.u32) if is_grouped else None
    scratch = rt.empty((tokens * used, hidden), fd.f32) if is_grouped else None
    operations: list[ops.Operation] = [
        ops.Linear(weights=router.reshape(experts, hidden), x=x, y=logits, prologue=norm),
        ops.ChooseExperts(logits, ids, shares, normalised=True),
        ops.ExpertGatedLinear(gate, up, ids, x, h, prologue=norm, groups=groups),
        ops.ExpertLinear(
            down,
            ids,
            h,
            y,
            shares=shares,
            epilogue=ops.Residual(x),
            groups=groups,
            scratch=scratch,
        ),
    ]
    if groups is not None:
        operations.insert(2, ops.GroupExperts(ids, groups))
    return operations, x, y


@pytest.mark.parametrize("tokens", [1, 4])
def test_a_recorded_mixture_chooses_anew_every_time(rt: fd.Foundry, tokens: int) -> None:
    operations, x, y = layer(rt, tokens, is_grouped=False)
    with rt.record("mixture") as program:
        for operation in operations:
            rt.run(operation)
    before = rt.statistics["dispatches"]
    program.replay()
    assert rt.statistics["dispatches"] - before == 4
    for seed in range(4):
        x.copy_from(normal(tokens, 64, seed=seed))
        program.replay()
        found = y.copy_to_host()
        for operation in operations:
            rt.run(operation)
        np.testing.assert_array_equal(found, y.copy_to_host())


@pytest.mark.parametrize("is_grouped", [False, True])
def test_an_exported_mixture_is_loaded_again(
    rt: fd.Foundry, tmp_path: Path, is_grouped: bool
) -> None:
    operations, _, y = layer(rt, 3, is_grouped)
    with rt.record("mixture") as program:
        for operation in operations:
            rt.run(operation)
    program.export(tmp_path / "mixture.foundry")
    program.replay()
    loaded = fd.Program.load(fd.Foundry(), tmp_path / "mixture.foundry", trusted=True)
    loaded.replay()
    np.testing.assert_array_equal(np.asarray(loaded.tensor("y")), np.asarray(y))


@pytest.mark.parametrize("name", ["q4_0", "q4_k"])
def test_a_files_experts_are_as_gguf_shapes_them(rt: fd.Foundry, tmp_path: Path, name: str) -> None:
    w, w64 = expert_weights(rt, (4, 24, 256), name)
    writer = gguf.GGUFWriter(tmp_path / "experts.gguf", "llama")
    packed = w.copy_to_host().view(np.uint8).reshape(4, 24, -1)
    writer.add_tensor("blk.0.ffn_up_exps.weight", packed, raw_dtype=quantised.kind_of(name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    mapped = fd.Gguf(tmp_path / "experts.gguf").tensor(rt, "blk.0.ffn_up_exps.weight")
    assert mapped.shape == (4, 24, 256)
    ids, x, y = some_ids(2, 2, 4), normal(2, 256), rt.empty((4, 24), fd.f32)
    rt.run(ops.ExpertLinear(weights=mapped, ids=rt.tensor(ids), x=rt.tensor(x), y=y))
    x64 = x.astype(np.float64)
    check(y, products(w64, ids, x64), bound_of(name, w64, ids, x64))


@pytest.mark.parametrize("tokens", [1, 3, 33])
def test_both_forms_agree(rt: fd.Foundry, tokens: int) -> None:
    results = []
    for is_grouped in (False, True):
        operations, _, y = layer(rt, tokens, is_grouped)
        for operation in operations:
            rt.run(operation)
        results.append(y.copy_to_host())
    # One rounds inputs to 16 bits, the other does not.
    np.testing.assert_allclose(results[0], results[1], rtol=2e-4, atol=2e-3)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"weights": (8, 64)}, fd.ShapeError, "weights are (8, 64), not (experts, rows, columns)"),
        (
            {"x": (5, 64)},
            fd.ShapeError,
            "x is (5, 64), ids are (3, 2): 5 rows where there are 3 tokens and 6 choices of "
            "experts",
        ),
        (
            {"x": (3, 32)},
            fd.ShapeError,
            "weights are (4, 8, 64), x is (3, 32): inner sizes 64 and 32 differ",
        ),
        ({"y": (3, 8)}, fd.ShapeError, "y is (3, 8), the result is (6, 8)"),
        ({"y": (6, 8), "shares": (3, 2)}, fd.ShapeError, "y is (6, 8), the result is (3, 8)"),
        ({"shares": (3,)}, fd.ShapeError, "shares is (3,): 3 elements where 6 are needed"),
        ({"groups": (9,)}, fd.DTypeError, "groups takes u32, got"),
        ({"bias": (8,)}, fd.ShapeError, "bias is (8,): 8 elements where 32 are needed"),
    ],
)
def test_what_does_not_fit_is_named(
    rt: fd.Foundry, changes: dict[str, Any], error: type[Exception], text: str
) -> None:
    shapes: dict[str, tuple[int, ...]] = {
        "weights": (4, 8, 64),
        "x": (3, 64),
        "y": (6, 8),
    } | changes
    operands: dict[str, Any] = {name: rt.empty(shape, fd.f32) for name, shape in shapes.items()}
    with pytest.raises(error, match=re.escape(f"ExpertLinear: {text}")):
        rt.run(ops.ExpertLinear(ids=rt.empty((3, 2), fd.i32), **operands))


def test_what_does_not_fit_a_gated_or_a_grouped_product_is_named(rt: fd.Foundry) -> None:
    def e(*shape: int, dtype: fd.DType = fd.f32) -> fd.Tensor:
        return rt.empty(shape, dtype)

    ids, groups = e(3, 2, dtype=fd.i32), e(4 + 2 + 12, dtype=fd.u32)
    w, x, y, shares = e(4, 8, 64), e(3, 64), e(6, 8), e(3, 2)
    with pytest.raises(fd.ShapeError, match=re.escape("gate weights are (3, 8, 64), not (4, rows")):
        rt.run(ops.ExpertGatedLinear(e(3, 8, 64), w, ids, x, y))
    gaps = e(4, 8, 128)[:, :, :64]
    with pytest.raises(fd.ShapeError, match="gate weights must have no gaps within an expert; got"):
        rt.run(ops.ExpertGatedLinear(gaps, w, ids, x, y))
    with pytest.raises(fd.ArgumentError, match="ClampedSwiGlu takes a gate and cannot be an epil"):
        rt.run(ops.ExpertLinear(w, ids, x, y, epilogue=ops.ClampedSwiGlu()))
    with pytest.raises(fd.ArgumentError, match="ClampedSwiGlu's parameter is out of its range"):
        rt.run(ops.ExpertGatedLinear(w, w, ids, x, y, activation=ops.ClampedSwiGlu(float("nan"))))
    with pytest.raises(fd.ArgumentError, match="ExpertLinear: a gemm needs groups"):
        rt.run(ops.ExpertLinear(w, ids, x, y, form=ops.LinearForm.gemm))
    with pytest.raises(fd.ArgumentError, match="ExpertLinear: a gemv takes no groups"):
        rt.run(ops.ExpertLinear(w, ids, x, y, groups=groups, form=ops.LinearForm.gemv))
    sums: dict[str, Any] = {"shares": shares, "groups": groups}
    with pytest.raises(fd.ArgumentError, match="scratch, which shares with groups need, is missin"):
        rt.run(ops.ExpertLinear(w, ids, x, e(3, 8), **sums))
    with pytest.raises(
        fd.ArgumentError,
        match="1 epilogues, the first one Silu, after a sum of groups; supported: Residual alone",
    ):
        rt.run(ops.ExpertLinear(w, ids, x, e(3, 8), **sums, scratch=y, epilogue=ops.Silu()))


def test_the_bytes_are_those_of_the_experts_chosen(rt: fd.Foundry) -> None:
    w, _ = expert_weights(rt, (8, 32, 64), "q8_0")
    ids, x = rt.empty((1, 2), fd.i32), rt.empty((64,), fd.f32)
    y = rt.empty((2, 32), fd.f32)
    one = 32 * 2 * 34
    product = ops.ExpertLinear(w, ids, x, y)
    assert product.traffic.reads == 2 * one + 8 + 256
    assert ops.ExpertGatedLinear(w, w, ids, x, y).traffic.reads == 4 * one + 8 + 256
    many = rt.empty((100, 2), fd.i32)
    product = ops.ExpertLinear(w, many, rt.empty((100, 64), fd.f32), rt.empty((200, 32), fd.f32))
    assert product.traffic.reads == 8 * one + 800 + 100 * 256
