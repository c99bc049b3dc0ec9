"""fft.h: powers of two, Rader's and Bluestein's, and transforms in four steps."""

from typing import Any

import numpy as np
from corpus import Case, one
from numpy.typing import NDArray

from instances.common import F16, F32, I32, flag, instance, seeded

HEADERS = ("utils.h", "fft.h")
ELEMENTS = 8  # a thread
RADIX, RADER = {13: 4, 11: 5, 8: 6, 7: 7, 6: 8, 5: 9, 4: 10, 3: 11, 2: 12}, 9


def steps(length: int) -> dict[int, int]:
    """How often which radix divides a power of two."""
    found: dict[int, int] = {}
    for radix in (8, 4, 2):
        while length % radix == 0 and length > 1:
            found[radix] = found.get(radix, 0) + 1
            length //= radix
    return found


def constants(length: int, rader: int = 0, rest: int = 1) -> dict[int, bool | int]:
    values: dict[int, bool | int] = {0: False, 1: not rader, 2: ELEMENTS, 3: rest, 22: False}
    plain, inner = steps(rest if rader else length), steps(rader - 1 if rader else 1)
    for radix, index in RADIX.items():
        values[index] = plain.get(radix, 0)
        values[index + RADER] = inner.get(radix, 0)
    return values


def data(name: str, kind: str, count: int) -> NDArray[Any]:
    """As many complex numbers, whether they are or not."""
    x = seeded(name).normal(size=2 * count)
    return x.astype(F16 if kind == "complex32_t" else F32)


def twiddles(kind: str, angles: NDArray[Any]) -> NDArray[Any]:
    pairs = np.stack([np.cos(angles), np.sin(angles)], 1)
    return pairs.astype(F16 if kind == "complex32_t" else F32)


def case(name: str, form: str, memory: str, source: str, result: str, options: str) -> Case:
    size = int(memory)
    x, out = data(name, source, 4 * size * size // 16 + 8 * size), None
    out = np.zeros_like(x, F16 if result == "complex32_t" else F32)
    batches = 3
    template = {"fft": "fft", "rader_fft": "rader_fft", "bluestein_fft": "bluestein_fft",
                "four_step": "four_step_fft"}[form]  # fmt: skip
    text = instance(template, memory, source, result)
    if form == "fft":
        buffers, length = [x, out, one(size, I32), one(batches, I32)], size
        values = constants(size)
    elif form == "bluestein_fft":
        length, short = size, size // 2 - 3
        buffers = [x, out, twiddles(result, np.arange(2 * size) * 0.7),
                   twiddles(result, np.arange(2 * size) * 0.3), one(short, I32), one(size, I32),
                   one(batches, I32)]  # fmt: skip
        values = constants(size)
    elif form == "rader_fft":
        prime, rest = 17, size // 32
        length = prime * rest
        powers = [pow(3, i, prime) for i in range(prime - 1)]
        inverse = [pow(3, -i % (prime - 1), prime) for i in range(prime - 1)]
        buffers = [x, out, twiddles(result, 2 * np.pi * np.array(powers) / prime),
                   np.array(powers, np.int16), np.array(inverse, np.int16), one(length, I32),
                   one(batches, I32), one(prime, I32)]  # fmt: skip
        values = constants(length, prime, rest)
    else:
        step, real = options.strip("_").split("_")
        length = size // 4
        text = instance(template, memory, source, result, step, flag(real == "true"))
        buffers = [x, out, one(length, I32), one(length, I32), one(length, I32)]
        group = (1, 4, length // ELEMENTS)
        return Case(name, HEADERS, text, buffers, (length // 4, *group[1:]), group, {}, {},
                    constants(length))  # fmt: skip
    threads = -(-length // ELEMENTS)
    return Case(
        name, HEADERS, text, buffers, (batches, 1, threads), (1, 1, threads), {}, {}, values
    )


KIND_NAME = r"(float2|float|complex32_t)"
RULES = [(rf"(fft|rader_fft|bluestein_fft|four_step)_mem_(\d+)_{KIND_NAME}_{KIND_NAME}(.*)", case)]
