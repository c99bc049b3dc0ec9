"""Between Python, numpy and a dtype every value is exact, rounded as stated, or refused."""

from __future__ import annotations

import decimal
import fractions
import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import foundry as fd

RUNTIME = fd.Foundry()
INTEGERS = {
    name: np.dtype(name.replace("i", "int").replace("u", "uint"))
    for name in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
}
FLOATS = {"f32": np.dtype(np.float32), "f16": np.dtype(np.float16)}
MOST = {"f32": float(np.finfo(np.float32).max), "f16": 65504.0, "bf16": 3.3895313892515355e38}


def taken(values: Any, dtype: fd.DType | None = None) -> np.ndarray[Any, Any]:
    """What a tensor of the values holds, by each way that takes values; they agree."""
    tensor = RUNTIME.tensor(values, dtype)
    held = tensor.copy_to_host()
    if dtype is not None:
        for other in (
            RUNTIME.alloc(tensor.shape, dtype, values),
            RUNTIME.arena("values").alloc(tensor.shape, dtype, init=values),
            RUNTIME.tensor(values, dtype, mode="private"),
        ):
            assert other.copy_to_host().tobytes() == held.tobytes()
        filled = RUNTIME.empty(tensor.shape, dtype)
        filled.copy_from(values)
        assert filled.copy_to_host().tobytes() == held.tobytes()
    return held


def refused(values: Any, dtype: fd.DType) -> str:
    """The message of the one error by which every way refuses the values, writing nothing."""
    shape = np.shape(np.asarray(values, dtype=object))
    kept = RUNTIME.tensor(np.ones(shape), dtype)
    arena = RUNTIME.arena("refused")
    before = arena.statistics.allocations
    messages = set()
    ways: list[Callable[[], Any]] = [
        lambda: RUNTIME.tensor(values, dtype),
        lambda: arena.alloc(shape, dtype, values),
        lambda: kept.copy_from(values),
    ]
    for way in ways:
        with pytest.raises(fd.ArgumentError) as caught:
            way()
        messages.add(str(caught.value).split(": ", 1)[1])
    assert arena.statistics.allocations == before
    assert (kept.copy_to_host() == 1).all()
    (message,) = messages
    return message


@pytest.mark.parametrize("name", INTEGERS)
@given(data=st.data())
def test_an_integer_is_exact_or_refused(name: str, data: st.DataObject) -> None:
    dtype, bounds = fd.DType[name], np.iinfo(INTEGERS[name])
    low, high = int(bounds.min), int(bounds.max)
    edges = st.sampled_from([low - 1, low, 0, high, high + 1, 2**53 + 1, -(2**53) - 1, 2**64])
    value = data.draw(edges | st.integers(low - 2**70, high + 2**70))
    forms: list[Any] = [[value], [[0, value], [1, 0]], [value, 1.0], [decimal.Decimal(value)]]
    if -(2**63) <= value < 2**63:
        forms += [np.array([value]), np.array([value], ">i8"), np.array([[value]])[:, ::-1]]
    if 0 <= value < 2**64:
        forms += [np.array([value], np.uint64)]
    for form in forms:
        if low <= value <= high:
            assert taken(form, dtype).dtype == INTEGERS[name]
            assert value in taken(form, dtype).ravel().tolist()
        else:
            message = refused(form, dtype)
            assert f" does not fit {name}; expected an integer from {low} to {high}" in message
            assert message.startswith(f"{value} at [")


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", [0.5, -0.25, math.nan, math.inf, -math.inf, 1e300])
def test_a_float_that_is_no_integer_of_the_dtype_is_refused(name: str, value: float) -> None:
    for form in ([value], np.array([value]), np.array([value], ">f8"), [1, value], value):
        message = refused(form, fd.DType[name])
        assert f"does not fit {name}; expected an integer from" in message
    if abs(value) <= 1 or math.isinf(value):
        refused(np.array([value], np.float16), fd.DType[name])
        refused(np.array([value], ml_dtypes.bfloat16), fd.DType[name])


