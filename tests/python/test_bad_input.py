"""Bad input: a typed error that says what was wrong, and a process that goes on working."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import foundry as fd


@pytest.fixture(autouse=True)
def still_works(rt: fd.Foundry) -> Iterator[None]:
    """After every error: a kernel runs, and nothing is left leased."""
    yield
    x = rt.alloc((100,), fd.f32, np.arange(100))
    rt.run(fd.ops.Add(a=x, b=x, y=x))
    assert np.asarray(x)[99] == 198
    del x
    rt.reset()


def test_errors_are_what_they_say() -> None:
    names = [name for name in fd.__all__ if name.endswith("Error")]
    assert len(names) == 22
    for name in names:
        error = getattr(fd, name)
        assert issubclass(error, fd.Error) or name == "Error"
        assert error.__module__.split(".")[0] == "foundry" and error.__doc__
    assert issubclass(fd.ShapeError, ValueError)
    assert issubclass(fd.DTypeError, TypeError)
    assert issubclass(fd.OutOfMemoryError, MemoryError)
    assert issubclass(fd.ArgumentError, ValueError)
    assert issubclass(fd.ArgumentTypeError, TypeError)
    assert issubclass(fd.TensorIndexError, IndexError)
    for name in names:  # what Python raises there is a base of each
        builtin = [base for base in getattr(fd, name).__mro__ if base.__module__ == "builtins"]
        assert builtin[0] is not Exception or name == "Error", name


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 0)])
def test_a_zero_extent(rt: fd.Foundry, shape: tuple[int, ...]) -> None:
    with pytest.raises(fd.ShapeError, match="0"):
        rt.empty(shape, fd.f32)


def test_other_impossible_shapes(rt: fd.Foundry) -> None:
    with pytest.raises(fd.ShapeError, match="an extent of -1 is out of range"):
        rt.empty((4, -1), fd.f32)
    with pytest.raises(fd.ShapeError):
        rt.empty((2**40, 2**40), fd.f32)
    with pytest.raises(fd.ShapeError):
        rt.empty((1,) * 9, fd.f32)
    with pytest.raises(TypeError):
        rt.empty("four", fd.f32)  # type: ignore[arg-type]
    x = rt.alloc((2, 3), fd.f32, np.zeros((2, 3)))
    with pytest.raises(fd.ShapeError, match=r"\(2, 3\)"):
        x.reshape(4)
    with pytest.raises(fd.ShapeError, match="has 2 dimensions, 3 are indexed"):
        x[0, 0, 0]
    with pytest.raises(fd.ShapeError, match="5"):
        x[0:5]
    with pytest.raises(fd.ShapeError, match=r"takes no array of shape \(3,\)"):
        x.copy_from(np.zeros(3))


def test_wrong_shape(rt: fd.Foundry) -> None:
    w = rt.tensor(np.zeros((8, 64), np.float16))
    x, y = rt.empty((40,), fd.f32), rt.empty((8,), fd.f32)
    with pytest.raises(
        fd.ShapeError,
        match=r"Gemv: weights are \(8, 64\), x is \(40,\): inner sizes 64 and 40 differ",
    ):
        rt.run(fd.ops.Gemv(weights=w, x=x, y=y))


def test_wrong_dtype(rt: fd.Foundry) -> None:
    w, x = rt.empty((8, 64), fd.i32), rt.empty((64,), fd.f32)
    with pytest.raises(fd.DTypeError, match="i32"):
        rt.run(fd.ops.Gemv(weights=w, x=x, y=rt.empty((8,), fd.f32)))
    with pytest.raises(fd.DTypeError, match="numpy dtype complex128"):
        rt.tensor(np.zeros(3, np.complex128))
    with pytest.raises(fd.DTypeError, match="not convert to the block format q4_1"):
        rt.tensor(np.zeros((1, 32)), fd.q4_1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: fd.ops.Gemv(x=t, y=t), "Gemv: argument 'weights' is missing"),  # type: ignore[call-arg]
        (lambda t: fd.ops.Add(a=t, b=t), "Add: argument 'y' is missing"),  # type: ignore[call-arg]
        (
            lambda t: fd.ops.Add(a=t, b=np.zeros(3), y=t),  # type: ignore[arg-type]
            "argument 'b' is a ndarray; expected a Tensor",
        ),
        (lambda t: fd.ops.Bias(), "Bias: argument 'bias' is missing"),  # type: ignore[call-arg]
        (
            lambda t: fd.ops.Gemv(weights=t, epilogue=3),  # type: ignore[arg-type]
            r"Gemv: argument 'epilogue' is 3 \(an int\); expected an operation of foundry.ops",
        ),
        (lambda t: fd.ops.Gemv(weights=t, epilogue=fd.ops.Fill(y=t)), "Fill is neither a prologue"),
        (lambda t: fd.fuse("k").main(fd.ops.Silu()), "Silu cannot be the main part"),
    ],
)
def test_missing_and_unfit_arguments(
    rt: fd.Foundry, make: Callable[[fd.Tensor], object], message: str
) -> None:
    with pytest.raises((fd.ArgumentError, fd.ArgumentTypeError), match=message):
        make(rt.empty((3,), fd.f32))


def test_a_stage_does_not_run_by_itself(rt: fd.Foundry) -> None:
    with pytest.raises(fd.ArgumentError, match="Silu is a stage: it runs as a part of a fused"):
        rt.run(fd.ops.Silu())


def test_a_tensor_with_gaps(rt: fd.Foundry) -> None:
    x = rt.empty((4, 6), fd.f32, name="wide")
    with pytest.raises(fd.ShapeError, match="wide"):
        rt.run(fd.ops.Add(a=x[:, 0:3], b=x[:, 3:6], y=x[:, 0:3]))


def test_arena_exhausted() -> None:
    runtime = fd.Foundry(arena_cap=1 << 20)
    kept = runtime.empty((100_000,), fd.f32)
    with pytest.raises(
        fd.OutOfMemoryError, match=r"arena 'default': 3\.8 MiB asked, .* KiB of 1\.0 MiB left"
    ):
        runtime.empty((1_000_000,), fd.f32)
    assert kept.size == 100_000
    del kept
    runtime.reset()
    runtime.empty((100_000,), fd.f32)


def test_unknown_names(rt: fd.Foundry) -> None:
    with pytest.raises(fd.DeviceError, match="no-such-device"):
        fd.Foundry("no-such-device")
    with pytest.raises(fd.DTypeError, match="q9_9"):
        fd.parse_dtype("q9_9")
    with pytest.raises(fd.ArgumentError, match="storage mode 'elsewhere': there are 'shared' and"):
        rt.dedicated((3,), fd.f32, mode="elsewhere")


def test_a_threadgroup_too_large(rt: fd.Foundry) -> None:
    config = fd.DispatchConfig(fd.GridSize.threadgroups(1), fd.ThreadgroupSize(2048))

    @fd.kernel(dispatch=config)
    def too_wide(y: fd.Out[fd.f32]) -> None:
        """if (gid < y_size) y[gid] = 1.0f;"""

    with pytest.raises(fd.DispatchError, match="2048 threads, the pipeline allows 1024"):
        rt.run(too_wide(y=rt.empty((10,), fd.f32)))


def test_msl_that_does_not_compile(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=fd.per_element("y"))
    def broken(y: fd.Out[fd.f32]) -> None:
        """
        float value = 1.0f;
        y[gid] = valeu;
        """

    line = next(
        number
        for number, text in enumerate(Path(__file__).read_text().splitlines(), 1)
        if text.strip() == "y[gid] = valeu;"
    )
    with pytest.raises(fd.KernelCompileError, match="valeu") as caught:
        rt.run(broken(y=rt.empty((10,), fd.f32)))
    assert f"{Path(__file__).name}:{line}" in str(caught.value)
    assert "broken" in str(caught.value)


# --- GGUF files ----------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(fd.Error, match=r"nothing.gguf.*No such file"):
        fd.models.load(tmp_path / "nothing.gguf")


@pytest.mark.parametrize("length", [0, 3, 4, 20, 24, 100, 5000, 1_000_000, 20_000_000])
def test_a_truncated_file(tmp_path: Path, model_path: Path, length: int) -> None:
    path = tmp_path / "short.gguf"
    with model_path.open("rb") as source:
        path.write_bytes(source.read(length))
    with pytest.raises(fd.GgufError, match=r"short\.gguf"):
        fd.models.load(path)


def test_a_file_of_80_bytes_that_claims_2_to_the_40_elements(tmp_path: Path) -> None:
    path = tmp_path / "liar.gguf"
    header = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1)
    key = b"a.key"
    array = struct.pack("<Q", len(key)) + key + struct.pack("<IIQ", 9, 8, 2**40)
    path.write_bytes((header + array).ljust(80, b"\0"))
    with pytest.raises(fd.GgufError, match=r"1099511627776 elements of .*'a.key'.* left of 80"):
        fd.Gguf(path)


def test_any_corrupted_header_is_a_typed_error(tmp_path: Path, model_path: Path) -> None:
    random = np.random.default_rng(7)
    with model_path.open("rb") as source:
        start = bytearray(source.read(60_000))
    path = tmp_path / "corrupt.gguf"
    for _ in range(300):
        damaged = bytearray(start)
        for position in random.integers(0, 4000, size=3):
            damaged[position] = random.integers(256)
        path.write_bytes(damaged)
        with pytest.raises(fd.GgufError):
            fd.Gguf(path)


def _rewritten(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    """A copy of the model in which one text is replaced by another of its length."""
    assert len(old) == len(new)
    shutil.copy(source, target)
    with target.open("r+b") as file:
        head = file.read(2_500_000)
        position = head.index(old)
        file.seek(position)
        file.write(new)
    return target


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        (
            b"\x05\0\0\0\0\0\0\0llama",
            b"\x05\0\0\0\0\0\0\0hyena",
            fd.UnsupportedModelError,
            "unsupported architecture 'hyena' .*; supported: .*llama, ",
        ),
        (
            b"\x06\0\0\0\0\0\0\0smollm",
            b"\x06\0\0\0\0\0\0\0foobar",
            fd.UnsupportedModelError,
            "unsupported pre-tokenizer 'foobar' .*; supported: .*'smollm'",
        ),
        (
            b"llama.block_count",
            b"llama.block_tnuoc",
            fd.ModelError,
            "llama.block_count is missing",
        ),
        (
            b"blk.7.attn_q.weight",
            b"blk.7.attn_z.weight",
            fd.ModelError,
            r"'blk.7.attn_q.weight' is missing; expected one of shape \(576, 576\)",
        ),
    ],
)
def test_a_model_that_is_not_there_yet(
    tmp_path: Path, model_path: Path, old: bytes, new: bytes, error: type[Exception], message: str
) -> None:
    path = _rewritten(model_path, tmp_path / "other.gguf", old, new)
    with pytest.raises(error, match=message):
        fd.models.load(path)


def test_a_format_that_weights_cannot_have(tmp_path: Path, model_path: Path) -> None:
    # A tensor's entry: name, dimensions, type, offset; type 8 is Q8_0, type 24 I8.
    entry = b"token_embd.weight" + struct.pack("<IQQ", 2, 576, 49152)
    path = _rewritten(
        model_path,
        tmp_path / "i8.gguf",
        entry + struct.pack("<I", 8),
        entry + struct.pack("<I", 24),
    )
    formats = (
        "f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k, iq1_s, iq1_m, "
        "iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs, tq1_0, tq2_0, mxfp4, nvfp4"
    )
    with pytest.raises(
        fd.UnsupportedModelError,
        match=rf"unsupported format i8 of tensor 'token_embd\.weight'; supported: {formats}",
    ):
        fd.models.load(path)
