"""Every operation can be read: what it was made of (repr), and the MSL that it compiles."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd
from every_operation import CASES
from foundry import ops
from foundry._foundry import describe_operations


def test_every_operation_says_what_it_was_made_of(rt: fd.Foundry) -> None:
    classes = {
        value.__name__
        for value in (getattr(ops, name) for name in ops.__all__)
        if isinstance(value, type) and issubclass(value, ops.Operation)
    }
    assert classes - {"Operation", "FusedKernel"} == CASES.keys() == describe_operations().keys()
    for name, case in CASES.items():
        assert type(case.operation(rt)).__name__ == name
        assert repr(case.operation(rt)) == case.text(name)


def test_stages_parameters_and_choices_show_too(rt: fd.Foundry) -> None:
    def t(name: str, *shape: int, dtype: fd.DType = fd.f32) -> fd.Tensor:
        return rt.dedicated(shape, dtype, name=name)

    w, x, y, g = t("w", 8, 64, dtype=fd.f16), t("x", 64), t("y", 8), t("g", 64)
    heads, ids, n = t("q", 1, 4, 64), t("ids", 1, dtype=fd.u32), fd.Parameter("n")
    for operation, text in [
        (
            ops.Gemv(
                weights=w, x=x, y=y, prologue=ops.RmsNorm(g), epilogue=[ops.Silu(), ops.Bias(y)]
            ),
            "Gemv(weights=w (8, 64) f16, x=x (64,) f32, y=y (8,) f32, "
            "prologue=RmsNorm(g (64,) f32), epilogue=[Silu(), Bias(y (8,) f32)])",
        ),
        (
            ops.Gemm(weights=w, x=t("xs", 2, 64), y=t("ys", 2, 8), form=ops.LinearForm.gemm_lanes),
            "Gemm(weights=w (8, 64) f16, x=xs (2, 64) f32, y=ys (2, 8) f32, form=gemm_lanes)",
        ),
        (
            ops.GatedLinear(w, w, x, y, activation=ops.Gelu()),
            "GatedLinear(gate=w (8, 64) f16, up=w (8, 64) f16, x=x (64,) f32, y=y (8,) f32, "
            "activation=Gelu())",
        ),
        (
            ops.Rope(x=heads, y=heads, start=n + 1, base=500000, factors=g),
            "Rope(x=q (1, 4, 64) f32, y=q (1, 4, 64) f32, start=n + 1, base=500000.0, "
            "factors=g (64,) f32)",
        ),
        (
            ops.Sample(x, t("s", 64), ids, top_k=4, temperature=0.5, seed=n),
            "Sample(logits=x (64,) f32, scratch=s (64,) f32, token=ids (1,) u32, top_k=4, "
            "temperature=0.5, seed=n)",
        ),
        (
            fd.fuse("mlp").main(ops.Gemv(weights=w)).epilogue(ops.Silu()).build(x=x, y=y),
            "FusedKernel mlp: x (64,) f32 -> w (8, 64) f16 -> Silu -> y (8,) f32",
        ),
    ]:
        assert repr(operation) == text


@pytest.mark.parametrize("value", [0.1, 1e-4, 9.9e-5, 1e-5, 123456.0, 1e15, 1e16, 3.4e38, 1e-45])
def test_numbers_are_written_as_python_writes_them(rt: fd.Foundry, value: float) -> None:
    y = rt.empty((8,), fd.f32, name="y")
    for sign in (1, -1):
        shortest = float(str(np.float32(sign * value)))  # that is this f32
        text = f"RandomNormal(y=y (8,) f32, mean={shortest})"
        assert repr(ops.RandomNormal(y=y, mean=sign * value)) == text
        text = f"Fill(y=y (8,) f32, value={sign * value!r})"
        assert repr(ops.Fill(y=y, value=sign * value)) == text


def test_what_may_be_a_parameter_can_be_read_and_given_anew(rt: fd.Foundry) -> None:
    n = fd.Parameter("n")
    x = rt.empty((1, 2, 8), fd.f32)
    rope = ops.Rope(x=x, y=x, start=3)
    assert rope.start == 3
    rope.start = n + 1
    assert rope.start == n + 1 and "start=n + 1" in repr(rope)
    with pytest.raises(fd.ArgumentError, match="Rope: argument 'start' is -1; expected an integer"):
        rope.start = -1


def test_every_operation_has_the_msl_that_it_compiles(rt: fd.Foundry) -> None:
    operations = {name: case.operation(rt) for name, case in CASES.items()}
    before = rt.statistics["compilations"]
    for name, described in describe_operations().items():
        if not described["runs"]:
            with pytest.raises(fd.ArgumentError, match="is a stage"):
                operations[name].source()
            continue
        source = operations[name].source(rt.device)
        assert source == operations[name].source() and source.count("kernel void ") >= 1
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
