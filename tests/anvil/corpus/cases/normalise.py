"""softmax.h, logsumexp.h, cross_entropy.h.

The wheel carries no source of MLX's rms_norm, layer_norm and rope: these are .metal files, of which
it ships only the compiled library.
"""

from typing import Any

import numpy as np
from corpus import BF16, EPSILON, MSL, Case, one
from numpy.typing import DTypeLike, NDArray

F32, F16, I32 = np.dtype(np.float32), np.dtype(np.float16), np.dtype(np.int32)
rng = np.random.default_rng(3)


def tolerance(dtype: DTypeLike) -> tuple[float, float]:
    """fast::exp is good to 2 ulp and a bit for arguments of size 10; then a sum and a product."""
    return max(EPSILON[np.dtype(dtype)], 40 * EPSILON[F32]), 1e-7


def logits(dtype: DTypeLike, rows: int, length: int) -> NDArray[Any]:
    x = (rng.normal(size=(rows, length)) * 4).astype(dtype)
    x[0, : length // 2] = -np.inf  # a masked row
    return x


def soft_max(x: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(x.astype(np.float64) - x.astype(np.float64).max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def log_sum_exp(x: NDArray[Any]) -> NDArray[Any]:
    wide = x.astype(np.float64)
    top = wide.max(1)
    return top + np.log(np.exp(wide - top[:, None]).sum(1))


def softmax(form: str, dtype: DTypeLike, length: int, threads: int) -> Case:
    x = logits(dtype, 3, length)
    return Case(
        f"softmax_{form}_{x.dtype}",
        ("utils.h", "softmax.h"),
        f"softmax_{form}<{MSL[x.dtype]}, float>",
        [x, np.zeros_like(x), one(length, I32)],
        (3 * threads, 1, 1),
        (threads, 1, 1),
        {1: soft_max(x)},
        {1: tolerance(dtype)},
    )


def logsumexp(name: str, dtype: DTypeLike, length: int, threads: int) -> Case:
    x = logits(dtype, 4, length)
    return Case(
        f"{name}_{x.dtype}",
        ("utils.h", "logsumexp.h"),
        f"{name}<{MSL[x.dtype]}>",
        [x, np.zeros(4, dtype), one(length, I32)],
        (4 * threads, 1, 1),
        (threads, 1, 1),
        {1: log_sum_exp(x)},
        {1: tolerance(dtype)},
    )


def cross_entropy() -> Case:
    x, targets = logits(F16, 5, 301), np.array([300, 7, -1, 0, 150], I32)
    picked = x.astype(np.float64)[np.arange(5), targets]
    return Case(
        "cross_entropy_float16",
        ("utils.h", "cross_entropy.h"),
        "cross_entropy<half>",
        [x, targets, np.zeros(5, F32), one(301, I32)],
        (5 * 64, 1, 1),
        (64, 1, 1),
        {2: log_sum_exp(x) - picked},
        {2: (40 * EPSILON[F32], 1e-5)},
    )


CASES = [
    softmax("single_row", F32, 250, 64),
    softmax("single_row", F16, 127, 32),
    # 32 simdgroups, as MLX has it: every one of 32 partial results is read.
    softmax("looped", BF16, 1001, 1024),
    softmax("looped", F32, 4099, 1024),
    logsumexp("logsumexp", F32, 200, 64),
    logsumexp("logsumexp_looped", F16, 611, 1024),
    cross_entropy(),
]
