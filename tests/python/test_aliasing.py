"""A dispatch gives the result of distinct tensors, or says which two of its tensors overlap."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
from every_operation import CASES, Case
from foundry import ops
from foundry._foundry import describe_operations

ELEMENTS = 1536  # of the one tensor that all operands are parts of


def residual_gemv(w: fd.Tensor, x: fd.Tensor, r: fd.Tensor, y: fd.Tensor) -> ops.Operation:
    return ops.Gemv(weights=w, x=x, y=y, epilogue=ops.Residual(r))


def residual_gemm(w: fd.Tensor, x: fd.Tensor, r: fd.Tensor, y: fd.Tensor) -> ops.Operation:
    return ops.Gemm(weights=w, x=x, y=y, epilogue=ops.Residual(r))


def sandwiched(**t: fd.Tensor) -> ops.Operation:
    norm = ops.SandwichNorm(residual=t["r"], weight=t["g"], y=t["s"])
    return ops.Gemv(weights=t["w"], x=t["x"], y=t["y"], prologue=norm)


def normed(g: fd.Tensor, w: fd.Tensor, x: fd.Tensor, b: fd.Tensor, y: fd.Tensor) -> ops.Operation:
    prologue = ops.RmsNorm(weight=g, epsilon=1e-5)
    return ops.Gemv(weights=w, x=x, y=y, prologue=prologue, epilogue=ops.Bias(b))


VARIANTS = {
    "Rope with factors": Case(
        lambda x, factors, y: ops.Rope(x=x, y=y, start=3, factors=factors),
        {"x": (3, 2, 16), "factors": (8,), "y": (3, 2, 16)},
        in_place=(("y", "x"),),
    ),
    "Attention of a prompt": Case(
        lambda **t: ops.Attention(**t, start=0),
        {"q": (8, 4, 8), "k_cache": (8, 2, 8), "v_cache": (8, 2, 8), "y": (8, 4, 8)},
    ),
    "Gemv with a residual": Case(
        residual_gemv,
        {"w": (24, 32), "x": (32,), "r": (24,), "y": (24,)},
        in_place=(("y", "r"),),
    ),
    "Gemv with a norm and a bias": Case(
        normed, {"g": (32,), "w": (24, 32), "x": (32,), "b": (24,), "y": (24,)}
    ),
    "Gemv with a sandwich": Case(
        sandwiched,
        {"r": (32,), "g": (32,), "w": (24, 32), "x": (32,), "s": (32,), "y": (24,)},
        writes=("s", "y"),
    ),
    "Gemm with a residual": Case(
        residual_gemm,
        {"w": (24, 32), "x": (6, 32), "r": (6, 24), "y": (6, 24)},
        in_place=(("y", "r"),),
    ),
}
# Stages, and what has nothing that it could overlap, have no place here.
ALONE = {name for name, case in CASES.items() if not case.writes or len(case.shapes) < 2}
OVERLAPPING = {name: case for name, case in (CASES | VARIANTS).items() if name not in ALONE}


def test_every_operation_promises_what_its_case_expects() -> None:
    for name, operation in describe_operations().items():
        case, arguments = CASES[name], operation["arguments"]
        tensors = {key: value for key, value in arguments.items() if value["is_tensor"]}
        assert case.shapes.keys() >= {key for key in tensors if tensors[key]["is_required"]}, name
        assert (name in ALONE) == (not operation["runs"] or len(tensors) < 2), name
        given = {key: tensors[key] for key in case.shapes}
        assert set(case.writes) == {key for key in given if given[key]["role"] != "read"}, name
        pairs = {(key, other) for key, value in given.items() for other in value["in_place"]}
        assert set(case.in_place) == pairs, name


class Memory:
    """One array of numbers as tensors of several types: each operand is a part of it."""

    def __init__(self, rt: fd.Foundry, values: NDArray[np.float32]) -> None:
        self.array = values.copy()
        self._tensors: dict[fd.DType, fd.Tensor] = {
            fd.f32: rt.borrow(self.array, name="memory"),
            fd.u32: rt.borrow(self.array.view(np.uint32), name="memory as u32"),
        }

    def part(self, dtype: fd.DType, first: int, shape: tuple[int, ...]) -> fd.Tensor:
        return self._tensors[dtype][first : first + int(np.prod(shape))].reshape(shape)


def places(case: Case, rng: np.random.Generator) -> dict[str, int]:
    """Where each operand begins: close to another one's begin, or anywhere."""
    firsts: dict[str, int] = {}
    for name, shape in case.shapes.items():
        room = ELEMENTS - int(np.prod(shape))
        first = int(rng.integers(room + 1))
        if firsts and rng.random() < 0.7:
            near = int(rng.choice(list(firsts.values())))
            first = near + int(rng.choice([0, 0, 1, 4, 32, -1, -8, -32, 64, 200]))
        firsts[name] = min(max(first, 0), room)
    return firsts


def apart(case: Case) -> dict[str, int]:
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in case.shapes.values())])
    return dict(zip(case.shapes, map(int, ends), strict=False))


