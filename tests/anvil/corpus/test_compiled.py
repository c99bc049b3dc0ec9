"""MLX's compiled library, by Apple's compiler, against MLX's headers, by Anvil's: bit for bit.

A sample; compare.py takes as many as one likes.
"""

import subprocess
import tempfile
from pathlib import Path

import pytest
from compare import cases, compare_all, fetch_library
from compiled import CORPUS
from corpus import BUILD, ENVIRONMENT, Case, write_case

# Every fourth case of the corpus that the library has an instance of, and some of each form of
# name.
STEP = 4
NAMED = ["v_Sqrtcomplex64complex64", "v2_Expm1float32float32", "gn1_Absint16int16",
         "gn4large_Floorfloat16float16", "ss_Powerfloat16", "sv2_DivModuint8",
         "vsn_Multiplybfloat16",
         "g1_LessEqualint64", "g3large_LogAddExpfloat32", "gn2_NotEqualcomplex64",
         "svn_Selectuint16", "gn2_Selectbfloat16", "s2_copyfloat32bfloat16",
         "gg2_dynamic_copyfloat16float16",
         "g3large_LogAddExpfloat32", "affine_qmv_float_gs_32_b_3_batch_0_pr_0_hgs_0_r_4",
         "col_reduce_looped_2_32_32_reduce_sumint16",
         "row_reduce_small_large_5_reduce_andcomplex64",
         "strided_scan_reverse_exclusive_prod_int8_int8",
         "ncarg_block_sort_float16_uint32_bn32_tn4",
         "fft_mem_256_float_float2", "seq_gated_delta_float_128_128_16_16_1",
         "implicit_gemm_conv_2d_float32_bm32_bn8_bk16_wm4_wn1_channel_3_filter_l",
         "gemv_outmask_bool__opmask_float32_float32_bm2_bn1_sm4_sn8_tm1_tn4_nc0",
         "nvfp4_gather_qmv_float_gs_16_b_4_hgs", "sdpa_blocked_causal_mask_float16",
         "gn4large_copyint64uint8",
         "g3_copybfloat16int32", "g1large_copyfloat16bfloat16"]  # fmt: skip


def sample() -> list[Case]:
    chosen = {*list(CORPUS.values())[::STEP], *NAMED}
    return list(cases(fetch_library(), chosen.__contains__))


def test_what_apples_compiler_made_gives_what_anvils_makes() -> None:
    results = compare_all(sample())
    assert len(results) > 35
    assert [f"{r.case.name}: {r.difference}" for r in results if r.difference] == []


INTERPRETED = ["vn_Tanhfloat32float32", "block_softmax_float32", "searchsorted_float32_right"]


@pytest.mark.parametrize("name", INTERPRETED)
def test_the_interpreter_gives_it_too(name: str) -> None:
    library = fetch_library()
    case = next(cases(library, name.__eq__))
    with tempfile.TemporaryDirectory(prefix="anvil-compiled-") as folder:
        code = Path(folder, "air")
        code.write_bytes(library[name])
        done = subprocess.run(
            [BUILD / "bin/anvil_oracle_tool", write_case(case, Path(folder), code, air=True)],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
        )
    assert (done.stdout, done.stderr) == ("", "")
