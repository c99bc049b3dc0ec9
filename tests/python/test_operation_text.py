"""Every operation can be read: what it was made of (repr), and the MSL that it compiles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import foundry as fd
from foundry import ops

Make = Callable[..., fd.Tensor]


def every_operation(rt: fd.Foundry) -> list[tuple[ops.Operation, str]]:
    """One of each class of `ops`, with its repr."""

    def t(name: str, *shape: int, dtype: fd.DType = fd.f32) -> fd.Tensor:
        return rt.dedicated(shape, dtype, name=name)

    w, x, y = t("w", 8, 64, dtype=fd.f16), t("x", 64), t("y", 8)
    heads, cache = t("q", 1, 4, 64), t("cache", 16, 2, 64)
    k, ids = t("k", 1, 2, 64), t("ids", 1, dtype=fd.u32)
    g, b = t("g", 64), t("b", 8)
    n = fd.Parameter("n")
    counts = t("counts", 64, dtype=fd.u32)
    return [
        (ops.Add(a=x, b=x, y=x), "Add(a=x (64,) f32, b=x (64,) f32, y=x (64,) f32)"),
        (ops.Multiply(a=x, b=x, y=x), "Multiply(a=x (64,) f32, b=x (64,) f32, y=x (64,) f32)"),
        (ops.SwiGlu(gate=x, up=x, y=x), "SwiGlu(gate=x (64,) f32, up=x (64,) f32, y=x (64,) f32)"),
        (ops.GeGlu(gate=x, up=x, y=x), "GeGlu(gate=x (64,) f32, up=x (64,) f32, y=x (64,) f32)"),
        (ops.Copy(x=x, y=x), "Copy(x=x (64,) f32, y=x (64,) f32)"),
        (ops.Fill(y=y, value=1.5), "Fill(y=y (8,) f32, value=1.5)"),
        (ops.Arange(y=y, step=2), "Arange(y=y (8,) f32, step=2"),
        (ops.RandomUniform(y=y, high=0.1, seed=7), "RandomUniform(y=y (8,) f32, high=0.1, seed=7)"),
        (ops.RandomNormal(y=y), "RandomNormal(y=y (8,) f32)"),
        (
            ops.KvRearrange(x=t("a", 2, 3, 4), y=t("b", 3, 2, 4)),
            "KvRearrange(x=a (2, 3, 4) f32, y=",
        ),
        (ops.RepeatKv(x=k, y=heads), "RepeatKv(x=k (1, 2, 64) f32, y=q (1, 4, 64) f32)"),
        (ops.Softmax(x=x, y=x, scale=0.1), "Softmax(x=x (64,) f32, y=x (64,) f32, scale=0.1)"),
        (
            ops.LayerNorm(x=x, y=x, weight=g, epsilon=1e-6),
            "LayerNorm(x=x (64,) f32, y=x (64,) f32, weig",
        ),
        (ops.RmsNorm(g, x=x, y=x), "RmsNorm(weight=g (64,) f32, x=x (64,) f32, y=x (64,) f32)"),
        (
            ops.Gemv(
                weights=w, x=x, y=y, prologue=ops.RmsNorm(g), epilogue=[ops.Silu(), ops.Bias(b)]
            ),
            "Gemv(weights=w (8, 64) f16, x=x (64,) f32, y=y (8,) f32, "
            "prologue=RmsNorm(g (64,) f32), epilogue=[Silu(), Bias(b (8,) f32)])",
        ),
        (
            ops.Gemm(weights=w, x=t("xs", 2, 64), y=t("ys", 2, 8), form=ops.LinearForm.gemm_lanes),
            "Gemm(weights=w (8, 64) f16, x=xs (2, 64) f32, y=ys (2, 8) f32, form=gemm_lanes)",
        ),
        (ops.Linear(w, x, y), "Linear(weights=w (8, 64) f16, x=x (64,) f32, y=y (8,) f32)"),
        (
            ops.GatedLinear(w, w, x, y, activation=ops.Gelu()),
            "GatedLinear(gate=w (8, 64) f16, up=w",
        ),
        (
            ops.GemvColumns(w, y, x),
            "GemvColumns(weights=w (8, 64) f16, x=y (8,) f32, y=x (64,) f32)",
        ),
        (
            ops.TileWeights(w, t("tiles", 1, 64, 32)),
            "TileWeights(weights=w (8, 64) f16, y=tiles (1",
        ),
        (
            ops.GemvTiled(t("tiles", 1, 64, 32), x, y),
            "GemvTiled(weights=tiles (1, 64, 32) f32, x=x",
        ),
        (
            ops.QkvLinear(
                t("wq", 256, 64),
                t("wk", 128, 64),
                t("wv", 128, 64),
                x,
                t("qs", 1, 4, 64),
                cache,
                t("values", 16, 2, 64),
                start=n + 1,
            ),
            "QkvLinear(query=wq (256, 64) f32, key=wk (128, 64) f32, value=wv (128, 64) f32, x=",
        ),
        (
            ops.Attention(heads, cache, t("v", 16, 2, 64), t("o", 1, 4, 64), start=n),
            "Attention(q=q (1,",
        ),
        (
            ops.Rope(x=heads, y=heads, start=n + 1, base=500000, interleaved=False),
            "Rope(x=q (1, 4, 64)",
        ),
        (
            ops.RopeKvWrite(heads, k, k, cache, t("v", 16, 2, 64)),
            "RopeKvWrite(q=q (1, 4, 64) f32, k=k",
        ),
        (
            ops.KvWrite(k, k, cache, t("v", 16, 2, 64), start=3),
            "KvWrite(k=k (1, 2, 64) f32, v=k (1, 2,",
        ),
        (
            ops.Embedding(w, ids, t("e", 1, 64)),
            "Embedding(table=w (8, 64) f16, ids=ids (1,) u32, y=e",
        ),
        (ops.Argmax(x, ids), "Argmax(x=x (64,) f32, y=ids (1,) u32)"),
        (
            ops.Sample(x, t("s", 64), ids, top_k=4, temperature=0.5, seed=n),
            "Sample(logits=x (64,) f32, scratch=s (64,) f32, token=ids (1,) u32, top_k=4, "
            "temperature=0.5, seed=n)",
        ),
        (
            ops.AppendToken(ids, t("ring", 4, dtype=fd.u32), position=n),
            "AppendToken(token=ids (1,) u32, ring=ring (4,) u32, position=n)",
        ),
        (ops.CountTokens(ids, counts), "CountTokens(ids=ids (1,) u32, counts=counts (64,) u32)"),
        (
            fd.fuse("mlp").main(ops.Gemv(weights=w)).epilogue(ops.Silu()).build(x=x, y=y),
            "FusedKernel mlp: x (64,) f32 -> w (8, 64) f16 -> Silu -> y (8,) f32",
        ),
        (ops.Bias(y), "Bias(bias=y (8,) f32)"),
        (ops.Residual(y), "Residual(residual=y (8,) f32)"),
        (ops.Silu(), "Silu()"),
        (ops.Gelu(), "Gelu()"),
        (ops.HeadNorm(x, epsilon=1e-5), "HeadNorm(weight=x (64,) f32, epsilon=1e-05)"),
        (ops.CacheWrite(), "CacheWrite()"),
    ]


STAGES = {ops.Bias, ops.Residual, ops.Silu, ops.Gelu, ops.HeadNorm, ops.CacheWrite}


def test_every_operation_says_what_it_was_made_of(rt: fd.Foundry) -> None:
    made = every_operation(rt)
    for operation, text in made:
        assert repr(operation).startswith(text), repr(operation)
        classes = {
            value
            for value in (getattr(ops, name) for name in ops.__all__)
            if isinstance(value, type) and issubclass(value, ops.Operation)
        }
    assert classes - {ops.Operation} == {type(operation) for operation, _ in made}


def test_every_operation_has_the_msl_that_it_compiles(rt: fd.Foundry) -> None:
    before = rt.statistics["compilations"]
    for operation, _ in every_operation(rt):
        if type(operation) in STAGES:
            with pytest.raises(fd.ArgumentError, match="is a stage"):
                operation.source()
            continue
        source = operation.source(rt.device)
        assert source == operation.source() and source.count("kernel void ") >= 1
        assert "#include <metal_stdlib>" in source
    assert rt.statistics["compilations"] == before


def test_the_source_is_what_runs(rt: fd.Foundry) -> None:
    """The text itself, as a kernel of one's own file form would be, compiles to the same kernel."""
    x, y = rt.tensor(np.arange(64, dtype=np.float32)), rt.empty((64,), fd.f32)
    operation = ops.Softmax(x=x, y=y)
    rt.run(operation)
    kernels = rt.statistics["kernels"]
    changed = ops.Softmax(x=x, y=y, scale=0.5)
    assert changed.source() == operation.source()  # the scale is a value, not text
    rt.run(changed)
    assert rt.statistics["kernels"] == kernels
    half = rt.empty((64,), fd.f16)
    assert ops.Softmax(x=x, y=half).source() != operation.source()


