"""Dtypes of one's own, in processes of their own: a dtype is there until the process ends."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import foundry as fd
from processes import run_script

HERE = Path(__file__).parent
BEGIN = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import numpy as np, foundry as fd
from own_dtypes import FORMATS

def refusal(call):
    try:
        call()
    except fd.Error as error:
        return f"{{type(error).__name__}}: {{error}}"
"""


def printed(body: str, *arguments: str) -> list[str]:
    done = run_script(BEGIN + textwrap.dedent(body), *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_formats_that_nobody_has_compute_as_numpy_has_them() -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "own_dtypes.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "as numpy has it\n"


def test_a_dtype_of_ones_own_is_like_every_other() -> None:
    printed(
        """
        import copy, pickle
        own = fd.block_dtype("own4", 32, 18)
        assert own is fd.block_dtype("own4", block_elements=32, block_bytes=18)
        assert own is fd.DType.own4 is fd.DType["own4"] is fd.parse_dtype("OWN4")
        assert (str(own), repr(own), own.name) == ("own4", "DType.own4", "own4")
        assert own == own and own != fd.q4_0 and {own: 1}[own] == 1 and own in list(fd.DType)
        assert own.is_block and own.is_float and own.is_supported and own.ggml_type is None
        assert (own.block_elements, own.block_bytes, own.format) == (32, 18, None)
        assert copy.copy(own) is copy.deepcopy(own) is pickle.loads(pickle.dumps(own)) is own
        assert isinstance(own, fd.DType) and own.metal_name == "uchar"

        # Names that the class or its members have already.
        for name in ("is_block", "name", "value", "mro"):
            taken = fd.block_dtype(name, 32, 18)
            assert fd.parse_dtype(name) is taken and getattr(fd.DType, name + "_") is taken
            assert str(taken) == name and fd.DType[name + "_"] is taken
        assert (fd.f32.name, fd.f32.value, fd.f32.is_block) == ("f32", 0, False)
        assert fd.DType.mro()[0] is fd.DType

        rt = fd.Foundry()
        assert rt.dedicated((2, 64), "own4").dtype is own and rt.empty((2, 64), own).nbytes == 72
        """
    )


def test_pickles_are_of_the_format_not_of_its_number() -> None:
    for dtype in fd.DType:
        assert pickle.loads(pickle.dumps(dtype)) is dtype
    make = """
        import pickle
        own = [fd.block_dtype("own_a", 32, 18), fd.block_dtype("own_b", 64, 33, 777)]
        print(pickle.dumps(own).hex())
        """
    (dumped,) = printed(make)
    printed(
        """
        import pickle
        fd.block_dtype("another", 32, 1)
        a, b = pickle.loads(bytes.fromhex(sys.argv[1]))
        assert a is fd.block_dtype("own_a", 32, 18) and a.value == fd.DType.another.value + 1
        assert b.ggml_type == 777 and b is fd.block_dtype("own_b", 64, 33, 777)
        """,
        dumped,
    )
    assert printed(
        """
        import pickle
        fd.block_dtype("own_a", 32, 17)
        print(refusal(lambda: pickle.loads(bytes.fromhex(sys.argv[1]))))
        """,
        dumped,
    ) == [
        "ArgumentError: dtype own_a of 32 weights in 18 bytes: there is one already, of 32 weights "
        "in 17 bytes"
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('"f16", 32, 18', "dtype f16 of 32 weights in 18 bytes: there is one already, of 1 "),
        ('"float16", 32, 18', "dtype 'float16': it is numpy's name of f16"),
        ('"Own", 32, 18', "dtype 'Own': it is to be of small letters, digits and '_'"),
        ('"own", 33, 18', "blocks of 33 weights; supported: multiples of 32 to 8192"),
        ('"own", 32, 0', "blocks of 0 bytes; supported: 1 to 65536"),
        ('"own", 32, 18, 2', "dtype own of 32 weights in 18 bytes, ggml's type 2: that is the "),
        ('"own", -1, 18', "block_dtype: argument 'block_elements' is -1 (an int), which is neg"),
        ('"own", 32', "block_dtype: argument 'block_bytes' is missing"),
        ('3, 32, 18', "block_dtype: argument 'name' is 3 (an int); expected a string"),
    ],
)  # fmt: skip
def test_what_no_dtype_can_be_is_refused(arguments: str, message: str) -> None:
    # None of these adds a dtype, so that this process can ask.
    with pytest.raises(fd.Error) as error:
        eval(f"fd.block_dtype({arguments})")
    assert message in str(error.value)


