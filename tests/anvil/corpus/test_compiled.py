"""MLX's compiled library, by Apple's compiler, against MLX's headers, by Anvil's: bit for bit.

A sample; compare.py takes as many as one likes.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from compare import cases, compare_all, fetch_library
from compiled import CORPUS
from corpus import BUILD, ENVIRONMENT, Case, Sources, fetch_headers, write_case

# Every third case of the corpus that the library has an instance of, and some of each form of name.
STEP = 3
NAMED = ["v_Sqrtcomplex64complex64", "v2_Expm1float32float32", "gn1_Absint16int16",
         "gn4large_Floorfloat16float16", "ss_Powerfloat16", "sv2_DivModuint8",
         "vsn_Multiplybfloat16",
         "g1_LessEqualint64", "g3large_LogAddExpfloat32", "gn2_NotEqualcomplex64",
         "svn_Selectuint16", "gn2_Selectbfloat16", "s2_copyfloat32bfloat16",
         "gg2_dynamic_copyfloat16float16", "gn4large_copyint64uint8",
         "g3_copybfloat16int32", "g1large_copyfloat16bfloat16"]  # fmt: skip


def sample() -> list[Case]:
    chosen = {*list(CORPUS.values())[::STEP], *NAMED}
    return [case for case in cases(fetch_library()) if case.name in chosen]


def test_what_apples_compiler_made_gives_what_anvils_makes() -> None:
    results = compare_all(sample())
    assert len(results) > 35
    assert [f"{r.case.name}: {r.difference}" for r in results if r.difference] == []


def compiler(*arguments: object) -> None:
    subprocess.run([BUILD / "bin/anvil-compiler", *map(str, arguments)], check=True)


def reflection(case: Case, library: Path, folder: Path) -> Any:
    """What the compiler tells of a kernel, without making code of it."""
    values, told = folder / "values", folder / "told"
    constants = json.loads((folder / "case.json").read_text())["constants"]
    values.write_text(
        json.dumps([{**each, "data": bytes(each["bytes"]).hex()} for each in constants])
    )
    compiler("kernel", "--library", library, "--function", case.name, "--constants", values,
             "--emit-ir", "/dev/null", "--reflection", told)  # fmt: skip
    return json.loads(told.read_text())


REFLECTED = ["sdpa_vector_float_64_64", "g3large_LogAddExpfloat32", "v_Sqrtcomplex64complex64",
             "affine_qmv_float_gs_32_b_3_batch_0_pr_0_hgs_0_r_4",
             "steel_gemm_fused_nt_float16_float16_bm32_bn32_bk16_wm2_wn2"]  # fmt: skip


@pytest.mark.parametrize("name", REFLECTED)
def test_arguments_structures_and_constants_are_those_of_the_source(name: str) -> None:
    library = fetch_library()
    case = next(case for case in cases(library) if case.name == name)
    with tempfile.TemporaryDirectory(prefix="anvil-compiled-") as temporary:
        folder = Path(temporary)
        sources = Sources(fetch_headers(), [case])
        source = sources.path(case.headers)
        write_case(case, folder, source)
        compiler("library", "--source", source, "--math", "safe", "--output", folder / "ours")
        (folder / "air").write_bytes(library[name])
        compiler("library", "--air", folder / "air", "--output", folder / "theirs")
        ours, theirs = (reflection(case, folder / kind, folder) for kind in ("ours", "theirs"))
    assert ours == theirs


INTERPRETED = ["vn_Tanhfloat32float32", "block_softmax_float32", "searchsorted_float32_right"]


@pytest.mark.parametrize("name", INTERPRETED)
def test_the_interpreter_gives_it_too(name: str) -> None:
    library = fetch_library()
    case = next(case for case in cases(library) if case.name == name)
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