def test_a_split_attention_shows_both_of_its_kernels(rt: fd.Foundry) -> None:
    q, y = rt.empty((1, 4, 64), fd.f32), rt.empty((1, 4, 64), fd.f32)
    cache = rt.empty((512, 2, 64), fd.f32)
    scratch = rt.empty((ops.attention_scratch(1, 4, 64),), fd.f32)
    split = ops.Attention(q, cache, cache, y, start=500, scratch=scratch, splits=4)
    assert split.source().count("kernel void ") == 2


def test_kernel_calls_and_what_is_around_them(rt: fd.Foundry) -> None:
    class P(fd.ParameterStruct):
        count: fd.u32
        factors: fd.Array[fd.f32, 2]  # type: ignore[type-arg, valid-type]

    @fd.kernel(dispatch=fd.per_element("y"))
    def blend(
        y: fd.InOut[fd.f32],
        p: P,
        s: fd.ThreadgroupMemory[fd.f32],
        t: fd.Constant[fd.f16],
        b: fd.In[fd.f32] | None,
        a: fd.f32 = 2.0,
    ) -> None:
        """if (gid < y_size) y[gid] = a;"""

    y = rt.empty((4,), fd.f32, name="y")
    call = blend(y=y, p=P(3, [1, 2]), s=8, t=0.5)
    assert repr(call) == "blend(y=y (4,) f32, p=P(count=3, factors=[1.0, 2.0]), s=8, a=2.0, t=0.5)"
    assert "a=n" in repr(blend(y=y, p=P(3, [1, 2]), s=8, t=0.5, a=fd.Parameter("n")))
    # The source of a call has its optional arguments as the call has them.
    assert call.source() == blend.source
    builder = fd.fuse("mlp").prologue(ops.RmsNorm(y))
    assert repr(builder) == "FusedKernelBuilder mlp: RmsNorm -> ..."
    scope = rt.scope("scratch")
    assert repr(scope) == "<scope of arena 'scratch'>"
    with scope:
        assert repr(scope) == "<scope of arena 'scratch', entered>"
    assert repr(P.layout) == "<struct P {uint count, float factors}, 12 bytes>"
    for value in (
        rt,
        rt.device,
        rt.arena(),
        rt.record("p"),
        fd.Parameter("n"),
        blend,
        y,
        call.traffic,
    ):
        assert " object at 0x" not in repr(value)