def test_a_float_that_is_an_integer_is_that_integer() -> None:
    assert taken([2.0, -3.0], fd.i8).tolist() == [2, -3]
    assert taken(np.array([2.0**63]), fd.u64).tolist() == [2**63]
    assert taken([fractions.Fraction(6, 3)], fd.i32).tolist() == [2]
    for value in (fractions.Fraction(1, 3), decimal.Decimal("1.00000000000000000000001")):
        assert "does not fit i32" in refused([value], fd.i32)


@given(st.lists(st.floats(width=64), min_size=1, max_size=4))
def test_a_double_rounds_to_the_nearest_float_or_is_refused(values: list[float]) -> None:
    for name, target in FLOATS.items():
        with np.errstate(over="ignore"):
            want = np.array(values).astype(target)  # type: ignore[call-overload]
        misfit = np.isinf(want) & ~np.isinf(values)
        for form in (values, np.array(values), np.array(values, ">f8")):
            if misfit.any():
                message = refused(form, fd.DType[name])
                place = int(np.argmax(misfit))
                assert f" at [{place}] does not fit {name}; expected a number from -" in message
            else:
                assert taken(form, fd.DType[name]).tobytes() == want.tobytes()


@given(st.floats(-(2.0**20), 2.0**20) | st.integers(-(2**62), 2**62))
def test_bfloat16_is_rounded_once(value: float) -> None:
    (held,) = taken([value], fd.bf16)
    word = int(held.view(np.uint16))
    near = [
        np.uint16(word + step).view(ml_dtypes.bfloat16) for step in (-1, 0, 1) if word + step >= 0
    ]
    exact = fractions.Fraction(value)
    distances = [abs(fractions.Fraction(float(x)) - exact) for x in near if np.isfinite(x)]
    distance = abs(fractions.Fraction(float(held)) - exact)
    assert distance == min(distances)
    if distances.count(distance) > 1:
        assert word % 2 == 0, "a tie goes to even"


@pytest.mark.parametrize("name", MOST)
def test_what_would_round_to_infinity_is_refused(name: str) -> None:
    dtype, most = fd.DType[name], MOST[name]
    assert taken([most, -most], dtype).astype(np.float64).tolist() == [most, -most]
    for value in (most * 1.01, -most * 1.01, 1e39, 10**39):
        assert f"does not fit {name}; expected a number from -" in refused([value], dtype)
    assert taken([math.inf, -math.inf], dtype).astype(float).tolist() == [math.inf, -math.inf]
    assert np.isnan(taken([math.nan], dtype).astype(np.float32)).all()
    assert taken([10**30], fd.f32).tolist() == [np.float32(1e30)]


def test_bool_takes_bools_and_0_and_1() -> None:
    for form in ([True, False], [1, 0], [1.0, 0.0], np.array([1, 0], np.int8), [np.True_, False]):
        assert taken(form, fd.bool_).tolist() == [True, False]
    assert "2 at [1] does not fit bool; expected 0 or 1" in refused([1, 2], fd.bool_)
    assert taken([True, False], fd.f16).tolist() == [1, 0]
    odd = np.array([0, 7], np.uint8).view(np.bool_)
    assert taken(odd, fd.i32).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("values", "dtype", "want"),
    [
        ([1.0, 2.5], fd.f32, [1.0, 2.5]),
        (2.5, fd.f32, 2.5),
        ([1, 2.5], fd.f32, [1.0, 2.5]),
        ([decimal.Decimal("1.5"), fractions.Fraction(1, 4)], fd.f32, [1.5, 0.25]),
        ([1, 2], fd.i64, [1, 2]),
        ([2**62 + 1], fd.i64, [2**62 + 1]),
        ([2**63, 1], fd.u64, [2**63, 1]),
        ([2**64 - 1], fd.u64, [2**64 - 1]),
        (range(3), fd.i64, [0, 1, 2]),
        ([True, False], fd.bool_, [True, False]),
        (True, fd.bool_, True),
        (np.float16(2), fd.f16, 2.0),
        (np.array([1, 2], np.uint16), fd.u16, [1, 2]),
        (np.array([1, 2], ">u2"), fd.u16, [1, 2]),
        (bytearray(b"ab"), fd.u8, [97, 98]),
        ([np.arange(2), np.arange(2)], fd.i64, [[0, 1], [0, 1]]),
    ],
)
def test_the_dtype_is_the_values_own(values: Any, dtype: fd.DType, want: Any) -> None:
    tensor = RUNTIME.tensor(values)
    assert tensor.dtype is dtype
    assert tensor.copy_to_host().tolist() == want


