"""steel/gemm: fused, in parts along K, with masks of blocks, gathered and in segments."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from cases.gemm import SPLIT
from cases.gemm import gemm as whole_product
from cases.gemm import parameters as gemm_parameters
from corpus import Case, Size, one
from numpy.typing import DTypeLike, NDArray

from instances.common import F32, I32, I64, KIND, TYPE, TYPES, U32, flag, instance, seeded

MASKED = ("utils.h", "steel/gemm/gemm.h", "steel/gemm/kernels/steel_gemm_masked.h")
GATHER = ("utils.h", "steel/gemm/gemm.h", "steel/gemm/kernels/steel_gemm_gather.h")
SEGMENTED = ("utils.h", "steel/gemm/gemm.h", "steel/gemm/kernels/steel_gemm_segmented.h")


@dataclass(frozen=True)
class Product:
    """Sizes that fill tiles, or leave a part of one over, and operands of these."""

    name: str
    letters: str  # n or t for either operand
    tile: tuple[int, ...]  # bm, bn, bk, wm, wn
    aligned: tuple[bool, bool] = (False, False)  # rows and columns; depth

    @property
    def sizes(self) -> tuple[int, int, int]:
        bm, bn, bk, _, _ = self.tile
        over = [0 if self.aligned[axis] else rest for axis, rest in ((0, 6), (0, 13), (1, 5))]
        return bm + over[0], bn + over[1], 4 * bk + over[2]

    @property
    def transposed(self) -> list[str]:
        return [flag(letter == "t") for letter in self.letters]

    @property
    def leading(self) -> tuple[int, int]:
        m, n, k = self.sizes
        return m if self.letters[0] == "t" else k, k if self.letters[1] == "t" else n

    def operands(self, dtype: DTypeLike, count: int = 1) -> list[NDArray[Any]]:
        m, n, k = self.sizes
        rng = seeded(self.name)
        return [rng.normal(size=(count, size)).astype(dtype) for size in (m * k, k * n)]

    def parameters(self, strides: tuple[int, int, int] | None = None) -> NDArray[Any]:
        m, n, k = self.sizes
        return gemm_parameters(m, n, k, *self.leading, self.tile[:3],
                               strides or (m * k, k * n, m * n), 0)  # fmt: skip

    @property
    def tiles(self) -> tuple[int, int]:
        m, n, _ = self.sizes
        return -(-n // self.tile[1]), -(-m // self.tile[0])

    def grid(self, layers: int = 1) -> tuple[Size, Size]:
        wm, wn = self.tile[3:]
        x, y = self.tiles
        return (x * 32, y * wn, layers * wm), (32, wn, wm)


TILE = r"bm(\d+)_bn(\d+)_bk(\d+)_wm(\d+)_wn(\d+)"
ALIGNED = r"MN_([tn])aligned_K_([tn])aligned"


def tile(*words: str) -> tuple[int, ...]:
    return tuple(map(int, words))


def fused(name: str, letters: str, source: str, *words: str) -> Case:
    bm, bn, bk, wm, wn = tile(*words)
    case = whole_product(TYPES[source], (1, bm + 6, bn + 13, 4 * bk + 5), (bm, bn, bk), (wm, wn),
                         (letters[0] == "t", letters[1] == "t"))  # fmt: skip
    return dataclasses.replace(case, name=name, expected={})


def in_parts(name: str, letters: str, source: str, result: str, *words: str) -> Case:
    *numbers_, mn, k_ = words
    product = Product(name, letters, tile(*numbers_), (mn == "t", k_ == "t"))
    t, u, parts = TYPES[source], TYPES[result], 2
    m, n, k = product.sizes
    bk = product.tile[2]
    depth = k // bk // parts * bk
    ints = [m, n, k, *product.leading, n, *product.tiles, parts, m * n, depth, 0, depth // bk]
    buffers = [*product.operands(t), np.zeros((parts, m, n), u), np.array(ints, I32)]
    text = instance("gemm_splitk", KIND[t], KIND[u], *product.tile, *product.transposed,
                    flag(mn == "t"), flag(k_ == "t"))  # fmt: skip
    return Case(name, SPLIT, text, buffers, *product.grid(parts), {})


def sum_of_parts(name: str, result: str, source: str, scaled: str | None) -> Case:
    t, u, parts, m, n = TYPES[source], TYPES[result], 3, 7, 21
    rng = seeded(name)
    buffers = [rng.normal(size=(parts, m, n)).astype(t), np.zeros((m, n), u), one(parts, I32),
               one(m * n, I32), one(n, I32)]  # fmt: skip
    if scaled:
        buffers += [rng.normal(size=(m, n)).astype(u), one(n, I32), one(1, I32), one(0.7, F32),
                    one(-1.3, F32)]  # fmt: skip
    template = "gemm_splitk_accum" + "_axpby" * bool(scaled)
    return Case(name, SPLIT, instance(template, KIND[t], KIND[u]), buffers, (n, m, 1), (n, 1, 1),
                {})  # fmt: skip


def masks(rng: np.random.Generator, kind: str, count: int) -> NDArray[Any] | None:
    """Some of the blocks are left out, the others taken as they are or multiplied."""
    if kind == "nomask":
        return None
    chosen = rng.random(count) < 0.7
    chosen[0] = True
    return (chosen * rng.uniform(0.5, 2, count)).astype(TYPES[kind]) if kind != "bool_" else chosen


def mask_type(kind: str) -> str:
    return "nomask_t" if kind == "nomask" else KIND[TYPES[kind]]


def masked(
    name: str, of_result: str, of_operands: str, letters: str, source: str, *words: str
) -> Case:
    *numbers_, mn, k_ = words
    product = Product(name, letters, tile(*numbers_), (mn == "t", k_ == "t"))
    t = TYPES[source]
    m, n, k = product.sizes
    x, y = product.tiles
    deep = -(-k // product.tile[0])
    rng = seeded(name)
    mask_strides = [] if of_result == "nomask" else [1, x]
    mask_strides += [] if of_operands == "nomask" else [1, deep, 1, x]
    buffers = [*product.operands(t), None, np.zeros((m, n), t), product.parameters(), None,
               one(1, I32), np.zeros(8, I64), None, None, masks(rng, of_result, x * y),
               masks(rng, of_operands, y * deep), masks(rng, of_operands, deep * x),
               np.array(mask_strides, I32)]  # fmt: skip
    kinds = [KIND[t], mask_type(of_result), mask_type(of_operands)]
    flags = [*product.transposed, flag(mn == "t"), flag(k_ == "t")]
    text = instance("block_masked_gemm", *kinds, *product.tile, *flags)
    return Case(name, MASKED, text, buffers, *product.grid(), {})


def constants(**values: bool) -> dict[int, bool]:
    return {{"batch": 10, "contiguous": 199, "m": 200, "n": 201, "k": 202}[key]: value
            for key, value in values.items()}  # fmt: skip


def gathered(name: str, letters: str, source: str, *words: str) -> Case:
    product, t = Product(name, letters, tile(*words)), TYPES[source]
    m, n, k = product.sizes
    layout = [one(1, I32), np.array([3], I32)]
    buffers = [*product.operands(t, 3), np.array([2, 0], U32), np.array([1, 2], U32),
               np.zeros((2, m, n), t), product.parameters((1, 1, m * n)), one(2, I32), one(1, I64),
               one(1, I64), *layout, one(m * k, I64), *layout, one(k * n, I64)]  # fmt: skip
    text = instance("gather_mm", KIND[t], *product.tile, *product.transposed)
    return Case(name, GATHER, text, buffers, *product.grid(2), {}, {},
                constants(batch=True, m=False, n=False, k=False))  # fmt: skip


def gathered_rows(name: str, letters: str, source: str, *words: str) -> Case:
    """Groups of rows, each with a matrix of its own."""
    product, t = Product(name, letters, tile(*words)), TYPES[source]
    m, n, _ = product.sizes
    groups = 3
    a, _ = product.operands(t)
    _, b = product.operands(t, groups)
    offsets = np.array([0, 5, m - 4, m], I32)
    buffers = [a, b, offsets, np.zeros((m, n), t), product.parameters(), one(groups, I32)]
    text = instance("gather_mm_rhs", KIND[t], *product.tile, *product.transposed)
    (x, y, z), group = product.grid()
    return Case(name, GATHER, text, buffers, (x, y * (groups + 1), z), group, {}, {},
                constants(n=False, k=False, m=False))  # fmt: skip


def segmented(name: str, letters: str, source: str, *words: str) -> Case:
    product, t = Product(name, letters, tile(*words)), TYPES[source]
    m, n, k = product.sizes
    segments = np.array([[0, 21], [21, 30], [30, k]], U32)
    buffers = [*product.operands(t), segments, np.zeros((3, m, n), t), product.parameters()]
    text = instance("segmented_mm", KIND[t], *product.tile, *product.transposed)
    return Case(name, SEGMENTED, text, buffers, *product.grid(3), {}, {},
                constants(contiguous=True, m=False, n=False))  # fmt: skip


MASK = rf"(nomask|{TYPE[1:-1]})"
RULES = [
    (rf"steel_gemm_fused_([nt]{{2}})_{TYPE}_[a-z0-9]+_{TILE}", fused),
    (rf"steel_gemm_splitk_([nt]{{2}})_{TYPE}_{TYPE}_{TILE}_{ALIGNED}", in_parts),
    (rf"steel_gemm_splitk_accum_{TYPE}_{TYPE}(_axbpy)?", sum_of_parts),
    (rf"steel_gemm_block_outmask_{MASK}_opmask_{MASK}_([nt]{{2}})_{TYPE}_[a-z0-9]+_{TILE}_{ALIGNED}",
     masked),
    (rf"steel_gather_mm_([nt]{{2}})_{TYPE}_[a-z0-9]+_{TILE}", gathered),
    (rf"steel_gather_mm_rhs_([nt]{{2}})_{TYPE}_[a-z0-9]+_{TILE}", gathered_rows),
    (rf"steel_segmented_mm_([nt]{{2}})_{TYPE}_[a-z0-9]+_{TILE}", segmented),
]  # fmt: skip
