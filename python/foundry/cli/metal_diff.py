"""`foundry metal diff`: where two compilations of the same functions differ in their results.

One is made here from a `.metal` file, the other was made before: by Apple's compiler, say. Both
run on the same random values, and what they write is compared bit for bit; a NaN equals a NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import foundry
from foundry.call_errors import close_to
from foundry.cli import terminal, ui
from foundry.cli.metal_inputs import Inputs, Numbers, is_float, leaves, names_in, one_of


@dataclass(frozen=True)
class Options:
    functions: Sequence[str]  # empty: all
    grid: Sequence[int]
    threadgroup: Sequence[int] | None
    constants: Mapping[str, Numbers]
    inputs: Inputs
    rounds: int
    ulps: int  # up to which floats count as equal


@dataclass(frozen=True)
class Verdict:
    kind: str
    text: str


EQUAL, DIFFERS, NOT_COMPARED = "equal", "differs", "not compared"
_STYLES = {EQUAL: "green", DIFFERS: "bold red", NOT_COMPARED: "bold magenta"}


class NotComparedError(Exception):
    """Why the results of a function say nothing."""


def diff(
    runtime: foundry.Foundry, source: foundry.Library, compiled: foundry.Library, options: Options
) -> None:
    """Prints a line for each function; leaves with status 1 unless all are equal."""
    counts = dict.fromkeys(_STYLES, 0)
    known: set[str] = set()
    for name in names_of(source, compiled, options.functions):
        verdict = verdict_on(runtime, name, source, compiled, options, known)
        counts[verdict.kind] += 1
        ui.say(
            ui.stdout,
            (name, "bold"), ": ", (verdict.kind, _STYLES[verdict.kind]), verdict.text,
            lines=True,
        )  # fmt: skip
    for name in options.inputs.values:
        if name not in known:
            raise click.UsageError(
                f"--set {name}: no function has such a number{close_to(name, sorted(known))}"
            )
    total = sum(counts.values())
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    alike = counts[EQUAL] == total
    summary = f"{total} function{'' if total == 1 else 's'}: {told}"
    ui.say(ui.stderr, (summary, "bold" if alike else "bold red"))
    if not alike:
        raise terminal.Leave(1)


def names_of(
    source: foundry.Library, compiled: foundry.Library, chosen: Sequence[str]
) -> list[str]:
    """Those chosen, else all of either library; a usage error for one that neither has."""
    known = {*source.functions, *compiled.functions}
    for name in chosen:
        if name not in known:
            raise click.UsageError(f"--function {name}: neither library has such a kernel")
    found = list(chosen) or sorted(known)
    if not found:
        raise click.UsageError("neither library has a kernel")
    return found


def verdict_on(
    runtime: foundry.Foundry,
    name: str,
    source: foundry.Library,
    compiled: foundry.Library,
    options: Options,
    known: set[str],
) -> Verdict:
    """`known` grows by the names of its numbers."""
    if name not in compiled or name not in source:
        where = "source" if name in source else "compiled library"
        return Verdict(NOT_COMPARED, f": it is in the {where} alone")
    try:
        ours = specialised(source[name], options.constants)
        theirs = specialised(compiled[name], options.constants)
        _check_signatures(ours, theirs)
        known |= names_in(ours)
        return _compared(runtime, ours, theirs, options)
    except (foundry.Error, NotComparedError) as error:
        return Verdict(NOT_COMPARED, f": {error}")


def specialised(
    kernel: foundry.LibraryKernel, values: Mapping[str, Numbers]
) -> foundry.LibraryKernel:
    """With the values given, and 1 for other function constants that need one."""
    chosen: dict[str, Any] = {}
    for constant in kernel.constants:
        if given := values.get(constant.name):
            chosen[constant.name] = given[0] if len(given) == 1 else given
        elif constant.required:
            chosen[constant.name] = one_of(constant)
    return kernel.specialised(chosen)


def _check_signatures(ours: foundry.LibraryKernel, theirs: foundry.LibraryKernel) -> None:
    shapes = [
        [(each.index, each.is_threadgroup, each.type, each.size) for each in kernel.arguments]
        for kernel in (ours, theirs)
    ]
    if shapes[0] != shapes[1]:
        told = (", ".join(str(each) for each in kernel.arguments) for kernel in (ours, theirs))
        raise NotComparedError("the arguments are others: {} in source, {} compiled".format(*told))


def _compared(
    runtime: foundry.Foundry,
    ours: foundry.LibraryKernel,
    theirs: foundry.LibraryKernel,
    options: Options,
) -> Verdict:
    written = False
    worst = 0
    for turn in range(options.rounds):
        given = options.inputs.of(ours, math.prod(options.grid), turn)
        before = _buffers(ours, given)
        first, again, other = (
            _results(runtime, kernel, given, options) for kernel in (ours, ours, theirs)
        )
        for path, a in first.items():
            if not same(a, again[path]).all():
                raise NotComparedError(
                    f"from source alone, '{path}' is another in each run: threads race, or atomics "
                    f"of floats come in any order"
                )
            written |= not same(a, before[path]).all() or not same(other[path], before[path]).all()
            differ = ~same(a, other[path])
            if differ.any():
                apart = distance(a, other[path])
                if apart is None or apart.max() > options.ulps:
                    return Verdict(DIFFERS, _difference(path, a, other[path], differ, apart, turn))
                worst = max(worst, int(apart.max()))
    if not written:
        raise NotComparedError(
            "nothing is written with these values: --set NAME=VALUE gives others, --grid threads"
        )
    return Verdict(EQUAL, f" within {worst} ulps" if worst else " bit for bit")


def _results(
    runtime: foundry.Foundry,
    kernel: foundry.LibraryKernel,
    given: Sequence[NDArray[Any] | int],
    options: Options,
) -> dict[str, NDArray[Any]]:
    """What buffers that may be written hold afterwards, by the names of their numbers."""
    values: list[Any] = []
    for argument, value in zip(kernel.arguments, given, strict=True):
        if isinstance(value, np.ndarray):
            plain = value.view(np.uint8) if value.dtype.names is not None else value
            values.append(runtime.tensor(plain, argument.dtype))
        else:
            values.append(value)
    runtime.run(kernel(*values, grid=options.grid, threadgroup=options.threadgroup))
    after: list[NDArray[Any] | int] = [
        np.array(value).view(before.dtype).reshape(before.shape)
        if isinstance(before, np.ndarray)
        else before
        for value, before in zip(values, given, strict=True)
    ]
    return _buffers(kernel, after)


def _buffers(
    kernel: foundry.LibraryKernel, values: Sequence[NDArray[Any] | int]
) -> dict[str, NDArray[Any]]:
    return {
        path: leaf
        for argument, value in zip(kernel.arguments, values, strict=True)
        if argument.is_written and isinstance(value, np.ndarray)
        for path, leaf in leaves(value, argument.name)
    }


def same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    bits = f"u{a.dtype.itemsize}"
    ours, theirs = (np.ascontiguousarray(numbers).view(bits) for numbers in (a, b))
    equal: NDArray[np.bool_] = ours == theirs
    if is_float(a):
        equal |= np.isnan(a) & np.isnan(b)
    return equal


def distance(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64] | None:
    """Floats that lie between them, and one; none for integers and where one alone is a NaN."""
    if not is_float(a) or (np.isnan(a) != np.isnan(b)).any():
        return None
    signed = f"i{a.dtype.itemsize}"
    ordered = []
    for numbers in (a, b):
        raw = np.ascontiguousarray(numbers).view(signed).astype(np.int64)
        lowest = -(1 << (8 * numbers.dtype.itemsize - 1))
        ordered.append(np.where(raw < 0, lowest - raw, raw))
    apart: NDArray[np.int64] = np.abs(ordered[0] - ordered[1])
    apart[np.isnan(a)] = 0
    return apart


def _difference(
    path: str,
    a: NDArray[Any],
    b: NDArray[Any],
    differ: NDArray[np.bool_],
    apart: NDArray[np.int64] | None,
    turn: int,
) -> str:
    worst = differ if apart is None else apart
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(worst)), worst.shape))
    where = "][".join(str(i) for i in at)
    most = "" if apart is None else f", {apart.max()} ulps at the most"
    return (
        f": '{path}' in {differ.sum()} of {differ.size} numbers{most}: [{where}] is {a[at]} from "
        f"source, {b[at]} compiled (round {turn})"
    )