def test_a_tensor_is_a_source_too() -> None:
    source = RUNTIME.tensor([[1.5, 2.0], [3.0, 4.0]])
    assert taken(source, fd.f16).tolist() == [[1.5, 2.0], [3.0, 4.0]]
    assert taken(source.transpose(), fd.bf16).astype(float).tolist() == [[1.5, 3.0], [2.0, 4.0]]
    private = RUNTIME.tensor([1.5, 2.0], mode="private")
    assert taken(private, fd.f16).tolist() == [1.5, 2.0]
    assert "1.5 at [0, 0] does not fit i32" in refused(source, fd.i32)


UNSUPPORTED: list[tuple[Any, str]] = [
    (np.array([1j]), "numpy dtype complex128 has no element type: unsupported; supported: f32, f1"),
    (1j, "numpy dtype complex128"),
    (np.longdouble(1), "numpy dtype float128|numpy dtype longdouble"),
    (np.array([object()]), "numpy dtype object has no element type: unsupported; supported: f32"),
    (np.array(["a"]), "numpy dtype <U1 has no element type: unsupported; supported"),
    ("1.5", "numpy dtype <U3"),
    (b"1.5", "numpy dtype |S3"),
    (
        np.array([(1, 2)], "i4,f4"),
        r"numpy dtype \[\('f0', '<i4'\), \('f1', '<f4'\)\] has no element",
    ),
    (np.array(["2020-01-01"], "M8[D]"), r"numpy dtype datetime64\[D\] has no element type"),
    (np.array([1], "m8[s]"), r"numpy dtype timedelta64\[s\] has no element type"),
    ([None, 1], r"tensor: None at \[0\] is a NoneType: unsupported; supported: numbers of bool, i"),
    ([[1, 2], [3, None]], r"tensor: None at \[1, 1\] is a NoneType: unsupported"),
    (object(), "is a object: unsupported"),
    ({1: 2}, "is a dict: unsupported"),
    (iter([1]), "is a list_iterator: unsupported"),
]


@pytest.mark.parametrize(("values", "message"), UNSUPPORTED)
def test_what_is_no_number_is_unsupported(values: Any, message: str) -> None:
    for dtype in (None, fd.f32, fd.i8):
        with pytest.raises(fd.DTypeError, match=message.replace("|S", r"\|S")):
            RUNTIME.tensor(values, dtype)


def test_f64_is_unsupported_and_says_what_to_do() -> None:
    with pytest.raises(
        fd.DTypeError, match=r"tensor: f64 is unsupported, as Metal has none; supported: f32.*"
    ) as caught:
        RUNTIME.tensor(np.zeros(3))
    assert str(caught.value).endswith("; dtype=foundry.f32 rounds to it")
    assert taken(np.zeros(3), fd.f32).dtype == np.float32


