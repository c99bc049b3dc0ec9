"""softmax.h, logsumexp.h, cross_entropy.h: rows in one go, and in several."""

from typing import Any

import numpy as np
from corpus import Case, one
from numpy.typing import NDArray

from instances.common import F32, I32, KIND, TYPE, TYPES, instance, seeded


def rows(name: str, t: np.dtype[Any], length: int) -> NDArray[Any]:
    return (seeded(name).normal(size=(3, length)) * 4).astype(t)


def threads(form: str) -> tuple[int, int]:
    """The length of a row and the threads for it."""
    return (611, 192) if form == "block" else (4999, 1024)


def softmax(name: str, form: str, precise: str | None, source: str) -> Case:
    t, (length, count) = TYPES[source], threads(form)
    x = rows(name, t, length)
    text = instance("softmax_single_row" if form == "block" else "softmax_looped", KIND[t],
                    "float" if precise else KIND[t])  # fmt: skip
    return Case(name, ("utils.h", "softmax.h"), text, [x, np.zeros_like(x), one(length, I32)],
                (3 * count, 1, 1), (count, 1, 1), {})  # fmt: skip


def logsumexp(name: str, form: str, source: str) -> Case:
    t, (length, count) = TYPES[source], threads(form)
    text = instance("logsumexp" + "_looped" * (form == "looped"), KIND[t])
    buffers = [rows(name, t, length), np.zeros(3, t), one(length, I32)]
    return Case(name, ("utils.h", "logsumexp.h"), text, buffers, (3 * count, 1, 1), (count, 1, 1),
                {})  # fmt: skip


def cross_entropy(name: str, derivative: str | None, source: str) -> Case:
    t = TYPES[source]
    x, targets = rows(name, t, 301), np.array([300, 7, 0], I32)
    losses = np.array([1, 2, 3], F32)
    result = [losses, losses / 2, np.zeros_like(x)] if derivative else [np.zeros(3, F32)]
    text = instance("cross_entropy" + (derivative or ""), KIND[t])
    return Case(name, ("utils.h", "cross_entropy.h"), text, [x, targets, *result, one(301, I32)],
                (3 * 64, 1, 1), (64, 1, 1), {})  # fmt: skip


RULES = [
    (rf"(block|looped)_softmax_(precise_)?{TYPE}", softmax),
    (rf"(block|looped)_logsumexp_{TYPE}", logsumexp),
    (rf"cross_entropy(_vjp)?_{TYPE}", cross_entropy),
]