def test_what_does_not_fit_is_said() -> None:
    assert printed(
        """
        rt = fd.Foundry()
        own = fd.block_dtype("own4", 32, 18)
        w, x, y = rt.empty((4, 64), own), rt.empty((64,), fd.f32), rt.empty((4,), fd.f32)
        print(refusal(lambda: rt.empty((4, 80), own)))
        print(refusal(lambda: rt.borrow(np.zeros(35, np.uint8), own, (1, 64))))
        print(refusal(lambda: w.copy_from(np.zeros(71, np.uint8))))
        print(refusal(lambda: rt.run(fd.ops.Gemv(weights=w, x=x, y=y))))
        print(refusal(lambda: fd.policy(own, name="Own", source="struct Own; struct OwnBlock;",
                                        wide=1, narrow=0)))
        wide = fd.block_dtype("own_wide", 96, 18)
        print(refusal(lambda: fd.policy(wide, name="Own", source="struct Own; struct OwnBlock;",
                                        wide=4, narrow=3)))
        """
    ) == [
        "DTypeError: shape (4, 80) of own4: the inner size 80 is not a multiple of its block of 32",
        "ShapeError: borrow: (1, 64) own4 has 36 bytes, the array 35",
        "ShapeError: copy_from_host to tensor (4, 64) own4: 71 bytes given, it has 144",
        "DTypeError: Gemv: no policy for own4; there are f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, "
        "q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, "
        "iq4_nl, iq4_xs, tq1_0, tq2_0, mxfp4, nvfp4",
        "ArgumentError: policy Own: 0 weights a lane; supported: 1 to 256",
        "ArgumentError: policy Own: 32 lanes of 4 weights are not whole blocks of 96",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("block.exponent", "block.exponnet", 30, "no member named 'exponnet'"),
        ("uchar codes[16]", "uchar codes[17]", 4, "Own4E8Block is to take 18 bytes, aligned to 2"),
        ("uchar exponent", "float exponent", 4, "Own4E8Block is to take 18 bytes, aligned to 2"),
        ("kBlock = 32", "kBlock = 64", 10, "Own4E8::kBlock is to be 32, as dtype own4_e8 has it"),
    ],
)
def test_an_error_in_a_header_is_at_its_line(old: str, new: str, line: int, message: str) -> None:
    (text,) = printed(
        """
        from own_dtypes import Format
        old, new = sys.argv[1:]
        rt = fd.Foundry()
        own = fd.block_dtype("own4_e8", 32, 18)
        source = FORMATS[0].source().replace(old, new, 1)
        fd.policy(own, name="Own4E8", source=source, wide=8)
        w, x, y = rt.empty((4, 64), own), rt.empty((64,), fd.f32), rt.empty((4,), fd.f32)
        print(refusal(lambda: rt.run(fd.ops.Gemv(weights=w, x=x, y=y))).splitlines()[0])
        """,
        old,
        new,
    )
    assert f"policy own4_e8 (policies/own4_e8.metal:{line})" in text
    assert text.startswith("KernelCompileError: ") and message in text


def test_a_program_file_names_the_dtype_by_its_format(tmp_path: Path) -> None:
    path = str(tmp_path / "own.foundry")
    save = """
        rt = fd.Foundry()
        own = FORMATS[0]
        dtype, random = own.register(), np.random.default_rng(3)
        blocks = own.random(random, 5, 4)
        w = rt.dedicated((5, 128), dtype, name="w")
        w.copy_from(blocks.view(np.uint8))
        x = rt.tensor(random.standard_normal(128).astype(np.float32), name="x")
        y = rt.empty((5,), fd.f32, name="y")
        with rt.record("own") as program:
            rt.run(fd.ops.Gemv(weights=w, x=x, y=y))
        program.export(sys.argv[1])
        program.replay()
        print(y.tolist())
        """
    load = """
        rt = fd.Foundry()
        program = fd.Program.load(rt, sys.argv[1], trusted=True)
        program.replay()
        print(program.tensor("y").tolist())
        """
    saved = printed(save, path)
    # Numbered otherwise here, and without the policy, whose text is in the file.
    before = 'fd.block_dtype("another", 64, 9)\n'
    known = 'fd.block_dtype("own4_e8", 32, 18)\n'
    assert printed(before + known + textwrap.dedent(load), path) == saved
    refused = "print(refusal(lambda: fd.Program.load(fd.Foundry(), sys.argv[1], trusted=True)))"
    (text,) = printed(refused, path)
    assert text.startswith(f"ProgramError: {path}: at byte ")
    assert (
        "unsupported dtype 'own4_e8' of 32 weights in 18 bytes; register it before the program is "
        "loaded; supported: f32, f16, " in text
    )
    (text,) = printed('fd.block_dtype("own4_e8", 32, 18, 777)\n' + refused, path)
    assert text.endswith(
        "dtype 'own4_e8' has 32 weights in 18 bytes, but here it has 32 weights in 18 bytes, "
        "ggml's type 777"
    )


def test_a_gguf_file_may_have_it(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    rows, columns, size = 3, 64, 18
    name = b"w"
    head = b"GGUF" + np.array([3], "<u4").tobytes() + np.array([1, 0, len(name)], "<u8").tobytes()
    shape = np.array([2], "<u4").tobytes() + np.array([columns, rows], "<u8").tobytes()
    table = head + name + shape + np.array([777], "<u4").tobytes() + bytes(8)
    data = np.arange(rows * columns // 32 * size, dtype=np.uint8)
    path.write_bytes(table + bytes(-len(table) % 32) + data.tobytes())
    unknown, known = printed(
        """
        print(refusal(lambda: fd.Gguf(sys.argv[1])))
        own = fd.block_dtype("own4_e8", 32, 18, ggml_type=777)
        w = fd.Gguf(sys.argv[1]).tensor(fd.Foundry(), "w")
        print(w.dtype, w.shape, w.copy_to_host().tobytes().hex())
        """,
        str(path),
    )
    assert unknown.endswith("tensor 'w' has the unknown type 777")
    assert known == f"own4_e8 (3, 64) {data.tobytes().hex()}"
