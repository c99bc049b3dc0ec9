"""Cases for functions of MLX's compiled library, by their names: the same template instance from
MLX's headers, and inputs for both.

MLX's files that instantiate its templates are not in the wheel; how they name the instances is read
off the library: `vvn_Addfloat16` is binary_vv<half, half, Add>.
"""

import re
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from corpus import BF16, MSL, Case, Size, one
from numpy.typing import DTypeLike, NDArray

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
TYPES: dict[str, np.dtype[Any]] = {
    **{name: np.dtype(name) for name in ("float16", "float32", "complex64")},
    **{name: np.dtype(name) for name in INTEGERS},
    "bfloat16": BF16,
    "bool_": np.dtype(np.bool_),
}  # fmt: skip
KIND = {**MSL, **{np.dtype(name): f"{name}_t" for name in INTEGERS}}
TYPE = "(" + "|".join(sorted(TYPES, key=len, reverse=True)) + ")"

I32, I64, U32 = np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.uint32)
UNARY = ("utils.h", "unary_ops.h", "unary.h")
BINARY = ("utils.h", "binary_ops.h", "binary.h")
BINARY_TWO = ("utils.h", "binary_ops.h", "binary_two.h")
TERNARY = ("utils.h", "ternary_ops.h", "ternary.h")
COPY = ("utils.h", "copy.h")

PREDICATES = {"Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual", "NaNEqual",
              "LogicalAnd", "LogicalOr"}  # fmt: skip
DIVISIONS = {"Divide", "Remainder", "FloorDivide", "DivMod"}
SIZE = 83  # of what lies in a row: no multiple of a thread's share
SHAPE = (3, 4, 13)  # of what has strides: the last dimension is none of one's either


def numbers(dtype: DTypeLike, count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Of every size, with the special values that a type has."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(count) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, count, dtype, endpoint=True)
        values[::3] = rng.integers(0, 20, values[::3].size)
        return values
    if dtype.kind == "c":
        parts = numbers(np.float32, 2 * count, rng)
        return parts.view(np.complex64)
    values = rng.normal(size=count) * 10.0 ** rng.integers(-3, 3, count)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1e-40, 70000.0]
    values[: len(special)] = special
    with np.errstate(over="ignore"):
        return rng.permutation(values).astype(dtype)


def inputs(op: str, dtype: DTypeLike, count: int, rng: np.random.Generator) -> NDArray[Any]:
    """What C++ defines the operation for."""
    dtype = np.dtype(dtype)
    values = numbers(dtype, count, rng)
    if dtype.kind in "iub" and op in DIVISIONS:
        values = np.where(values == 0, dtype.type(1), np.abs(values)).astype(dtype)
    if dtype.kind in "iu" and op in ("LeftShift", "RightShift", "Power"):
        values = (np.abs(values.astype(np.int64)) % 7).astype(dtype)
    return values