def forbidden(case: Case, firsts: dict[str, int]) -> bool:
    """Whether two operands share elements, one of which is written, and may not."""
    for written in case.writes:
        for other, shape in case.shapes.items():
            size, begin = int(np.prod(shape)), firsts[other]
            end = firsts[written] + int(np.prod(case.shapes[written]))
            if other == written or begin >= end or firsts[written] >= begin + size:
                continue
            pairs = {(written, other), (other, written)} & set(case.in_place)
            if not pairs or begin != firsts[written] or end != begin + size:
                return True
    return False


def run_or_refuse(rt: fd.Foundry, case: Case, firsts: dict[str, int], values: NDArray[Any]) -> bool:
    """Runs the case on parts of one memory; its results are those of distinct tensors."""
    memory = Memory(rt, values)
    parts = {
        name: memory.part(case.dtype(name), firsts[name], shape)
        for name, shape in case.shapes.items()
    }
    distinct = {name: rt.tensor(part.copy_to_host(), part.dtype) for name, part in parts.items()}
    operation = case.make(**parts)
    try:
        rt.run(operation)
    except fd.ArgumentError as error:
        assert re.search(
            r"'\w+' \(memory.*, bytes \d+ to \d+ of .*\), which it writes, overlaps '\w+' "
            r"\(memory.*, bytes \d+ to \d+ of .*\); (no tensor may|only '\w+')",
            str(error),
        )
        rt.synchronize()
        np.testing.assert_array_equal(memory.array.view(np.uint32), values.view(np.uint32))
        return False
    rt.run(case.make(**distinct))
    expected = values.view(np.uint32).copy()
    for name in case.writes:
        size = int(np.prod(case.shapes[name]))
        result = np.ascontiguousarray(distinct[name].host()).view(np.uint32).ravel()
        expected[firsts[name] : firsts[name] + size] = result
    rt.synchronize()
    np.testing.assert_array_equal(memory.array.view(np.uint32), expected)
    return True


@pytest.mark.parametrize("case", OVERLAPPING.values(), ids=OVERLAPPING)
def test_overlapping_operands_are_refused_or_right(rt: fd.Foundry, case: Case) -> None:
    rng = np.random.default_rng(5)
    outcomes = []
    for _ in range(40):
        values = rng.standard_normal(ELEMENTS).astype(np.float32)
        firsts = places(case, rng)
        ran = run_or_refuse(rt, case, firsts, values)
        assert ran == (not forbidden(case, firsts)), firsts
        outcomes.append(ran)
    assert False in outcomes
    assert run_or_refuse(rt, case, apart(case), values)
    for output, name in case.in_place:
        firsts = apart(case)
        firsts[output] = firsts[name]
        assert run_or_refuse(rt, case, firsts, values)


def random_view(rng: np.random.Generator, array: NDArray[Any], count: int) -> tuple[slice, ...]:
    """`count` indices of each dimension, one, two or three apart."""
    keys = []
    for extent in array.shape:
        step = int(rng.integers(1, 4))
        first = int(rng.integers(extent - (count - 1) * step))
        keys.append(slice(first, first + (count - 1) * step + 1, step))
    return tuple(keys)


def test_copies_between_strided_views_are_refused_or_right(rt: fd.Foundry) -> None:
    rng = np.random.default_rng(6)
    refused = ran = needless = 0
    for _ in range(300):
        values = rng.standard_normal((9, 10, 11)).astype(np.float32)
        memory = rt.tensor(values)
        count = int(rng.integers(1, 4))
        x_key, y_key = random_view(rng, values, count), random_view(rng, values, count)
        if rng.random() < 0.2:
            x_key = y_key
        order = rng.permutation(3).tolist() if rng.random() < 0.5 else [0, 1, 2]
        expected = values.copy()
        expected[y_key] = values[x_key].transpose(order)
        shares = np.shares_memory(values[x_key], values[y_key])
        same = x_key == y_key and (order == [0, 1, 2] or count == 1)
        try:
            rt.run(ops.Copy(x=memory[x_key].transpose(*order), y=memory[y_key]))
        except fd.ArgumentError:
            refused += 1
            needless += not shares
            assert not same
            continue
        assert same or not shares
        ran += 1
        np.testing.assert_array_equal(memory.host(), expected)
    assert refused > 20
    assert ran > 100
    # Whether two lattices meet is a hard question; the answer may be yes where it is no.
    assert needless < refused


