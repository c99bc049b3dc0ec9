"""Random signatures: what is passed arrives, leaf by leaf, whatever types and indices they have."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import foundry as fd

NAMES = itertools.count()
INTEGERS = ["char", "uchar", "short", "ushort", "int", "uint", "long", "ulong"]
SCALARS = ["bool", *INTEGERS, "half", "bfloat", "float"]


@dataclass
class Value:
    """A value of a type, and the MSL expressions of its numbers with what they should be."""

    type: str  # "float", "Struct0"
    given: Any
    suffix: str = ""  # of a declaration: "[3]"
    leaves: list[tuple[str, float]] = field(default_factory=list)  # ".a[1].x", 3
    structs: list[str] = field(default_factory=list)  # their definitions


def numbers(scalar: str) -> st.SearchStrategy[int]:
    if scalar == "bool":
        return st.integers(0, 1)
    return st.integers(0 if scalar.startswith("u") else -100, 100)


@st.composite
def plain(draw: st.DrawFn) -> Value:
    """A scalar, vector, packed vector or matrix."""
    scalar = draw(st.sampled_from(SCALARS))
    kind = draw(st.sampled_from(["scalar", "vector", "packed", "matrix"]))
    of = numbers(scalar)
    if kind == "scalar" or (kind == "packed" and scalar == "bool"):
        number = draw(of)
        return Value(scalar, number, leaves=[("", number)])
    if kind == "matrix":
        scalar = draw(st.sampled_from(["float", "half"]))
        columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 4))
        array = np.array(draw(st.lists(of, min_size=16, max_size=16)))[: columns * rows]
        array = array.reshape(columns, rows)
        leaves = [(f"[{c}][{r}]", array[c, r]) for c in range(columns) for r in range(rows)]
        return Value(f"{scalar}{columns}x{rows}", array.tolist(), leaves=leaves)
    lanes = draw(st.integers(2, 4))
    vector = draw(st.lists(of, min_size=lanes, max_size=lanes))
    prefix = "packed_" if kind == "packed" else ""
    leaves = [(f"[{i}]", number) for i, number in enumerate(vector)]
    return Value(f"{prefix}{scalar}{lanes}", vector, leaves=leaves)


@st.composite
def array_of(draw: st.DrawFn, element: st.SearchStrategy[Value]) -> Value:
    first = draw(element)
    length = draw(st.integers(1, 3))
    leaves = [(f"[{i}]{path}", value) for i in range(length) for path, value in first.leaves]
    return Value(
        first.type, [first.given] * length, f"[{length}]{first.suffix}", leaves, first.structs
    )


@st.composite
def struct_of(draw: st.DrawFn, member: st.SearchStrategy[Value]) -> Value:
    members = draw(st.lists(member, min_size=1, max_size=4))
    name = f"Struct{next(NAMES)}"
    lines = [f"{each.type} m{i}{each.suffix};" for i, each in enumerate(members)]
    structs = list(dict.fromkeys(text for each in members for text in each.structs))
    return Value(
        name,
        {f"m{i}": each.given for i, each in enumerate(members)},
        leaves=[(f".m{i}{path}", v) for i, each in enumerate(members) for path, v in each.leaves],
        structs=[*structs, f"struct {name} {{ {' '.join(lines)} }};"],
    )


VALUES = st.recursive(plain(), lambda inner: array_of(inner) | struct_of(inner), max_leaves=6)
ARGUMENTS = st.lists(VALUES.filter(lambda value: not value.suffix), min_size=1, max_size=6)


# Every example is compiled: a failure is shown as it was found.
@settings(
    max_examples=15,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    arguments=ARGUMENTS,
    spaces=st.lists(st.sampled_from(["constant {}&", "device const {}*"]), min_size=6, max_size=6),
    indices=st.permutations(range(12)),
    by_name=st.booleans(),
)
def test_what_is_passed_arrives(
    arguments: list[Value], spaces: list[str], indices: list[int], by_name: bool
) -> None:
    rt = fd.Foundry()
    signature: list[str] = []
    body: list[str] = []
    expected: list[float] = []
    for i, value in enumerate(arguments):
        space = spaces[i]
        signature.append(f"{space.format(value.type)} a{i} [[buffer({indices[i]})]]")
        for path, number in value.leaves:
            first = f"a{i}[0]" if space.endswith("*") else f"a{i}"
            body.append(f"out[{len(expected)}] = float({first}{path});")
            expected.append(float(number))
    structs = dict.fromkeys(text for value in arguments for text in value.structs)
    source = "\n".join(
        [
            "#include <metal_stdlib>\nusing namespace metal;",
            *structs,
            f"kernel void f({', '.join(signature)}, device float* out [[buffer(30)]]) {{",
            *body,
            "}",
        ]
    )
    kernel = fd.Library.from_source(source, math="safe")["f"]
    out = rt.zeros(len(expected), fd.f32)
    if by_name:
        named = {f"a{i}": value.given for i, value in enumerate(arguments)}
        rt.run(kernel(**named, out=out, grid=1))
    else:
        order = sorted(range(len(arguments)), key=lambda i: indices[i])
        rt.run(kernel(*(arguments[i].given for i in order), out, grid=1))
    assert np.asarray(out).tolist() == expected
    for i, value in enumerate(arguments):  # numpy's layout is the kernel's
        dtype = kernel.numpy_dtype(f"a{i}")
        sizes = {argument.name: argument.size for argument in kernel.arguments}
        assert dtype.itemsize == sizes[f"a{i}"], (value.type, dtype)