def fits(values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Floats that a conversion to `dtype` is defined for."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu" or values.dtype.kind in "iub":
        return values
    real = np.nan_to_num(values.real.astype(np.float64), posinf=1, neginf=1)
    real = np.abs(real) % min(np.iinfo(dtype).max, 2**15)
    return real.astype(values.dtype)


def strides(shape: Sequence[int]) -> NDArray[np.int64]:
    """Of rows that are read backwards through the dimensions: the first lies closest."""
    return np.array([int(np.prod(shape[:i])) for i in range(len(shape))], I64)


class Form:
    """What a name's prefix says of a kernel: the template, and how its elements lie."""

    def __init__(self, prefix: str, itemsize: int):
        share = max(8 // itemsize, 1)
        self.strided = prefix.startswith("g")
        self.both = prefix.startswith("gg")
        self.dynamic = prefix.endswith("_dynamic")
        large = "large" in prefix
        plain = re.sub("large|_dynamic", "", prefix)
        index = [] if large else ["int"]
        self.work = 1  # elements a thread
        if self.strided:
            self.rank = int(plain[-1]) if "n" not in plain else 3
            self.suffix = f"_nd{self.rank}" if "n" not in plain else ""
            if "n" in plain:
                self.work = int(plain[-1])
                self.arguments = [str(self.work), *index]
            else:
                self.arguments = index
            self.shape: tuple[int, ...] = SHAPE[3 - self.rank :]
            x, y, z = [-(-self.shape[-1] // self.work), *self.shape[-2::-1], 1, 1][:3]
            self.grid: Size = (x, y, z)
            self.group: Size = (min(x, 4), min(y, 4), min(z, 4))
        else:
            self.suffix = re.sub("n$", "", plain)
            two = plain.endswith("2")
            # One element a thread without an n, but for the forms in two dimensions.
            self.arguments = [] if two or plain.endswith("n") or plain == "ss" else ["1"]
            self.work = share if two or plain.endswith("n") else 1
            threads = -(-SIZE // self.work)
            self.shape = (SIZE,)
            self.grid = (-(-threads // 3), 3, 1) if two else (threads, 1, 1)
            self.group = (min(self.grid[0], 32), 1, 1)
            self.size = [] if plain == "ss" else [one(SIZE, I64 if two else U32)]
        self.count = int(np.prod(self.shape))
        self.room = self.count + 64  # lanes past the end read and write

    def layout(self, operands: int) -> list[np.ndarray]:
        """What a kernel of many dimensions is told of its operands."""
        if not self.strided:
            return self.size
        each = [strides(self.shape)] * operands
        return each if self.suffix else [np.array(self.shape, I32), *each, one(self.rank, I32)]

    def scalar(self, operand: int) -> bool:
        """Whether all elements of the operand are one."""
        return not self.strided and len(self.suffix) > operand and self.suffix[operand] == "s"


def instance(template: str, *arguments: str) -> str:
    return f"{template}<{', '.join(arguments)}>"


def case(name: str, headers: tuple[str, ...], text: str, form: Form, buffers: list[Any]) -> Case:
    return Case(name, headers, text, buffers, form.grid, form.group, {})


def unary(name: str, prefix: str, op: str, source: str, result: str) -> Case:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t, u = TYPES[source], TYPES[result]
    form = Form(prefix, t.itemsize)
    template = "unary_g" if form.strided else f"unary_{form.suffix}"
    x = fits(inputs(op, t, form.room, rng), u)
    out = np.zeros(form.room, u)
    layout = form.layout(1)
    if form.strided and form.suffix:  # unary_g has every rank
        layout = [np.array(form.shape, I32), *layout, one(form.rank, I32)]
        form.arguments = ["1", *form.arguments]
    return case(name, UNARY, instance(template, KIND[t], KIND[u], op, *form.arguments), form,
                [x, out, *layout])  # fmt: skip


def binary(name: str, prefix: str, op: str, source: str) -> Case:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t = TYPES[source]
    u = np.dtype(np.bool_) if op in PREDICATES else t
    form = Form(prefix, t.itemsize)
    template = f"binary_g{form.suffix}" if form.strided else f"binary_{form.suffix}"
    a, b = (inputs(op, t, form.room, rng) for _ in range(2))
    outs = [np.zeros(form.room, u) for _ in range(1 + (op == "DivMod"))]
    return case(name, BINARY_TWO if op == "DivMod" else BINARY,
                instance(template, KIND[t], KIND[u], op, *form.arguments), form,
                [a, b, *outs, *form.layout(2)])  # fmt: skip


def ternary(name: str, prefix: str, op: str, source: str) -> Case:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t = TYPES[source]
    form = Form(prefix, t.itemsize)
    a = numbers(np.bool_, form.room, rng)
    b, c = (numbers(t, form.room, rng) for _ in range(2))
    scalars = []
    template = f"ternary_g{form.suffix}"
    if not form.strided:
        two = form.suffix.endswith("2")
        letters = form.suffix.rstrip("2")
        template = "ternary_v2" if two else "ternary_v"
        # v: both lie in rows; vs: the first does, ...
        scalars = [str(letters.endswith("v") and letters != "v" and letters[0] == "s").lower(),
                   str(letters.endswith("s")).lower()]  # fmt: skip
    return case(name, TERNARY, instance(template, KIND[t], op, *scalars, *form.arguments), form,
                [a, b, c, np.zeros(form.room, t), *form.layout(3)])  # fmt: skip


def copy(name: str, prefix: str, source: str, result: str) -> Case:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t, u = TYPES[source], TYPES[result]
    form = Form(prefix, u.itemsize)
    x = fits(numbers(t, form.room, rng), u)
    out = np.zeros(form.room, u)
    if not form.strided:
        return case(name, COPY, instance(f"copy_{form.suffix}", KIND[t], KIND[u], *form.arguments),
                    form, [x, out, *form.layout(1)])  # fmt: skip
    template = f"copy_g{'g' * form.both}{'_dynamic' * form.dynamic}{form.suffix}"
    ours = strides(form.shape)
    rows = np.array([int(np.prod(form.shape[i + 1 :])) for i in range(form.rank)], I64)
    buffers = [x, out, np.array(form.shape, I32), ours, rows, one(form.rank, I32)]
    if form.dynamic:
        buffers += [one(5, I64), one(3, I64)]
    return case(name, COPY, instance(template, KIND[t], KIND[u], *form.arguments), form, buffers)


SCAN = ("utils.h", "scan.h")
REDUCE = ("utils.h", "atomic.h", "reduction/ops.h", "reduce.h")
CUMULATIVE = {"sum": "CumSum", "prod": "CumProd", "max": "CumMax", "min": "CumMin",
              "logaddexp": "CumLogaddexp"}  # fmt: skip


def scan(name: str, reverse: str, kind: str, op: str, source: str, result: str) -> Case:
    """Rows that are no multiple of what a simdgroup takes at a time."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t, u = TYPES[source], TYPES[result]
    rows, length = int(rng.integers(1, 4)), int(rng.integers(1, 400))
    x = numbers(t, rows * length, rng)
    flags = [str(kind == "inclusive").lower(), str(bool(reverse)).lower()]
    text = instance("contiguous_scan", KIND[t], KIND[u], f"{CUMULATIVE[op]}<{KIND[u]}>",
                    "4" if u.itemsize <= 4 else "2", *flags)  # fmt: skip
    buffers = [x, np.zeros(x.size, u), one(length, np.uint64)]
    return Case(name, SCAN, text, buffers, (64, rows, 1), (64, 1, 1), {})


def reduce_all(name: str, op: str, source: str) -> Case:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t = TYPES[source]
    x = numbers(t, int(rng.integers(1, 3000)), rng)
    per_group = -(-x.size // 2)
    text = instance("all_reduce", KIND[t], KIND[t], f"{op.capitalize()}<{KIND[t]}>")
    buffers = [x, np.zeros(2, t), one(x.size, np.uint64), one(per_group, np.uint64)]
    return Case(name, REDUCE, text, buffers, (96, 2, 1), (96, 1, 1), {})


def reduce_rows(name: str, op: str, source: str) -> Case:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    t = TYPES[source]
    rows, length = int(rng.integers(1, 12)), int(rng.integers(1, 500))
    text = instance("row_reduce_simple", KIND[t], KIND[t], f"{op.capitalize()}<{KIND[t]}>")
    buffers = [numbers(t, (rows + 4) * length, rng), np.zeros(rows, t), one(length, np.uint64),
               one(rows, I64)]  # fmt: skip
    grid = (64, -(-rows // 4), 1)
    return Case(name, REDUCE, text, buffers, grid, (64, 1, 1), {})


WIDE = "(float32|float16|bfloat16|complex64|u?int32|u?int64)"  # what is summed in its own type
PREFIX = r"(gg?n?\d(?:large)?(?:_dynamic)?|[sv]{1,2}[n2]?)"
RULES = [
    (re.compile(rf"{PREFIX}_copy{TYPE}{TYPE}"), copy),
    (re.compile(rf"{PREFIX}_(Select){TYPE}"), ternary),
    (re.compile(rf"{PREFIX}_([A-Z][A-Za-z0-9]*?){TYPE}{TYPE}"), unary),
    (re.compile(rf"{PREFIX}_([A-Z][A-Za-z0-9]*?){TYPE}"), binary),
    (re.compile(rf"contig_scan_(reverse_)?(inclusive|exclusive)_([a-z]+)_{TYPE}_{TYPE}"), scan),
    (re.compile(rf"all_reduce_(sum|prod|min|max){WIDE}"), reduce_all),
    (re.compile(rf"row_reduce_simple_(sum|prod|min|max){WIDE}"), reduce_rows),
]


def case_of(name: str) -> Case | None:
    """The case of a function of the library, where there is a rule for its name."""
    for pattern, rule in RULES:
        if match := pattern.fullmatch(name):
            return rule(name, *match.groups())  # type: ignore[operator]
    return None


# Cases of the corpus whose instance the library has.
CORPUS = {
    **{f"unary_v_{op}_float32": f"vn_{op}float32float32"
       for op in ("Exp", "Log1p", "Erf", "Tanh", "Sin", "ArcTan")},
    "unary_v_Sigmoid_float16": "vn_Sigmoidfloat16float16",
    "unary_v_Rsqrt_float16": "vn_Rsqrtfloat16float16",
    "unary_v_Cos_bfloat16": "vn_Cosbfloat16bfloat16",
    "unary_v_Exp_complex64": "v_Expcomplex64complex64",
    "unary_v_Abs_int32": "vn_Absint32int32",
    "unary_v_BitwiseInvert_uint8": "vn_BitwiseInvertuint8uint8",
    "unary_v_LogicalNot_bool": "vn_LogicalNotbool_bool_",
    "binary_vv_Add_float16": "vvn_Addfloat16",
    "binary_vv_Power_float32": "vvn_Powerfloat32",
    "binary_vv_ArcTan2_float32": "vvn_ArcTan2float32",
    "binary_vv_LogAddExp_bfloat16": "vvn_LogAddExpbfloat16",
    "binary_sv_Subtract_float32": "svn_Subtractfloat32",
    "binary_vs_Multiply_complex64": "vs_Multiplycomplex64",
    "binary_vv_Remainder_int32": "vvn_Remainderint32",
    "binary_vv_FloorDivide_int32": "vvn_FloorDivideint32",
    "binary_vv_LeftShift_uint8": "vvn_LeftShiftuint8",
    "binary_vv_Less_float16": "vvn_Lessfloat16",
    "binary_g_nd2_Maximum_float16": "g2_Maximumfloat16",
    "ternary_v_Select_bfloat16": "vsn_Selectbfloat16",
    "copy_v_float32_int32": "vn_copyfloat32int32",
    "all_reduce_Sum_float32": "all_reduce_sumfloat32",
    "all_reduce_Min_int32": "all_reduce_minint32",
    "all_reduce_Sum_int64": "all_reduce_sumint64",
    "all_reduce_And_bool": "all_reduce_andbool_",
    "row_reduce_simple_Max_float32": "row_reduce_simple_maxfloat32",
    "row_reduce_simple_Prod_float32": "row_reduce_simple_prodfloat32",
    "row_reduce_looped_Sum_float32": "row_reduce_looped_1_reduce_sumfloat32",
    "row_reduce_small_Sum_6": "row_reduce_small_1_reduce_sumint32",
    "row_reduce_small_Sum_45": "row_reduce_small_1_reduce_sumint32",
    "col_reduce_small_Max_float16": "col_reduce_small_1_reduce_maxfloat16",
    "softmax_single_row_float32": "block_softmax_float32",
    "softmax_single_row_float16": "block_softmax_precise_float16",
    "softmax_looped_bfloat16": "looped_softmax_precise_bfloat16",
    "softmax_looped_float32": "looped_softmax_float32",
    "logsumexp_float32": "block_logsumexp_float32",
    "logsumexp_looped_float16": "looped_logsumexp_float16",
    "cross_entropy_float16": "cross_entropy_float16",
    "contiguous_scan_CumSum_float32_in": "contig_scan_inclusive_sum_float32_float32",
    "contiguous_scan_CumSum_int64_ex": "contig_scan_exclusive_sum_int64_int64",
    "contiguous_scan_CumMin_int32_in_reverse": "contig_scan_reverse_inclusive_min_int32_int32",
    "strided_scan_CumMax_int32": "strided_scan_inclusive_max_int32_int32",
    "sort_float32": "c_block_sort_float32_float32_bn64_tn4",
    "argsort_int32": "carg_block_sort_int32_uint32_bn64_tn4",
    "searchsorted_float32": "searchsorted_float32_right",
    "arange_float16": "arangefloat16",
    "gemv_float32_37x129": "gemv_float32_bm4_bn1_sm1_sn32_tm4_tn4_nc0_axpby0",
    "gemv_t_float16_70x160": "gemv_t_float16_bm1_bn2_sm8_sn4_tm4_tn4_nc0_axpby0",
    "gemv_wide_float16": "gemv_wide_float16_nv2_kl16",
    **{f"affine_{name}_{dtype}_{bits}bit":
       f"affine_{name}_{kind}_gs_32_b_{bits}_batch_0_pr_0_hgs_0_r_4"
       for name, dtype, kind, bits in (
           ("qmv_fast", "float16", "float16_t", 4), ("qmv_fast", "float32", "float", 8),
           ("qmv", "float16", "float16_t", 4), ("qmv", "float32", "float", 3),
           ("qmv", "float32", "float", 5), ("qmv", "float16", "float16_t", 6),
           ("qmv", "float32", "float", 2))},
    "affine_qvm_float16_4bit": "affine_qvm_float16_t_gs_32_b_4_batch_0",
    "affine_qmm_t_float16_4bit": "affine_qmm_t_float16_t_gs_32_b_4_alN_false_batch_0",
    **{f"affine_dequantize_{bits}bit": f"affine_dequantize_float16_t_gs_32_b_{bits}"
       for bits in (3, 4, 5)},
    **{f"affine_quantize_{bits}bit": f"affine_quantize_float_gs_32_b_{bits}" for bits in (4, 6)},
    "steel_gemm_nn_float16_64x32x48": "steel_gemm_fused_nn_float16_float16_bm32_bn32_bk16_wm2_wn2",
    "steel_gemm_nt_float16_35x40x21": "steel_gemm_fused_nt_float16_float16_bm32_bn32_bk16_wm2_wn2",
    "steel_gemm_splitk_float16":
        "steel_gemm_splitk_nn_float16_float32_bm32_bn32_bk16_wm2_wn2_MN_naligned_K_taligned",
    "sdpa_vector_float16_causal": "sdpa_vector_float16_t_64_64",
    "sdpa_vector_float32_mask": "sdpa_vector_float_64_64",
}  # fmt: skip
