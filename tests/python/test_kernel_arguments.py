"""Every kind of argument that a kernel from Python may have, run: what is described is bound."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd

Half = fd.f16  # an alias is the type that it names


class BlendParams(fd.ParameterStruct):
    count: fd.u32
    factors: fd.Array[fd.f32, 3]  # type: ignore[type-arg, valid-type]
    colour: fd.Packed[fd.f32, 3]  # type: ignore[type-arg, valid-type]
    shift: fd.u8
    pair: fd.Packed[Half, 2]  # type: ignore[type-arg, valid-type]
    rows: fd.Array[fd.Packed[fd.i16, 4], 2]  # type: ignore[type-arg, valid-type]
    big: fd.u64


def params(**changes: object) -> BlendParams:
    values: dict[str, object] = {
        "count": 100,
        "factors": [1.0, 2.0, 3.0],
        "colour": (10.0, 20.0, 30.0),
        "shift": 7,
        "pair": np.array([0.5, 1.5]),
        "rows": [[1, 2, 3, 4], [-5, -6, -7, -8]],
        "big": 9 << 32,
    }
    return BlendParams(**{**values, **changes})


@fd.kernel(dispatch=fd.DispatchConfig(fd.GridSize.threadgroups(1), fd.ThreadgroupSize(128)))
def blend(
    x: fd.In[Half],
    extra: fd.In[fd.f32] | None,
    y: fd.InOut[fd.f32],
    scratch: fd.ThreadgroupMemory[fd.f32],
    repeat: fd.Constant[fd.u32],
    negate: fd.Constant[fd.bool_],
    offset: fd.f32,
    params: BlendParams,
) -> None:
    """
    scratch[gid] = gid < params.count ? float(x[gid]) : 0.0f;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (gid >= params.count) return;
    float value = scratch[gid] * params.factors[gid % 3] + float3(params.colour)[gid % 3] + offset;
    value += float(params.shift) + float(params.pair[gid % 2]) + float(params.rows[1][gid % 4]);
    value += float(params.big >> 32) + float(x_size - y_size);
    for (uint i = 0; i < repeat; ++i) value += has_extra ? extra[gid] : 1.0f;
    y[gid] = negate ? -value : value;
    """


@pytest.mark.parametrize("repeat", [0, 2])
@pytest.mark.parametrize("negate", [False, True])
@pytest.mark.parametrize("with_extra", [False, True])
def test_structs_optional_buffers_views_and_constants(
    rt: fd.Foundry, with_extra: bool, negate: bool, repeat: int
) -> None:
    random = np.random.default_rng(7)
    # Views into larger buffers: their offsets reach the kernel.
    x = rt.tensor(random.standard_normal((3, 100)), fd.f16)
    extra = rt.tensor(random.standard_normal((2, 100)), fd.f32)
    y = rt.tensor(np.full((3, 100), np.nan), fd.f32)
    call = blend(
        x=x[1],
        y=y[1],
        scratch=128,
        repeat=repeat,
        negate=negate,
        offset=0.25,
        params=params(),
        **({"extra": extra[1]} if with_extra else {}),
    )
    rt.run(call)
    i = np.arange(100)
    expected = np.asarray(x)[1].astype(np.float64) * (i % 3 + 1) + 10 * (i % 3 + 1) + 0.25 + 7
    expected += np.where(i % 2, 1.5, 0.5) - 5 - i % 4 + 9
    expected += repeat * (np.asarray(extra)[1] if with_extra else 1.0)
    found = np.asarray(y)
    # A dozen float additions of numbers below 64.
    np.testing.assert_allclose(
        found[1], -expected if negate else expected, rtol=0, atol=64 * 12 * 2.0**-24
    )
    assert np.isnan(found[0]).all() and np.isnan(found[2]).all()


def test_the_layout_is_cs_and_held_by_the_source() -> None:
    assert BlendParams.layout.offsets == [0, 4, 16, 28, 30, 34, 56]
    assert (BlendParams.layout.size, BlendParams.layout.alignment) == (64, 8)
    for line in (
        "packed_float3 colour;",
        "packed_short4 rows[2];",
        "static_assert(__builtin_offsetof(BlendParams, rows) == 34",
        "constant uint repeat [[function_constant(0)]];",
        "constant bool has_extra [[function_constant(2)]];",
        "device const float* extra [[buffer(1), function_constant(has_extra)]]",
    ):
        assert line in blend.source
    assert len(params().tobytes()) == 64
    assert repr(params()).startswith("BlendParams(count=100, factors=[1.0, 2.0, 3.0], colour=[10.0")
    assert repr(blend) == (
        "Kernel blend(x: In[f16], extra: In[f32] | None, y: InOut[f32], scratch: "
        "ThreadgroupMemory[f32], repeat: Constant[u32], negate: Constant[bool], offset: f32, "
        "params: BlendParams)"
    )


def test_a_constant_is_one_kernel_for_each_value(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=fd.per_element("y"))
    def fill(y: fd.Out[fd.f32], value: fd.Constant[fd.f32]) -> None:
        """
        if (gid < y_size) y[gid] = value;
        """

    y = rt.empty((4,), fd.f32)
    kernels = rt.statistics["kernels"]
    for value in (1.5, -2.0, 1.5):
        rt.run(fill(y=y, value=value))
        assert np.asarray(y)[3] == value
    assert rt.statistics["kernels"] - kernels == 2


def test_what_does_not_fit_is_refused_with_the_values(rt: fd.Foundry) -> None:
    with pytest.raises(fd.ArgumentError, match=r"BlendParams\.factors has shape \(2,\); expected"):
        params(factors=[1.0, 2.0])
    with pytest.raises(fd.ArgumentError, match=r"BlendParams\.count is -1, which is no u32"):
        params(count=-1)
    with pytest.raises(fd.ArgumentError, match=r"BlendParams\.shift is 300, which is no u8"):
        params(shift=300)
    with pytest.raises(fd.ArgumentTypeError, match="unknown: alpha"):
        params(alpha=1)
    with pytest.raises(fd.ArgumentTypeError, match="missing: colour, big"):
        BlendParams(count=1, factors=[0, 0, 0], shift=0, pair=[0, 0], rows=np.zeros((2, 4)))
    with pytest.raises(fd.ArgumentError, match=r"Packed\[f32, 5\]: a dtype, and 2, 3 or 4"):
        _ = fd.Packed[fd.f32, 5]  # type: ignore[type-arg, valid-type]
    with pytest.raises(fd.DTypeError, match=r"needs a dtype, Array\[dtype, n\] or Packed"):

        class Wrong(fd.ParameterStruct):
            name: str

    with pytest.raises(fd.ArgumentError, match="only a tensor may be optional, with None"):
        _ = fd.Constant[fd.u32] | None  # type: ignore[assignment, misc]
    with pytest.raises(
        fd.ArgumentTypeError, match="argument 'params' is a int; expected BlendParams"
    ):
        x, y = rt.empty((1,), fd.f16), rt.empty((1,), fd.f32)
        blend(x=x, y=y, scratch=1, repeat=0, negate=False, offset=0.0, params=3)
