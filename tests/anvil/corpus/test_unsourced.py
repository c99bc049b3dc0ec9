"""Functions of MLX's compiled library whose source is not in the wheel: against the interpreter,
bit by bit, and numpy."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compare import fetch_library
from corpus import BF16, BUILD, ENVIRONMENT, EPSILON, Case, one, write_case
from instances.common import F16, F32, I32, I64, U32, U64, seeded
from numpy.typing import NDArray

NAMES = {F16: "float16", F32: "float32", BF16: "bfloat16"}
EPS = 1e-5


def case(name: str, buffers: list[NDArray[Any] | None], threads: int, rows: int,
         expected: dict[int, NDArray[Any]], tolerance: dict[int, tuple[float, float]] | None = None,
         constants: dict[int, bool | int] | None = None) -> Case:  # fmt: skip
    """A threadgroup to a row."""
    return Case(name, (), "", buffers, (rows * threads, 1, 1), (threads, 1, 1), expected,
                tolerance or {}, constants or {})  # fmt: skip


def norms() -> Iterator[Case]:
    """Rows in one go, where lanes past the end write before their arrays, and in several."""
    for t, looped in ((F16, ""), (F32, "_looped"), (BF16, "_looped")):
        length, threads = (4999, 1024) if looped else (611, 160)
        rng = seeded(f"norm {t}")
        x, g = (rng.normal(1, 2, (3, length)).astype(t) for _ in range(2))
        w, b = (rng.normal(size=length).astype(t) for _ in range(2))
        wide, gradient, weight = (each.astype(np.float64) for each in (x, g, w))
        # Two roundings to the type, of numbers up to some ten; float sums before them.
        tolerance = (2 * EPSILON[t], 4 * EPSILON[t] + 1e-5)
        layout: list[NDArray[Any] | None] = [one(EPS, F32), one(length, U32), one(1, U32)]
        scale = 1 / np.sqrt((wide**2).mean(1, keepdims=True) + EPS)
        yield case(f"rms{looped}{NAMES[t]}", [x, w, np.zeros_like(x), *layout], threads, 3,
                   {2: weight * wide * scale}, {2: tolerance})  # fmt: skip
        centred = wide - wide.mean(1, keepdims=True)
        scale = 1 / np.sqrt((centred**2).mean(1, keepdims=True) + EPS)
        unit = centred * scale
        yield case(f"layer_norm{looped}{NAMES[t]}",
                   [x, w, b, np.zeros_like(x), *layout, one(1, U32)], threads, 3,
                   {3: unit * weight + b.astype(np.float64)}, {3: tolerance})  # fmt: skip
        wg = weight * gradient
        back = scale * (wg - wg.mean(1, keepdims=True) - unit * (wg * unit).mean(1, keepdims=True))
        yield case(f"vjp_layer_norm{looped}{NAMES[t]}",
                   [x, w, g, np.zeros_like(x), np.zeros_like(x), *layout], threads, 3,
                   {3: back, 4: gradient * unit}, {3: tolerance, 4: tolerance},
                   {20: True})  # fmt: skip


def extremes() -> Iterator[Case]:
    """The first of equals; columns, whose elements lie apart."""
    for name, t in (("argmax", "float16"), ("argmin", "int8"), ("argmax", "uint64")):
        x = seeded(name + t).integers(0, 90, (300, 3)).astype(t)
        found = x.argmax(0) if name == "argmax" else x.argmin(0)
        buffers: list[NDArray[Any] | None] = [x, np.zeros(3, U32), one(3, I32), one(1, I64),
                   one(1, I64), one(1, U64), one(3, I64), one(300, U64)]  # fmt: skip
        yield Case(f"{name}_{t}", (), "", buffers, (96, 3, 1), (96, 1, 1), {1: found})


def threefry(key: NDArray[np.uint32], count: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Threefry 2x32 of 20 rounds (Salmon et al., Parallel random numbers: as easy as 1, 2, 3)."""
    schedule = [key[0], key[1], key[0] ^ key[1] ^ U32.type(0x1BD11BDA)]
    x, y = count[0] + schedule[0], count[1] + schedule[1]
    for i in range(5):
        for r in ((13, 15, 26, 6), (17, 29, 16, 24))[i % 2]:
            x = x + y
            y = (y << U32.type(r) | y >> U32.type(32 - r)) ^ x
        x = x + schedule[(i + 1) % 3]
        y = y + schedule[(i + 2) % 3] + U32.type(i + 1)
    return np.array([x, y])


def random_bits() -> Iterator[Case]:
    """Two keys, an even number of words to each."""
    keys, half = seeded("keys").integers(0, 2**32, (2, 2)).astype(U32), 21
    counts = np.arange(2 * half, dtype=U32).reshape(2, half)
    with np.errstate(over="ignore"):
        bits = np.array([threefry(key, counts) for key in keys])
    layout: list[NDArray[Any] | None] = [one(0, np.bool_), one(8 * half, U64)]
    words = np.zeros((2, 2, half), U32)
    for name, more in (("rbitsc", []), ("rbits", [one(2, I32), np.array([2, 2], I32),
                                                  np.array([2, 1], I64)])):  # fmt: skip
        yield Case(name, (), "", [keys, words, *layout, *more], (2, half, 1), (2, 1, 1), {1: bits})


def positions() -> Iterator[Case]:
    """Halves of a row as real and imaginary parts, which turn by an angle of their own."""
    dims, rows, position, scale, base = 64, 5, 37, 0.5, 10000.0
    x = seeded("rope").normal(size=(rows, dims)).astype(F32)
    angle = position * scale * base ** (-np.arange(dims // 2) / (dims // 2))
    a, b = np.split(x.astype(np.float64), 2, 1)
    turned = np.concatenate([a * np.cos(angle) - b * np.sin(angle),
                             a * np.sin(angle) + b * np.cos(angle)], 1)  # fmt: skip
    buffers: list[NDArray[Any] | None] = [x, np.zeros_like(x), one(position, I32),
               one(scale, F32), one(dims, I64), *[None] * 5, one(np.log2(base), F32)]  # fmt: skip
    # Angles of size 20, in float.
    yield Case("rope_single_float32", (), "", buffers, (dims // 2, rows, 1), (dims // 2, 1, 1),
               {1: turned}, {1: (0, 2e-5)}, {1: True, 2: False})  # fmt: skip


CASES = [*norms(), *extremes(), *random_bits(), *positions()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_function(case: Case) -> None:
    with tempfile.TemporaryDirectory(prefix="anvil-unsourced-") as place:
        folder = Path(place)
        (folder / "air").write_bytes(fetch_library()[case.name])
        done = subprocess.run(
            [BUILD / "bin/anvil_oracle_tool", write_case(case, folder, folder / "air", air=True)],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
        )
        assert (done.stdout, done.stderr) == ("", "")
        for index, expected in case.expected.items():
            buffer = case.buffers[index]
            assert buffer is not None
            got = np.fromfile(folder / str(index), buffer.dtype).reshape(expected.shape)
            if got.dtype.kind in "iu":
                np.testing.assert_array_equal(got, expected)
            else:
                relative, absolute = case.tolerance[index]
                np.testing.assert_allclose(
                    got.astype(np.float64), expected, rtol=relative, atol=absolute
                )
