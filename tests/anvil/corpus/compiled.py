"""Cases for functions of MLX's compiled library, by their names: the same template instance from
MLX's headers, and inputs for both.

MLX's files that instantiate its templates are not in the wheel; how they name the instances is read
off the library: `vvn_Addfloat16` is binary_vv<half, half, Add>.
"""

import re
from collections.abc import Callable

from corpus import Case
from instances import MODULES

RULES: list[tuple[re.Pattern[str], Callable[..., Case | None]]] = [
    (re.compile(pattern), rule) for module in MODULES for pattern, rule in module.RULES
]


def case_of(name: str) -> Case | None:
    """The case of a function of the library, where there is a rule for its name."""
    for pattern, rule in RULES:
        if match := pattern.fullmatch(name):
            return rule(name, *match.groups())
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
