"""A Tensor is a sequence of Python's and an array of numpy's, or says clearly where it is not."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import foundry as fd

RUNTIME = fd.Foundry()
VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
DTYPES = ["f32", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "boolean"]


def slices(extent: int) -> st.SearchStrategy[slice]:
    """Slices of an axis that are neither empty nor past its ends."""
    return st.tuples(st.integers(0, extent - 1), st.integers(1, extent), st.integers(1, 4)).map(
        lambda bounds: slice(bounds[0], max(bounds[0] + 1, bounds[1]), bounds[2])
    )


@st.composite
def indices(draw: st.DrawFn) -> Any:
    """An index of VALUES of integers, slices, ... and None, in any number and order."""
    count = draw(st.integers(0, 3))
    axes = draw(st.booleans())  # whether the indexed axes are the last ones
    chosen = VALUES.shape[-count:] if axes and count else VALUES.shape[:count]
    items = [draw(st.integers(-extent, extent - 1) | slices(extent)) for extent in chosen]
    key: list[Any] = [Ellipsis, *items] if axes else items
    for _ in range(draw(st.integers(0, 2))):
        key.insert(draw(st.integers(0, len(key))), None)
    return key[0] if len(key) == 1 and draw(st.booleans()) else tuple(key)


@given(indices())
def test_an_index_is_numpys(key: Any) -> None:
    tensor, want = RUNTIME.tensor(VALUES), VALUES[key]
    view = tensor[key]
    assert (view.shape, view.storage) == (want.shape, "view")
    np.testing.assert_array_equal(view.host(), want)
    assert np.shares_memory(view.host(), tensor.host())


@given(key=indices(), value=st.integers(-100, 100), mode=st.sampled_from(["shared", "private"]))
def test_an_assignment_is_numpys(key: Any, value: int, mode: str) -> None:
    want = VALUES.copy()
    tensor = RUNTIME.tensor(VALUES, mode=mode)
    if mode == "private" and not tensor[key].is_contiguous:
        with pytest.raises(fd.StorageError, match="its storage is private to the GPU"):
            tensor[key] = value
        return
    row = np.arange(want[key].shape[-1] if want[key].ndim else 1) + value
    for source in (value, row, RUNTIME.tensor(row)):
        source = source if want[key].ndim else value
        want[key] = np.asarray(source)
        tensor[key] = source
        np.testing.assert_array_equal(tensor.copy_to_host(), want)


def test_an_assignment_keeps_the_order_of_the_device(rt: fd.Foundry) -> None:
    x, y = rt.ones((4, 64)), rt.zeros((64,))
    for step in range(20):
        x[step % 4] = step
        rt.run(fd.ops.Add(a=x[step % 4], b=y, y=y))
    assert y.tolist() == [sum(range(20))] * 64


def test_an_assignment_that_fails_changes_nothing(rt: fd.Foundry) -> None:
    tensor = rt.tensor([[1, 2], [3, 4]], fd.u8, name="t")
    with pytest.raises(fd.ArgumentError, match=r"assignment: 300 at \[1\] does not fit u8"):
        tensor[0] = [9, 300]
    with pytest.raises(fd.ShapeError, match=r"t \(2,\) u8 takes no array of shape \(3,\)"):
        tensor[0] = [1, 2, 3]
    with pytest.raises(fd.StorageError, match="read-only"):
        tensor[0:1].broadcast_to(4, 2)[0] = 1
    with pytest.raises(fd.DTypeError, match="of a block format are not assigned"):
        rt.zeros((1, 32), fd.q4_0)[0] = 1
    with pytest.raises(fd.ArgumentTypeError, match="elements are not deleted"):
        del tensor[0]
    assert tensor.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("a", r"unsupported index a, a str; supported: integers, slices, \.\.\. and None"),
        (1.5, "unsupported index 1.5, a float; supported: integers, slices"),
        (b"a", "unsupported index b'a', a bytes"),
        ({0}, "a set; supported: integers"),
        ([0, 1], r"index, a list: arrays of integers and masks.*numpy\.asarray\(tensor\)\[index\]"),
        (np.array([0, 1]), "index, a ndarray: arrays of integers and masks"),
        (np.array([1]), "index, a ndarray: arrays of integers and masks"),
        (np.array([True, False]), "index, a ndarray: arrays of integers and masks"),
        (True, "index, a bool: arrays of integers and masks"),
        (np.True_, r"index, a bool_?: arrays of integers and masks"),
        ((0, [1]), "index, a list"),
        (2, r"x \(2, 3, 4\) f32: index 2 is out of range for axis 0 of \(2, 3, 4\)"),
        ((0, -4), r"index -4 is out of range for axis 0 of \(3, 4\)"),
        (2**70, f"index {2**70} is out of range"),
        (slice("a", None), "unsupported index a, a str"),
        (slice(0, 1, 0.5), "unsupported index 0.5, a float"),
        (slice(None, None, -1), "unsupported slice step -1, as strides are never negative; supp"),
        ((..., ...), r"an index has one \.\.\. at most, not 2"),
    ],
)
def test_an_index_that_is_no_view_says_what_to_do(rt: fd.Foundry, key: Any, message: str) -> None:
    tensor = rt.tensor(VALUES, name="x")
    with pytest.raises(fd.TensorIndexError, match=message):
        tensor[key]
    with pytest.raises(fd.TensorIndexError, match=message):
        tensor[key] = 0
    np.testing.assert_array_equal(tensor.host(), VALUES)


def test_slices_past_the_end_are_errors(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES)
    for key in (slice(0, 5), slice(1, 1), slice(-3, None), slice(2**70, None), slice(0, 2, 0)):
        with pytest.raises(fd.ShapeError, match="of axis 0"):
            tensor[key]
    with pytest.raises(fd.ShapeError, match="has 3 dimensions, 4 are indexed"):
        tensor[0, 0, 0, 0]


def test_it_is_a_sequence_of_its_rows(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES)
    assert len(tensor) == 2
    assert [row.tolist() for row in tensor] == VALUES.tolist()
    assert [row.tolist() for row in reversed(tensor)] == VALUES[::-1].tolist()
    first, second = tensor
    assert np.shares_memory(first.host(), tensor.host()) and second.shape == (3, 4)
    scalar = tensor[0, 0, 0]
    with pytest.raises(fd.ArgumentTypeError, match="a scalar has no length"):
        len(scalar)
    with pytest.raises(fd.ArgumentTypeError, match="a scalar does not iterate"):
        iter(scalar)


@pytest.mark.parametrize("name", DTYPES)
def test_numbers_come_out_as_pythons(rt: fd.Foundry, name: str) -> None:
    dtype = fd.DType[name]
    kind = bool if name == "boolean" else float if dtype.is_float else int
    one = rt.full((1, 1), 1, dtype)
    for value in (one.item(), one[0, 0].item(), one.item(0, -1), one.tolist()[0][0]):
        assert value == 1 and type(value) is kind
    assert one[0, 0].tolist() == 1
    assert (float(one), int(one), bool(one), complex(one)) == (1.0, 1, True, 1 + 0j)
    assert not rt.zeros((), dtype)
    if kind is int:
        assert "abc"[one[0, 0]] == "b" and operator.index(one[0, 0]) == 1
        assert rt.ones((2,), dtype)[one[0, 0]].item() == 1
    else:
        with pytest.raises(fd.ArgumentTypeError, match="only a scalar of an integer dtype is an i"):
            operator.index(one[0, 0])
    private = rt.tensor([1], dtype, mode="private")
    assert private.item() == 1 and private.tolist() == [1] and bool(private)


def test_numbers_of_many_elements_are_refused(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES, name="x")
    for convert in (float, int, complex):
        with pytest.raises(
            fd.ArgumentTypeError, match=r"of x \(2, 3, 4\) f32: it has 24 elements, "
        ):
            convert(tensor)
    with pytest.raises(fd.ArgumentError, match="the truth of 24 elements is ambiguous"):
        bool(tensor)
    with pytest.raises(fd.ArgumentError, match=r"24 elements; item\(\*index\) takes one"):
        tensor.item()
    with pytest.raises(fd.ArgumentTypeError, match="24 elements"):
        f"{tensor:.2f}"
    with pytest.raises(fd.ArgumentError, match=r"int of .*: it is nan"):
        int(rt.tensor(math.nan))
    assert int(rt.tensor(-2.75)) == -2
    assert f"{rt.tensor(1.25):.1f}|{tensor}" == f"1.2|{tensor!r}"
    with pytest.raises(fd.DTypeError, match="q4_0 is a block format"):
        rt.zeros((1, 32), fd.q4_0).tolist()


def test_numpys_names(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES, name="x")
    part = tensor[:, 1:, ::2]
    want = VALUES[:, 1:, ::2]
    for have, array in ((tensor, VALUES), (part, want), (part.T, want.T)):
        for name in ("shape", "ndim", "size", "itemsize", "nbytes"):
            assert getattr(have, name) == getattr(array, name), name
        assert have.tolist() == array.tolist()
        np.testing.assert_array_equal(have.numpy(), array)
    assert part.T.T.strides == part.strides
    assert np.shares_memory(tensor.numpy(), tensor.host())
    assert tensor.device == rt.device
    blocks = rt.zeros((2, 64), fd.q4_0)
    assert blocks.nbytes == 2 * 2 * 18
    with pytest.raises(fd.DTypeError, match="elements of a block format have no size"):
        _ = blocks.itemsize


def test_reshape_infers_one_extent(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES, name="x")
    for shape in [(-1,), (4, -1), (-1, 2, 3), (2, 3, 4, -1)]:
        want = VALUES.reshape(shape).shape
        assert tensor.reshape(*shape).shape == tensor.reshape(shape).shape == want
        assert tensor.reshape(np.array(shape)).shape == want  # type: ignore[arg-type]
    assert tensor.transpose((2, 0, 1)).shape == tensor.transpose(2, 0, 1).shape == (4, 2, 3)
    with pytest.raises(fd.ShapeError, match=r"reshape: \(-1, -1\) has more than one -1"):
        tensor.reshape(-1, -1)
    with pytest.raises(fd.ShapeError, match=r"24 elements, no multiple of the 5 in \(5, -1\)"):
        tensor.reshape(5, -1)
    with pytest.raises(fd.ShapeError, match="an extent of -2 is out of range"):
        tensor.reshape(-2)
    with pytest.raises(fd.ArgumentTypeError, match=r"transpose: an axis is 1\.5, a float"):
        tensor.transpose(0, 1.5, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["shared", "private"])
def test_copies_are_their_own(rt: fd.Foundry, mode: str) -> None:
    tensor = rt.tensor(VALUES, name="x", mode=mode)
    makers: list[Callable[[fd.Tensor], fd.Tensor]] = [
        lambda t: t.copy(), copy.copy, copy.deepcopy, lambda t: t.astype(t.dtype)
    ]  # fmt: skip
    for make in makers:
        made = make(tensor)
        assert (made.storage, made.mode, made.name) == ("dedicated", mode, "x")
        made[...] = 0
        np.testing.assert_array_equal(tensor.copy_to_host(), VALUES)
    if mode == "shared":
        np.testing.assert_array_equal(copy.copy(tensor.T).host(), VALUES.T)
        assert copy.deepcopy({"a": [tensor]})["a"][0].tolist() == VALUES.tolist()
    blocks = rt.zeros((1, 32), fd.q4_0)
    blocks.copy_from(np.arange(18, dtype=np.uint8))
    assert blocks.copy().copy_to_host().tolist() == list(range(18))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(
            fd.ArgumentTypeError, match=r"does not pickle; pickle tensor\.copy_to_h"
        ):
            pickle.dumps(tensor, protocol)


@pytest.mark.parametrize("name", DTYPES)
def test_astype_is_exact(rt: fd.Foundry, name: str) -> None:
    tensor = rt.tensor([[0, 1, 1]])
    made = tensor.astype(fd.DType[name])
    assert made.dtype is fd.DType[name] and made.tolist() == [[0, 1, 1]]
    with pytest.raises(fd.ArgumentError, match=r"astype: (1.5|1e\+30) at \[0\] does not fit"):
        rt.tensor([1.5 if not fd.DType[name].is_float else 1e30]).astype(
            fd.DType[name] if name not in ("f32", "bf16") else fd.f16
        )
    with pytest.raises(fd.DTypeError, match="values do not convert to the block format q4_0"):
        tensor.astype(fd.q4_0)


EDGES = [0, 1, -1, 127, 255, 2**15, 2**24 + 1, 2**31 - 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]


@given(
    left=st.tuples(st.sampled_from(DTYPES), st.sampled_from(EDGES)),
    right=st.tuples(st.sampled_from(DTYPES), st.sampled_from(EDGES)),
)
def test_equality_is_that_of_numbers(left: tuple[str, int], right: tuple[str, int]) -> None:
    def made(name: str, value: int) -> fd.Tensor | None:
        try:
            return RUNTIME.tensor([value, value], fd.DType[name])
        except fd.ArgumentError:
            return None

    a, b = made(*left), made(*right)
    if a is None or b is None:
        return
    want = a.tolist() == b.tolist()  # Python compares ints and floats exactly
    for other in (b, b.host(), b.tolist() if isinstance(b.item(0), int) else b):
        assert (a == other).tolist() == [want, want]
        assert (a != other).tolist() == [not want] * 2
        assert isinstance(a == other, np.ndarray)
    assert (right[1] in a) == (a.item(0) == right[1])


def test_equality_broadcasts_and_says_no(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES, name="x")
    np.testing.assert_array_equal(tensor == VALUES[:, :1], VALUES[:, :1] == VALUES)
    np.testing.assert_array_equal(tensor == VALUES.astype(">f8"), np.ones((2, 3, 4), bool))
    np.testing.assert_array_equal(tensor == VALUES, np.ones((2, 3, 4), bool))
    assert (rt.tensor([0.1]) == 0.1).all(), "Python's float is rounded as the values were"
    assert (rt.tensor([0.1], fd.bf16) == [0.1]).all()
    assert not (rt.tensor([math.nan]) == math.nan).any()
    assert not (rt.tensor([1.0]) == 1e300).any() and not (rt.tensor([1]) == 2**70).any()
    assert (rt.tensor([2**53 + 1]) == 2**53 + 1).all()
    assert not (rt.tensor([2**53 + 1]) == float(2**53)).any()
    assert (rt.tensor([1.0], mode="private") == 1).all()
    assert bool(tensor[0, 0, 1] == 1) and (tensor[0, 0, 1] == 1) is not True
    for other in ("a", None, object(), [[1], [2, 3]], {1}):
        assert (tensor == other) is False and (tensor != other) is True
        assert other not in tensor
    assert 23 in tensor and 24 not in tensor and 16777217 not in rt.tensor([16777216.0])
    with pytest.raises(fd.ShapeError, match=r"comparison of x \(2, 3, 4\) f32 with shape \(5,\)"):
        _ = tensor == np.zeros(5)
    with pytest.raises(fd.ArgumentTypeError, match=r"unhashable: x .* == compares elements, and"):
        hash(tensor)


OPERATORS: list[Callable[[Any, Any], Any]] = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.matmul, operator.lshift, operator.rshift, operator.and_, operator.or_,
    operator.xor, operator.lt, operator.le, operator.gt, operator.ge,
]  # fmt: skip
IN_PLACE: list[Callable[[Any, Any], Any]] = [
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ifloordiv,
    operator.imod, operator.ipow, operator.imatmul, operator.ilshift, operator.irshift,
    operator.iand, operator.ior, operator.ixor,
]  # fmt: skip
REFUSAL = r"unsupported operator .*; foundry\.ops has what runs on the device, numpy\.asarray"


def test_operators_are_refused_and_numpys_functions_work(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES)
    for apply in OPERATORS:
        for left, right in ((tensor, 2), (2.0, tensor), (tensor, tensor), (True, tensor)):
            with pytest.raises(fd.ArgumentTypeError, match=REFUSAL):
                apply(left, right)
    for apply in IN_PLACE:
        for other in (2, tensor, VALUES, "a"):
            with pytest.raises(fd.ArgumentTypeError, match=REFUSAL):
                apply(tensor, other)
    for unary in (operator.neg, operator.pos, operator.invert, abs):
        with pytest.raises(fd.ArgumentTypeError, match=REFUSAL):
            unary(tensor)
    with pytest.raises(TypeError, match="unsupported operand"):
        tensor + "a"
    for have in (np.add(tensor, VALUES), tensor + VALUES, VALUES + tensor):
        assert isinstance(have, np.ndarray)
        np.testing.assert_array_equal(have, 2 * VALUES)
    assert np.sum(tensor) == VALUES.sum() and np.max(tensor) == 23


def test_zeros_ones_and_full(rt: fd.Foundry) -> None:
    assert rt.zeros(3).dtype is rt.ones(3).dtype is fd.f32
    for name in DTYPES:
        dtype = fd.DType[name]
        assert rt.zeros((2, 2), dtype, name="z").tolist() == [[0, 0], [0, 0]]
        assert rt.ones([2], dtype).tolist() == [1, 1] == rt.full((2,), 1, dtype).tolist()
    assert rt.full((), 2.5).dtype is fd.f32 and rt.full((), 2).dtype is fd.i64
    assert rt.full(2, 2**63 + 1).tolist() == [2**63 + 1] * 2
    assert rt.full(2, 2**53 + 1, fd.i64).tolist() == [2**53 + 1] * 2
    assert rt.full(2, True).dtype is fd.bool_
    assert not rt.zeros((1, 32), fd.q8_0).copy_to_host().any()
    rt.make_arena("away", mode="private")
    assert rt.ones(3, arena="away").tolist() == [1, 1, 1]
    assert rt.zeros(3, arena="away", name="n").name == "n"
    with pytest.raises(fd.ArgumentError, match="full: 300 does not fit u8"):
        rt.full(2, 300, fd.u8)
    with pytest.raises(fd.ShapeError, match=r"full: a value of shape \(2,\); expected one number"):
        rt.full(2, [1, 2])  # type: ignore[arg-type]
    for make in (rt.ones, lambda shape, dtype: rt.full(shape, 1, dtype)):
        with pytest.raises(fd.DTypeError, match="do not convert to the block format q4_0"):
            make((1, 32), fd.q4_0)


@given(
    start=st.integers(-(2**63), 2**64 - 1),
    count=st.integers(1, 20),
    step=st.sampled_from([1, -1, 2, 3, -7, 2**40, 2**62, -(2**62)]),
)
def test_arange_of_integers_is_range(start: int, count: int, step: int) -> None:
    want = list(range(start, start + count * step, step))
    fits_i64 = all(-(2**63) <= value < 2**63 for value in want)
    if fits_i64 or all(0 <= value < 2**64 for value in want):
        tensor = RUNTIME.arange(start, start + count * step, step)
        assert tensor.dtype is (fd.i64 if fits_i64 else fd.u64)
        assert tensor.tolist() == want
    else:
        with pytest.raises(fd.ArgumentError, match=r"arange: .* at \[[01]\] does not fit"):
            RUNTIME.arange(start, start + count * step, step)


def test_arange_of_floats_and_of_other_dtypes(rt: fd.Foundry) -> None:
    assert rt.arange(3).tolist() == [0, 1, 2]
    for bounds in ((1.0, 2.0, 0.25), (0, 1, 0.1), (5, 0, -1.5), (2.5,)):
        want = np.arange(*bounds).astype(np.float32)
        tensor = rt.arange(*bounds)
        assert tensor.dtype is fd.f32
        np.testing.assert_allclose(tensor.host(), want, rtol=1e-7)  # half an ulp of f32
    assert rt.arange(4, dtype=fd.f16).tolist() == [0, 1, 2, 3]
    assert rt.arange(0.0, 3.0, dtype=fd.i32).tolist() == [0, 1, 2]
    bad: list[tuple[tuple[Any, ...], type[Exception], str]] = [
        ((0,), fd.ShapeError, "zero extent"),
        ((3, 1), fd.ShapeError, "zero extent"),
        ((0, 1, 0), fd.ArgumentError, "must not be zero"),
        ((0.0, 1, 0), fd.ArgumentError, "arange: from 0 to 1 by 0 has no finite number of el"),
        ((0, math.inf), fd.ArgumentError, "has no finite number of elements"),
        ((math.nan,), fd.ArgumentError, "has no finite number of elements"),
        ((10**30,), fd.ShapeError, "more elements than a shape may have"),
        (("a",), fd.ArgumentTypeError, "arange: a is a str; expected a number"),
        ((1j,), fd.ArgumentTypeError, "is a complex; expected a number"),
    ]
    for bounds, error, message in bad:
        with pytest.raises(error, match=message):
            rt.arange(*bounds)
    with pytest.raises(fd.ArgumentError, match=r"arange: 256 at \[256\] does not fit u8"):
        rt.arange(300, dtype=fd.u8)


def test_whatever_reads_waits_and_fails_with_the_dispatch(rt: fd.Foundry) -> None:
    big = rt.ones((1 << 18,))
    reads: list[Callable[[fd.Tensor], Any]] = [
        lambda t: t.tolist()[-1], lambda t: t.item(-1), lambda t: float(t[-1]),
        lambda t: int(t[-1]), lambda t: t.copy().item(-1),
        lambda t: t.astype(fd.f16).item(-1), lambda t: t.numpy()[-1],
        lambda t: copy.copy(t)[-1].item(), lambda t: np.sum(t == 2) and 2,
        lambda t: rt.tensor(t).item(-1), lambda t: 2 if 2.0 in t else 0, lambda t: f"{t[-1]:.0f}",
    ]  # fmt: skip
    for read in reads:
        x = rt.ones((1 << 18,))
        for _ in range(5):
            rt.run(fd.ops.Add(a=big, b=big, y=x))
        assert float(read(x)) == 2


def test_repr_reads_nothing(rt: fd.Foundry) -> None:
    tensor = rt.tensor(VALUES, name="x", mode="private")
    assert (
        repr(tensor) == str(tensor) == f"{tensor}" == "Tensor 'x' (2, 3, 4) f32, dedicated, private"
    )
    assert ml_dtypes.bfloat16(1) == rt.ones(1, fd.bf16).numpy()[0]