def test_views_that_lie_between_each_other_are_no_overlap(rt: fd.Foundry) -> None:
    values = np.arange(8 * 12, dtype=np.float32).reshape(8, 12)
    for x_key, y_key in [
        ((slice(None), slice(0, 6)), (slice(None), slice(6, 12))),
        ((slice(None), slice(0, 12, 2)), (slice(None), slice(1, 12, 2))),
        ((slice(0, 8, 2),), (slice(1, 8, 2),)),
        ((slice(0, 8, 4), slice(3, 12, 3)), (slice(2, 8, 4), slice(0, 9, 3))),
    ]:
        memory = rt.tensor(values)
        rt.run(ops.Copy(x=memory[x_key], y=memory[y_key]))
        expected = values.copy()
        expected[y_key] = values[x_key]
        np.testing.assert_array_equal(memory.host(), expected)
    # Keys and values in one tensor, side by side and head-major.
    k = rt.tensor(np.ones((2, 2, 8), np.float32))
    cache = rt.tensor(np.zeros((6, 2, 2, 8), np.float32))
    rt.run(ops.KvWrite(k=k, v=k, k_cache=cache[:, 0], v_cache=cache[:, 1], start=1))
    assert cache.host()[1:3].all() and cache.host().sum() == 2 * 2 * 2 * 8
    cache = rt.tensor(np.zeros((2, 2, 6, 8), np.float32))
    turned = cache.transpose(2, 0, 1, 3)
    rt.run(ops.KvWrite(k=k, v=k, k_cache=turned[:, :, 0], v_cache=turned[:, :, 1], start=1))
    assert cache.host()[:, :, 1:3].all() and cache.host().sum() == 2 * 2 * 2 * 8


def shift(name: str, **options: object) -> Callable[..., ops.Operation]:
    def body(x: fd.In[fd.f32], y: fd.Out[fd.f32]) -> None:
        """
        if (gid < y_size) y[gid] = x[gid] + 1.0f;
        """

    body.__name__ = name
    return fd.kernel(dispatch=fd.per_element("y"), **options)(body)  # type: ignore[arg-type]


def test_a_kernel_of_ones_own_says_what_may_be_in_place(rt: fd.Foundry) -> None:
    t = rt.tensor(np.zeros(64, np.float32), name="t")
    free = shift("free")
    plain = shift("plain", in_place={})
    said = shift("said", in_place={"y": "x"})
    with pytest.raises(
        fd.ArgumentError,
        match=r"plain: 'y' \(t \(64,\) f32, bytes 0 to 255 of .*\), which it writes, overlaps 'x' "
        r"\(t \(64,\) f32, .*\); no tensor may overlap 'y'",
    ):
        rt.run(plain(x=t, y=t))
    rt.run(said(x=t, y=t))
    rt.run(plain(x=t[:32], y=t[32:]))
    assert t.host().tolist() == [1.0] * 32 + [2.0] * 32
    rt.run(free(x=t, y=t))
    assert t.host().tolist() == [2.0] * 32 + [3.0] * 32
    with pytest.raises(fd.ArgumentError, match=r"free: 'y' .* overlaps 'x'"):
        rt.run(free(x=t[1:33], y=t[:32]))
    with pytest.raises(fd.ArgumentError, match="only 'x' may be 'y', as the same elements in the"):
        rt.run(said(x=t[1:33], y=t[:32]))
    with pytest.raises(fd.ArgumentError, match="in place: 'z' is no tensor among its arguments"):
        shift("wrong", in_place={"y": ("x", "z")})
    with pytest.raises(fd.ArgumentError, match="in place: 'x' is not written over 'y'"):
        shift("wrong", in_place={"x": "y"})
    with pytest.raises(fd.ArgumentTypeError, match=r"'in_place' has 'y' .*: 3 .*; expected a dict"):
        shift("wrong", in_place={"y": 3})

    @fd.kernel(dispatch=fd.per_element("x"))
    def both(x: fd.InOut[fd.f32], y: fd.InOut[fd.f32]) -> None:
        """
        if (gid < x_size) x[gid] += y[gid];
        """

    rt.run(both(x=t, y=t))
    assert t.host().tolist() == [4.0] * 32 + [6.0] * 32
    with pytest.raises(fd.ArgumentError, match=r"both: 'x' .* overlaps 'y'"):
        rt.run(both(x=t[1:33], y=t[:32]))


def test_a_replay_is_refused_where_a_bound_tensor_overlaps(rt: fd.Foundry) -> None:
    x, y = (rt.tensor(np.ones(64, np.float32), name=name) for name in "xy")
    w = rt.tensor(np.eye(64, dtype=np.float32), name="w")
    with rt.record("step") as program:
        rt.run(ops.Gemv(weights=w, x=x, y=y))
        rt.run(ops.Add(a=x, b=x, y=y))
    program.replay()
    program.bind("x", y)
    with pytest.raises(
        fd.ArgumentError,
        match=r"program 'step', gemv: 'y0' \(y \(64,\) f32\), which it writes, overlaps 'x' "
        r"\(x \(64,\) f32\); no tensor may overlap 'y0'",
    ):
        program.replay()
    z = rt.tensor(np.full(64, 3, np.float32), name="z")
    program.bind("x", z)
    program.replay()
    assert y.host().tolist() == [6.0] * 64

    with rt.record("sum") as program:
        rt.run(ops.Add(a=x, b=x, y=y))
    program.bind("x", y)  # element for element
    program.replay()
    assert y.host().tolist() == [12.0] * 64
    with pytest.raises(fd.ArgumentError, match="overlaps"), rt.record("none"):
        rt.run(ops.Gemv(weights=w, x=x, y=x))