def test_lists_without_one_shape_and_masked_values_are_refused() -> None:
    with pytest.raises(fd.ShapeError, match="tensor: the values of the list have no one shape"):
        RUNTIME.tensor([[1, 2], [3]])
    with pytest.raises(fd.ShapeError, match=r"shape \(0,\) has a zero extent"):
        RUNTIME.tensor([])
    masked = np.ma.array([1, 2], mask=[False, True])
    with pytest.raises(fd.ArgumentError, match=r"are masked; its \.filled\(\) says"):
        RUNTIME.tensor(masked)
    assert taken(masked.filled(7), fd.i32).tolist() == [1, 7]

    class Broken:
        def __array__(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("mine")

    with pytest.raises(fd.ArgumentTypeError, match="numpy makes no array of the") as caught:
        RUNTIME.tensor(Broken())
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize("code", ["u2", "i4", "i8", "f2", "f4", "f8"])
def test_byte_order_is_converted_by_tensor_and_refused_by_borrow(code: str) -> None:
    values = np.array([[1, 2, 3], [4, 5, 6]], ">" + code)
    wanted = fd.f32 if code == "f8" else None
    tensor = RUNTIME.tensor(values, wanted)
    assert np.array_equal(tensor.copy_to_host(), values)
    message = r"borrow: the array of shape \(2, 3\) has the byte order of another machine \(nump.*"
    for options in ({}, {"dtype": fd.u8, "shape": (values.nbytes,)}):
        with pytest.raises(fd.StorageError, match=message) as caught:
            RUNTIME.borrow(values, **options)  # type: ignore[arg-type]
        assert f"numpy dtype '>{code}'); Foundry.tensor() copies it" in str(caught.value)
    with pytest.raises(fd.StorageError, match="byte order of another machine"):
        RUNTIME.borrow(memoryview(values))  # type: ignore[arg-type]
    with pytest.raises(fd.StorageError, match="from_dlpack: the ndarray lends nothing"):
        RUNTIME.from_dlpack(values)
    with pytest.raises(fd.DTypeError, match=f"numpy dtype '>{code}' has the byte order of another"):
        RUNTIME.empty((3,), ">" + code)


def test_borrow_takes_no_python_objects() -> None:
    with pytest.raises(fd.DTypeError, match="numpy dtype object holds Python objects; unsupported"):
        RUNTIME.borrow(np.array([object()]), fd.u8, (8,))
    with pytest.raises(fd.DTypeError, match="numpy dtype complex128 has no element type"):
        RUNTIME.borrow(np.zeros(2, complex))
    with pytest.raises(fd.DTypeError, match=r"numpy dtype \[\('a', '<i4'\)\] has no element type"):
        RUNTIME.borrow(np.zeros(2, [("a", "<i4")]))
    with pytest.raises(fd.DTypeError, match="f64"):
        RUNTIME.borrow(np.zeros(2))


@pytest.mark.parametrize("dtype", ["nope", 3, object(), None, float, "f64", "complex64", ("a",)])
def test_a_dtype_that_is_not_there(dtype: Any) -> None:
    if dtype is None:
        with pytest.raises(TypeError):
            RUNTIME.empty((3,), dtype)  # type: ignore[arg-type]
        return
    with pytest.raises(fd.DTypeError, match=r"(supported:|there are) f32, f16"):
        RUNTIME.empty((3,), dtype)


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ("four", fd.ArgumentTypeError, "a shape is a str, four; expected an integer or a sequence"),
        (1.5, fd.ArgumentTypeError, "a shape is a float, 1.5; expected an integer or a sequence"),
        ({3}, fd.ArgumentTypeError, r"a shape is a set, \{3\}; expected"),
        (iter([3]), fd.ArgumentTypeError, "a shape is a list_iterator"),
        ([1, "a"], fd.ArgumentTypeError, "an extent is a str, a; expected an integer"),
        ([[2]], fd.ArgumentTypeError, r"an extent is a list, \[2\]; expected an integer"),
        ([2, 2**70], fd.ShapeError, f"an extent of {2**70} is out of range"),
        (-1, fd.ShapeError, "an extent of -1 is out of range"),
        (np.array(1.5), fd.ArgumentTypeError, "a shape is a ndarray, 1.5, which does not it"),
    ],
)
def test_a_shape_that_is_none(shape: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        RUNTIME.empty(shape, fd.f32)
    for good in (3, np.int64(3), [3], (3,), np.array([3]), np.array(3)):
        assert RUNTIME.empty(good, fd.f32).shape == (3,)  # type: ignore[arg-type]
