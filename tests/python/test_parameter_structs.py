"""A ParameterStruct behaves as a dataclass: defaults, bases, attributes, equality, errors."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import numpy as np
import pytest

import foundry as fd


class Base(fd.ParameterStruct):
    count: fd.u32
    scale: fd.f32 = 2.0


class Derived(Base):
    colour: fd.Packed[fd.f32, 3] = (1, 2, 3)  # type: ignore[assignment, type-arg, valid-type]
    kind: ClassVar[str] = "no member"


class Again(Derived):
    """No members of its own."""


def test_defaults_and_positions_bind_as_a_dataclass() -> None:
    assert repr(Base(3)) == "Base(count=3, scale=2.0)"
    assert repr(Base(count=3, scale=4)) == repr(Base(3, 4)) == "Base(count=3, scale=4.0)"
    for make, message in [
        (lambda: Base(), "Base takes count, scale; missing: count"),
        (lambda: Base(1, 2, 3), "Base takes count, scale; 3 values are given"),
        (lambda: Base(1, count=2), "Base takes count, scale; given twice: count"),
        (lambda: Base(1, scael=2), "unknown: scael; did you mean 'scale'?"),
        (lambda: Base(1, **{"\ud800": 2}), "unknown: \\ud800"),
        (lambda: fd.ParameterStruct(a=1), "ParameterStruct is a base: derive a class from it"),
    ]:
        with pytest.raises(fd.ArgumentTypeError) as caught:
            make()  # type: ignore[no-untyped-call]
        assert message in str(caught.value)


def test_members_of_bases_come_first(rt: fd.Foundry) -> None:
    assert repr(Again(1)) == "Again(count=1, scale=2.0, colour=[1.0, 2.0, 3.0])"
    assert Derived(1).kind == "no member"
    assert "struct Again {\n  uint count;\n  float scale;\n  packed_float3 colour;\n" in (
        Again.layout.msl
    )

    @fd.kernel(dispatch=fd.per_element("y"))
    def fill(y: fd.Out[fd.f32], p: Again) -> None:
        """if (gid < y_size) y[gid] = p.count * p.scale + p.colour[2];"""

    y = rt.empty((2,), fd.f32)
    rt.run(fill(y=y, p=Again(count=5)))
    assert np.asarray(y).tolist() == [13, 13]
    with pytest.raises(fd.ArgumentTypeError, match="argument 'p' is a Base; expected Again"):
        fill(y=y, p=Base(1))

    class Other(Base):
        count: fd.u64 = 9  # another type in the same place

    assert repr(Other()) == "Other(count=9, scale=2.0)" and Other.layout.size == 16


def test_members_are_attributes(rt: fd.Foundry) -> None:
    p = Derived(3)
    assert (p.count, p.scale, p.colour) == (3, 2.0, [1.0, 2.0, 3.0])  # type: ignore[comparison-overlap]
    p.count = 4
    p.colour = np.array([4, 5, 6])  # type: ignore[assignment]
    assert repr(p) == "Derived(count=4, scale=2.0, colour=[4.0, 5.0, 6.0])"
    assert p.tobytes() == np.array([4], "u4").tobytes() + np.array([2, 4, 5, 6], "f4").tobytes()
    with pytest.raises(fd.ArgumentError, match=r"Derived\.count is -1, which is no u32"):
        p.count = -1
    assert p.count == 4
    with pytest.raises(AttributeError, match="Derived has no member 'cuont'; did you mean 'count'"):
        p.cuont = 3
    with pytest.raises(AttributeError):
        p.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_equality_is_of_class_and_values() -> None:
    assert Base(1) == Base(1) and Base(1) != Base(2)
    assert Base(1) != Derived(1) and Base(1) != 3
    assert Base(1, float("nan")) != Base(1, float("nan"))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Base(1))


def test_copies_have_values_of_their_own() -> None:
    p = Derived(3)
    for other in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert other == p and other.tobytes() == p.tobytes()
        other.count = 7
        assert p.count == 3 and other.count == 7


class Raising:
    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise KeyError("inside")


@pytest.mark.parametrize(
    ("member", "value", "error", "message"),
    [
        (fd.u8, 256, fd.ArgumentError, "P.a is 256, which is no u8"),
        (fd.i8, -129, fd.ArgumentError, "P.a is -129, which is no i8"),
        (fd.u64, 2**64, fd.ArgumentError, "P.a is 18446744073709551616, which is no u64"),
        (fd.u32, 1.5, fd.ArgumentError, "P.a is 1.5, which is no u32"),
        (fd.u32, float("nan"), fd.ArgumentError, "P.a is nan, which is no u32"),
        (fd.f32, 1e39, fd.ArgumentError, "P.a is 1e+39, which is no f32"),
        (fd.f16, 70000, fd.ArgumentError, "P.a is 70000, which is no f16"),
        (fd.f32, [1.0], fd.ArgumentError, r"P.a has shape (1,); expected ()"),
        (fd.f32, "1.0", fd.ArgumentTypeError, "P.a is '1.0' (a str); expected f32"),
        (fd.f32, None, fd.ArgumentTypeError, "P.a is None; expected f32"),
        (fd.f32, 1j, fd.ArgumentTypeError, "P.a is 1j (a complex); expected f32"),
        (fd.f32, Raising(), fd.ArgumentTypeError, "expected numbers"),
        (fd.Array[fd.i16, 2], [1, "x"], fd.ArgumentTypeError, "expected Array[i16, 2]"),  # type: ignore[index]
        (fd.Array[fd.i16, 2], [[1], [2, 3]], fd.ArgumentTypeError, "expected numbers"),  # type: ignore[index]
        (fd.Array[fd.i16, 2], [1, 2**15], fd.ArgumentError, "which is no i16"),  # type: ignore[index]
    ],
)
def test_a_value_that_a_member_cannot_hold(
    member: object, value: object, error: type[Exception], message: str
) -> None:
    kind = type("P", (fd.ParameterStruct,), {"__annotations__": {"a": member}})
    with pytest.raises(error) as caught:
        kind(a=value)
    assert type(caught.value) is error and message in str(caught.value)


@pytest.mark.parametrize("dtype", [fd.i64, fd.u64], ids=str)
def test_64_bits_are_exact(dtype: fd.DType) -> None:
    kind = type("P", (fd.ParameterStruct,), {"__annotations__": {"a": dtype}})
    for value in (2**53 + 1, 2**63 - 1, 2**64 - 1 if dtype is fd.u64 else -(2**63)):
        assert kind(a=value).a == value


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({}, "P has no members"),
        ({"layout": fd.f32}, "member name 'layout' is one that ParameterStruct uses itself"),
        ({"tobytes": fd.f32}, "member name 'tobytes' is one that ParameterStruct uses itself"),
        (
            {"inner": Base},
            "P.inner needs a dtype, Array[dtype, n] or Packed[dtype, n], not a struct",
        ),
        ({"a": fd.q4_0}, "P.a is q4_0, which a struct of MSL cannot hold"),
        ({"a": fd.DType.f64}, "P.a is f64, which a struct of MSL cannot hold"),
        ({"a": float}, "P.a needs a dtype"),
        ({"a": "fd.Array[nothing, 2]"}, "P: the annotation of 'a', 'fd.Array[nothing, 2]', cannot"),
    ],
)
def test_what_is_no_struct(annotations: dict[str, object], message: str) -> None:
    names = {"__annotations__": annotations, "__module__": __name__}
    with pytest.raises((fd.ArgumentError, fd.DTypeError)) as caught:
        type("P", (fd.ParameterStruct,), names)
    assert message in str(caught.value)


def test_a_default_is_checked_where_it_stands() -> None:
    with pytest.raises(fd.ArgumentError, match=r"Wrong\.a is 300, which is no u8"):

        class Wrong(fd.ParameterStruct):
            a: fd.u8 = 300


def test_annotations_of_a_wrong_form() -> None:
    for make, message in [
        (lambda: fd.Array[fd.f32], "it takes two"),  # type: ignore[index]
        (lambda: fd.Array[fd.f32, "x"], "its length is 'x' (a str); expected an integer"),  # type: ignore[index]
        (lambda: fd.Array[fd.f32, 0], "a length from 1 to 2147483647"),  # type: ignore[index]
        (lambda: fd.Array[fd.f32, 2**40], "a length from 1 to 2147483647"),  # type: ignore[index]
        (lambda: fd.Packed[3, 3], "a dtype, and 2, 3 or 4 elements"),  # type: ignore[index]
        (lambda: fd.Packed(), "Packed is an annotation"),
    ]:
        with pytest.raises((fd.ArgumentError, fd.ArgumentTypeError)) as caught:
            make()  # type: ignore[no-untyped-call]
        assert message in str(caught.value)
