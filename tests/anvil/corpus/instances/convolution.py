"""steel/conv: convolutions as products of matrices that are never written down."""

from typing import Any

import numpy as np
from corpus import Case
from numpy.typing import NDArray

from instances.common import I32, I64, KIND, TYPE, TYPES, flag, instance, seeded
from instances.gemm import TILE

HEADERS = ("utils.h", "steel/utils.h", "steel/conv/conv.h", "steel/conv/kernels/steel_conv.h",
           "steel/conv/kernels/steel_conv_3d.h")  # fmt: skip
IMAGES, OUT = 2, 37


def steps(sizes: list[int]) -> list[int]:
    """From one place along a dimension to the next, in elements."""
    return [int(np.prod(sizes[i + 1 :])) for i in range(len(sizes))]


def parameters(channels: int, image: list[int], window: list[int]) -> NDArray[Any]:
    """MLXConvParams: a step of one, an edge of one, nothing between elements."""
    rank = len(image)
    result = [size + 3 - w for size, w in zip(image, window, strict=True)]
    ints = [IMAGES, channels, OUT, *image, *window, *result, *[1] * (4 * rank)]
    ints += [0] * (len(ints) % 2)
    strides = [*steps([IMAGES, *image, channels]), *steps([OUT, *window, channels]),
               *steps([IMAGES, *result, OUT])]  # fmt: skip
    return np.frombuffer(np.array(ints, I32).tobytes() + np.array(strides, I64).tobytes()
                         + np.array([1, 0], I32).tobytes(), np.uint8)  # fmt: skip


def case(
    name: str, rank: str, source: str, bm: str, bn: str, bk: str, wm: str, wn: str, options: str
) -> Case | None:
    t, rng = TYPES[source], seeded(name)
    few = options.partition("channel_")[2][:1]
    channels = int(few) if few.isdigit() else 2 * int(bk)
    image, window = [9, 11, 7][: int(rank)], [3, 3, 3][: int(rank)]
    result = image  # 3 wide, with an edge of one
    m, k = IMAGES * int(np.prod(result)), int(np.prod(window)) * channels
    padded = k if channels <= 2 else int(np.prod(window)) * 4
    rounds = -(-padded // int(bk)) if few.isdigit() else k // int(bk)
    jumps = steps([*image, channels])[:-1]  # along rows, ..., columns
    inner = [jumps[-1]]
    for axis in range(len(jumps) - 2, -1, -1):
        inner.append(jumps[axis] - sum((window[i] - 1) * jumps[i]
                                       for i in range(axis + 1, len(jumps))))  # fmt: skip
    back = int(bk) - sum((w - 1) * jump for w, jump in zip(window, jumps, strict=True))
    tiles = -(-OUT // int(bn)), -(-m // int(bm))
    buffers = [rng.normal(size=(IMAGES, *image, channels)).astype(t),
               rng.normal(size=(OUT, *window, channels)).astype(t),
               np.zeros((IMAGES, *result, OUT), t), parameters(channels, image, window),
               np.array([m, OUT, k, rounds, *inner, back, *tiles, 0], I32)]  # fmt: skip
    small = flag(options.endswith("filter_s"))
    more = [small] if rank == "3" else [few if few.isdigit() else "0", small]
    text = instance(f"implicit_gemm_conv_{rank}d", KIND[t], bm, bn, bk, wm, wn, *more)
    group = (32, int(wn), int(wm))
    return Case(name, HEADERS, text, buffers, (tiles[0] * 32, tiles[1] * group[1], group[2]),
                group, {})  # fmt: skip


def general(name: str, source: str, *words: str) -> Case:
    """What takes any stride and dilation; channels that do not fill a tile."""
    bm, bn, bk, wm, wn = map(int, words)
    t, rng = TYPES[source], seeded(name)
    channels, image, window = 2 * bk + 5, [9, 11], [3, 3]
    m, k = IMAGES * int(np.prod(image)), int(np.prod(window)) * channels
    jumps = steps([*image, channels])[:-1]
    tiles = -(-OUT // bn), -(-m // bm)
    bases = [np.array([0, size], I32) for size in window]  # the first of a window, and how many
    buffers = [
        rng.normal(size=(IMAGES, *image, channels)).astype(t),
        rng.normal(size=(OUT, *window, channels)).astype(t),
        np.zeros((IMAGES, *image, OUT), t),
        parameters(channels, image, window),
        np.array([m, OUT, k, -(-channels // bk), *jumps[::-1], 0, *tiles, 0], I32),
        np.array([1, 1, 1, 1, *image, int(np.prod(image)), m], I32),
        *bases,
    ]
    text = instance("implicit_gemm_conv_2d_general", KIND[t], *words)
    headers = (*HEADERS, "steel/conv/kernels/steel_conv_general.h")
    return Case(name, headers, text, buffers, (tiles[0] * 32, tiles[1] * wn, wm), (32, wn, wm), {},
                {}, {200: False})  # fmt: skip


RULES = [
    (rf"implicit_gemm_conv_([23])d_{TYPE}_{TILE}((?:_channel_[l\d])?_filter_[ls])", case),
    (rf"implicit_gemm_conv_2d_general_{TYPE}_{TILE}", general),
]
