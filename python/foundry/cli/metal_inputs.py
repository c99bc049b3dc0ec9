"""Random values for the arguments of a kernel of which reflection alone is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import foundry

Numbers = tuple[float, ...]

SMALL = 8
MOST_ELEMENTS = 1 << 20
THREADGROUP_BYTES = 16384  # half of what every Apple GPU has: kernels may declare some more


@dataclass(frozen=True)
class Inputs:
    """What buffers hold: random floats of magnitudes 2^-6 to 2^6; of integers, and of each member
    that is one, the first is the number of threads, what sizes mostly are, and the others are 1 to
    7, what indices, strides and offsets may be. `values` by name: "n", "params.rows", of
    threadgroup memory its number of elements."""

    seed: int = 0
    values: Mapping[str, Numbers] = field(default_factory=dict)  # "n", "params.rows"

    def of(
        self, kernel: foundry.LibraryKernel, threads: int, turn: int
    ) -> list[NDArray[Any] | int]:
        """An array for each buffer, in order; a number of elements for threadgroup memory."""
        random = np.random.default_rng((self.seed, turn))
        arguments = kernel.arguments
        shared = sum(each.is_threadgroup for each in arguments)
        found: list[NDArray[Any] | int] = []
        for argument in arguments:
            if argument.is_threadgroup:
                elements = THREADGROUP_BYTES // shared // max(argument.size, 1)
                found.append(int(self.values.get(argument.name, (elements,))[0]))
                continue
            array = np.zeros(_elements(threads), kernel.numpy_dtype(argument.name))
            for path, leaf in leaves(array, argument.name):
                given = self.values.get(path)
                leaf[...] = _numbers(leaf, random, threads) if given is None else given
            found.append(array)
        return found


def names_in(kernel: foundry.LibraryKernel) -> set[str]:
    """Of what may be set: "n", "params.rows", threadgroup memory."""
    found = set()
    for argument in kernel.arguments:
        if argument.is_threadgroup:
            found.add(argument.name)
        else:
            element = np.zeros(1, kernel.numpy_dtype(argument.name))
            found |= {path for path, _ in leaves(element, argument.name)}
    return found


def one_of(constant: foundry.LibraryConstant) -> int | list[int]:
    """A value for a function constant that needs one."""
    lanes = constant.type[-1]
    return [1] * int(lanes) if lanes.isdigit() else 1


def leaves(array: NDArray[Any], name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """The numbers in an array of structs: a view of each member, by its path."""
    if array.dtype.names is None:
        yield name, array
        return
    for member in array.dtype.names:
        yield from leaves(array[member], f"{name}.{member}")


def is_float(array: NDArray[Any]) -> bool:
    return array.dtype.kind not in "iub"  # bfloat16 has a kind that numpy does not know


def parsed_size(text: str, option: str) -> tuple[int, ...]:
    """Of "256" or "64,4,2"; a usage error for anything else."""
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not 1 <= len(sizes) <= 3 or min(sizes) < 1:
        raise click.UsageError(f"{option} {text}: expected one to three sizes, '64,4'")
    return sizes


def parsed_values(settings: Sequence[str], option: str) -> dict[str, Numbers]:
    """Of NAME=VALUE[,VALUE...]; a usage error for anything else."""
    found = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        try:
            numbers = tuple(
                float(part) if "." in part else int(part, 0) for part in text.split(",")
            )
        except ValueError:
            numbers = ()
        if not name or not equals or not numbers:
            raise click.UsageError(f"{option} {setting}: expected NAME=NUMBER[,NUMBER...]")
        found[name] = numbers
    return found


def _elements(threads: int) -> int:
    """So many that a thread's number times a size or stride is one of them."""
    return max(SMALL * threads, min(threads * threads, MOST_ELEMENTS))


def _numbers(leaf: NDArray[Any], random: np.random.Generator, threads: int) -> NDArray[Any]:
    if is_float(leaf):
        scale = 2.0 ** random.integers(-6, 7, leaf.shape)
        return random.standard_normal(leaf.shape) * scale
    if leaf.dtype.kind == "b":
        return random.integers(0, 2, leaf.shape)
    numbers = random.integers(1, SMALL, leaf.shape)
    numbers[0] = min(threads, np.iinfo(leaf.dtype).max)
    return numbers
