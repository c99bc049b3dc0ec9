"""quantized.h and fp_quantized.h: weights of few bits in groups with scales.

What the bits stand for is of no importance where two compilers' programs are compared: weights are
random bytes, scales numbers of the size that they have.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from cases.quantized import QUANTIZED
from corpus import Case, Size, one
from numpy.typing import NDArray

from instances.common import F32, I32, I64, KIND, NAME, NAMED, U32, flag, instance, seeded

FLOATS = ("utils.h", "steel/gemm/gemm.h", "quantized_utils.h", "fp_quantized.h")

# The templates' arguments behind type, group and bits, by their letters in a name.
TEMPLATES = {
    "qmv_quad": "d batch",
    "qmv_fast": "batch pr hgs r",
    "qmv": "batch pr hgs r",
    "qmv_wide": "nv kl batch",
    "qvm": "batch hgs",
    "qvm_split_k": "spk",
    "qmm_t": "alN batch hgs",
    "qmm_n": "batch hgs",
    "qmm_t_splitk": "alN",
    "gather_qmv_fast": "hgs",
    "gather_qmv": "hgs",
    "gather_qvm": "hgs",
    "gather_qmm_t": "alN hgs",
    "gather_qmm_n": "hgs",
    "gather_qmm_rhs_nt": "bm bn bk wm wn transpose hgs",
    "gather_qmm_rhs_nn": "bm bn bk wm wn transpose hgs",
    "quantize": "hgs",
    "dequantize": "hgs",
    "quantize_dequantize": "hgs",
}
FLAGS = {"batch", "pr", "hgs", "alN", "transpose"}


@dataclass(frozen=True)
class Kernel:
    name: str
    family: str  # affine, mxfp4, mxfp8, nvfp4
    form: str
    t: np.dtype[Any]
    group: int
    bits: int
    options: Mapping[str, str]

    @property
    def affine(self) -> bool:
        return self.family == "affine"

    def on(self, option: str) -> bool:
        return self.options.get(option, "0") not in ("0", "false")

    @property
    def by_columns(self) -> bool:
        """Whether the groups lie along the result."""
        return "qvm" in self.form or "qmm_n" in self.form or self.form.endswith("nn")

    def text(self) -> str:
        options = {**self.options, "transpose": flag(self.form.endswith("nt"))}
        words = [flag(options.get(word, "0") not in ("0", "false")) if word in FLAGS
                 else options[word] for word in TEMPLATES[self.form].split()]  # fmt: skip
        if self.affine and TEMPLATES[self.form].endswith("transpose hgs"):
            words.pop()  # the one that has no global scale
        template = re.sub("_n[nt]$", "", self.form)
        return instance(f"{'affine' if self.affine else 'fp'}_{template}", KIND[self.t],
                        self.group, self.bits, *words)  # fmt: skip

    def weights(self, rng: np.random.Generator, count: int, n: int, k: int) -> list[Any]:
        """Codes, scales, and biases or the scale of all."""
        size = count * n * k
        codes = rng.integers(0, 256, size * self.bits // 8).astype(np.uint8)
        if self.affine:
            return [codes, *(rng.uniform(-1, 1, size // self.group).astype(self.t)
                             for _ in range(2))]  # fmt: skip
        low, high = (120, 130) if self.family.startswith("mx") else (0x20, 0x50)
        scales = rng.integers(low, high, size // self.group).astype(np.uint8)
        # Kernels that are told of no such scale have no argument for one.
        has_global = "hgs" in TEMPLATES[self.form] and self.form != "qmm_n"
        return [codes, scales, *([one(0.37, F32)] if has_global else [])]

    def batches(self, count: int, m: int, n: int, k: int) -> list[NDArray[Any]]:
        rank = 1 if count > 1 else 0
        strides = [n * k * self.bits // 32, n * k // self.group, n * k // self.group]
        return [one(rank, I32), np.array(([count] * rank) + [m, k], I32), one(m * k, I64),
                one(rank, I32), np.array([count, n], I32),
                *(one(stride, I64) for stride in strides[: 3 if self.affine else 2])]  # fmt: skip


def sizes(kernel: Kernel) -> tuple[int, int, int]:
    """M, N, K: ragged where the kernel takes it."""
    if kernel.form == "qmv_quad":
        return 3, 64, int(kernel.options["d"])
    if "qmv" in kernel.form:
        whole = 8 if "fast" in kernel.form and not kernel.on("pr") else 5
        return 3, 16 + whole, 512 if "fast" in kernel.form else 3 * kernel.group
    if kernel.by_columns:
        return (1 if "qvm" in kernel.form else 21), 2 * max(kernel.group, 32), 128
    return 37, 64 if kernel.on("alN") else 45, 2 * max(kernel.group, 32)


def threads(kernel: Kernel, m: int, n: int) -> tuple[Size, Size]:
    """Of one layer."""
    form = kernel.form
    if form == "qmv_quad":
        return (m * 32, -(-n // 64), 1), (32, 1, 1)
    if form == "qmv_wide":
        rows = 2 * 32 // int(kernel.options["kl"])
        return (-(-m // int(kernel.options["nv"])) * 32, -(-n // rows) * 2, 1), (32, 2, 1)
    if "qmv" in form:
        return (m * 32, -(-n // (2 * int(kernel.options.get("r", 4)))) * 2, 1), (32, 2, 1)
    if "qvm" in form:
        return (m * 32, -(-n // 64) * 2, 1), (32, 2, 1)
    bm, bn, wm, wn = (int(kernel.options.get(key, other))
                      for key, other in (("bm", 32), ("bn", 32), ("wm", 2), ("wn", 2)))  # fmt: skip
    return (-(-n // bn) * 32, -(-m // bm) * wn, wm), (32, wn, wm)


def product(kernel: Kernel) -> Case:
    rng = seeded(kernel.name)
    m, n, k = sizes(kernel)
    grid, group = threads(kernel, m, n)
    layers = 2 if kernel.on("batch") else 1
    x = rng.normal(size=(3, m, k)).astype(kernel.t)
    matrices = kernel.form.startswith("qmm") or kernel.form.startswith("gather_qmm")
    dims = [one(k, I32), one(n, I32)]
    if matrices or kernel.form == "qmv_wide":
        dims.append(one(m, I32))
    y = np.zeros((2, m, n), kernel.t)
    constants: dict[int, bool | int] = {}
    if "rhs" in kernel.form:
        groups = 3
        buffers = [x[0], *kernel.weights(rng, groups, n, k), np.array([0, 5, m - 4, m], I32), y[0],
                   one(m, I32), one(n, I32), one(k, I32), one(groups, I32)]  # fmt: skip
        bm = int(kernel.options["bm"])
        grid = (grid[0], (-(-m // bm) + groups) * group[1], grid[2])
        constants = {200: False, 201: False, 202: False}
    elif kernel.form.startswith("gather"):
        layers = 2
        buffers = [*kernel.weights(rng, 3, n, k), x, np.array([2, 0], U32), np.array([1, 2], U32),
                   y, *dims, *kernel.batches(3, m, n, k), one(1, I32), one(2, I32), one(1, I64),
                   one(1, I64)]  # fmt: skip
    elif kernel.form == "qmm_t_splitk":
        layers = 2
        buffers = [*kernel.weights(rng, 1, n, k), x[0], np.zeros((2, m, n), F32), *dims,
                   one(k // 2, I32), one(m * n, I32)]  # fmt: skip
    elif kernel.form == "qvm_split_k":
        layers, part = int(kernel.options["spk"]), 32
        whole = part * layers
        strides = [part * n * kernel.bits // 32, part * n // kernel.group, part * n // kernel.group]
        buffers = [*kernel.weights(rng, 1, n, whole), rng.normal(size=(m, whole)).astype(kernel.t),
                   np.zeros((layers, m, n), kernel.t), one(part, I32), one(n, I32), one(1, I32),
                   np.array([layers, m, part], I32), np.array([part, whole, 1], I64), one(1, I32),
                   np.array([layers, part, n], I32),
                   *(one(stride, I64) for stride in strides[: 3 if kernel.affine else 2]),
                   one(part, I32)]  # fmt: skip
    else:
        buffers = [*kernel.weights(rng, layers, n, k), x[:layers], y[:layers], *dims,
                   *kernel.batches(layers, m, n, k)]  # fmt: skip
    headers = QUANTIZED if kernel.affine else FLOATS
    return Case(kernel.name, headers, kernel.text(), buffers,
                (grid[0], grid[1], grid[2] * layers), group, {}, {}, constants)  # fmt: skip


def packing(kernel: Kernel) -> Case:
    rng = seeded(kernel.name)
    count = 6 * kernel.group
    w = (rng.normal(size=count) * 3).astype(kernel.t)
    codes, *scales = kernel.weights(rng, 1, 6, kernel.group)
    packed, out = np.zeros_like(codes), np.zeros(count, kernel.t)
    if kernel.form == "quantize":
        buffers = [w, packed, *(scales if not kernel.affine else map(np.zeros_like, scales))]
        work = count if not kernel.affine else 6 * 32
    elif kernel.form == "dequantize":
        buffers = [codes, *scales, out]
        work = count // {3: 8, 5: 8, 6: 4}.get(kernel.bits, 8 // kernel.bits)
    else:
        buffers, work = [w, *scales[1:], out], count
    headers = QUANTIZED if kernel.affine else FLOATS
    return Case(kernel.name, headers, kernel.text(), buffers, (work, 1, 1), (32, 1, 1), {})


def case(
    name: str, family: str, form: str, kind: str, group: str, bits: str, options: str
) -> Case | None:
    values = dict(re.findall(r"([a-zA-Z]+)_(true|false|\d+)", options))
    if options.endswith("_hgs"):
        values["hgs"] = "1"
    if form not in TEMPLATES:
        return None
    kernel = Kernel(name, family, form, NAMED[kind], int(group), int(bits), values)
    return packing(kernel) if form.endswith("quantize") else product(kernel)


RULES = [(rf"(affine|mxfp\d|nvfp\d)_(\w+?)_{NAME}_gs_(\d+)_b_(\d)(.*)", case)]
