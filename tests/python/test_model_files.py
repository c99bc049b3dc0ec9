"""Model files that are no ordinary files, that change while they are open, or that want memory."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
import quantised
from test_model_numbers import cosines
from tiny_llama import TinyLlama

IDS = [1, 5, 9, 2]


# --- what is no ordinary file --------------------------------------------------------------------


@pytest.fixture
def folder_of_oddities(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "status").symlink_to("/proc/self/status")
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.write(b"GGUF" + struct.pack("<IQQ", 3, 2**63, 2**63))
        sparse.truncate(2**43)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fifo", "is not a regular file but a FIFO"),
        ("socket", "cannot open .*No such device"),
        ("folder", "is not a regular file but a folder"),
        ("empty", "the magic number needs 4 bytes, the file ends at byte 0"),
        ("zero", "is not a regular file but a device"),
        ("loop", "cannot open .*symbolic links"),
        ("status", "the file ends at byte 0"),
        ("sparse", "9223372036854775808 tensors claimed; 131072 are read at most"),
        ("nothing", "cannot open .*No such file"),
        ("x" * 300, "cannot open .*too long"),
    ],
)
def test_what_is_no_model_file_is_a_typed_error_at_once(
    folder_of_oddities: Path, name: str, message: str
) -> None:
    path = folder_of_oddities / name
    for use in (fd.Gguf, fd.models.load):
        with pytest.raises(fd.GgufError, match=message):
            use(path)


# --- a file that changes -------------------------------------------------------------------------


def test_a_file_that_was_cut_is_a_typed_error_and_whole_again_works(
    tmp_path: Path, rt: fd.Foundry
) -> None:
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    whole = path.read_bytes()
    model = fd.models.load(path)
    file = fd.Gguf(path)
    expected = model.logits(IDS)
    text = "".join(model.generate(IDS, max_tokens=5, ignore_end=True))
    message = (
        rf"tiny\.gguf' was cut while it was in use: it has \d+ bytes, and had {len(whole)} when"
    )
    for left in (len(whole) - 1, len(whole) // 2, 0):
        os.truncate(path, left)
        for use in (
            lambda: model.logits(IDS),
            lambda: next(model.generate(IDS, max_tokens=5)),
            lambda: file.tensor(rt, "output_norm.weight"),
            lambda: file.require_whole(),
        ):
            with pytest.raises(fd.GgufError, match=message):
                use()
        assert file.metadata["general.name"] == "tiny"
    with pytest.raises(fd.GgufError, match=message):
        file.read("output_norm.weight")
    path.write_bytes(whole)
    np.testing.assert_array_equal(model.logits(IDS), expected)
    assert "".join(model.generate(IDS, max_tokens=5, ignore_end=True)) == text


HOST_READS = """
import faulthandler, os, sys
import numpy as np
import foundry as fd

path, order = sys.argv[1:]
if order == "before":
    faulthandler.enable()
rt = fd.Foundry()
file = fd.Gguf(path)
weight = file.tensor(rt, "token_embd.weight")
view = np.asarray(weight)
values, size = view.copy(), os.path.getsize(path)
if order == "after":
    faulthandler.enable()

def refused(use):
    try:
        use()
    except fd.GgufError as error:
        return "was cut while it was in use" in str(error)

os.truncate(path, 0)
assert not view.any(), "zeros"
uses = [
    lambda: np.asarray(weight), lambda: weight.host(), lambda: memoryview(weight),
    lambda: weight.tolist(), lambda: weight.copy_to_host(), lambda: weight[0, 0].item(),
    lambda: weight == 1, lambda: weight.copy(), lambda: weight.astype(fd.f16),
    lambda: np.from_dlpack(weight), lambda: file.tensor(rt, "output_norm.weight"),
    lambda: file.read("token_embd.weight"), lambda: file.require_whole(),
]  # fmt: skip
assert all(refused(use) for use in uses for _ in range(2))
y = rt.empty(weight.shape, fd.f32)
rt.run(fd.ops.Copy(x=weight, y=y))  # the device does not take zeros for the file's bytes
try:
    np.asarray(y)
except fd.DeviceError as error:
    assert "has become shorter" in str(error), error
else:
    raise AssertionError("the device read what the file does not have")
with open(path, "r+b") as again:
    again.write(open(path + ".whole", "rb").read())
rt.run(fd.ops.Copy(x=weight, y=y))
for read in (view, np.asarray(weight), weight.copy_to_host(), np.asarray(y)):
    assert np.array_equal(read, values)
print("survived", flush=True)
import ctypes, mmap
with open(path + ".whole", "r+b") as other:
    mapped = mmap.mmap(other.fileno(), 0)
    os.truncate(other.fileno(), 0)
    mapped[0]
"""


@pytest.mark.parametrize("order", ["without", "before", "after"])
def test_host_reads_of_a_file_that_was_cut_are_errors_and_others_faults_stay_their_own(
    tmp_path: Path, order: str
) -> None:
    """Mapped weights are read by numpy, the file is cut and whole again; then a bus error of
    somebody else's mapping, which must end the process, by way of faulthandler where it is on."""
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    (tmp_path / "tiny.gguf.whole").write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", HOST_READS, str(path), order], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (-signal.SIGBUS, "survived\n"), done.stderr
    reports = done.stderr.count("Fatal Python error: Bus error")
    # One that was turned on later takes the first fault before Foundry does, and hands it on.
    assert reports == (0 if order == "without" else 1)


def test_a_file_may_be_replaced_or_removed_under_its_name(tmp_path: Path, rt: fd.Foundry) -> None:
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    file = fd.Gguf(path)
    norm = file.read("output_norm.weight").view(np.float32)
    path.unlink()
    path.write_bytes(b"something else")
    np.testing.assert_array_equal(np.asarray(file.tensor(rt, "output_norm.weight")), norm)


# --- where tensors lie ---------------------------------------------------------------------------


@pytest.mark.parametrize("alignment", [1, 2, 4, 8, 64, 4096])
@pytest.mark.parametrize("shift", [0, 1, 2, 3, 6])
def test_tensors_at_any_offset_compute_what_they_say(
    tmp_path: Path, rt: fd.Foundry, alignment: int, shift: int
) -> None:
    random = np.random.default_rng(alignment * 8 + shift)
    x = random.standard_normal(256).astype(np.float32)
    path = tmp_path / "offsets.gguf"
    weights, blobs = {}, []
    for name in quantised.FORMATS:
        values = random.standard_normal((6, 256)).astype(np.float32)
        blobs.append((name, quantised.pack(values, name)))
        weights[name] = quantised.unpack(blobs[-1][1], name)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(blobs), 1)
    key = b"general.alignment"
    header += struct.pack("<Q", len(key)) + key + struct.pack("<II", 4, alignment)
    data = b"\xaa" * (shift * alignment)
    for name, packed in blobs:
        data += b"\xaa" * (-len(data) % alignment)
        kind = int(quantised.kind_of(name))
        header += struct.pack("<Q", len(name)) + name.encode()
        header += struct.pack("<IQQIQ", 2, 256, 6, kind, len(data))
        data += packed.tobytes()
    header += b"\xaa" * (-len(header) % alignment)
    path.write_bytes(header + data)
    file = fd.Gguf(path)
    for name, dense in weights.items():
        tensor = file.tensor(rt, name)
        y = rt.empty((6,), fd.f32)
        rt.run(fd.ops.Gemv(weights=tensor, x=rt.tensor(x), y=y))
        # Some formats' products round their inputs to f16; what is read a byte off is random.
        np.testing.assert_allclose(np.asarray(y), dense @ x, rtol=1e-2, atol=2e-2)


def test_a_model_of_misaligned_tensors_computes_the_same_and_says_so(tmp_path: Path) -> None:
    tiny = TinyLlama()
    expected = fd.models.load(tiny.write(tmp_path / "tiny.gguf")).logits(IDS)
    alignment = {"general.alignment": np.uint32(1)}
    for length in range(1, 5):  # one of four leaves the data at an odd byte
        odd = tiny.changed(alignment | {"general.name": "x" * length})
        path = odd.write(tmp_path / "odd.gguf", alignment=1)
        if fd.Gguf(path).tensors["output_norm.weight"].offset % 4 == 1:
            break
    else:
        pytest.fail("no tensor at an odd byte")
    with pytest.warns(fd.ModelWarning, match=r"\d+ tensors do not lie where .* were copied"):
        model = fd.models.load(path)
    assert cosines(expected, model.logits(IDS)).min() > 0.999999  # the same kernels and weights


@pytest.mark.parametrize(
    ("alignment", "message"),
    [
        (np.uint32(0), "general.alignment is u32 0, not a u32 that is a power of two"),
        (np.uint32(24), "general.alignment is u32 24, not a u32 that is a power of two"),
        (np.uint64(32), "general.alignment is u64 32, not a u32 that is a power of two"),
        (np.float32(32), "general.alignment is f32 32, not a u32 that is a power of two"),
        (np.uint32(2**31), "has offset 160, not a multiple of the alignment 2147483648"),
    ],
)
def test_an_alignment_that_is_none_is_refused(
    tmp_path: Path, alignment: np.generic, message: str
) -> None:
    path = TinyLlama().changed({"general.alignment": alignment}).write(tmp_path / "a.gguf")
    with pytest.raises(fd.GgufError, match=message.replace("160", r"\d+")):
        fd.Gguf(path)


# --- memory --------------------------------------------------------------------------------------

MEASURE = """
import resource, sys
import foundry as fd
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak()
file = fd.Gguf(sys.argv[1])
for use in (lambda: fd.models.load(sys.argv[1]), lambda: dict(file.metadata), lambda: repr(file)):
    try:
        use()
    except fd.Error:
        pass
print(peak() - before, file.nbytes, len(file.metadata))
"""

MIB = 2**20


@pytest.mark.parametrize("kind", ["u8", "u64", "bool", "empty texts", "short texts", "keys"])
def test_metadata_takes_memory_in_proportion_to_the_file(tmp_path: Path, kind: str) -> None:
    """As Python objects, 64 MiB of u8 would be 512 MiB at least, of empty texts 64 MiB more."""
    key = struct.pack("<Q", 21) + b"tokenizer.ggml.tokens"
    arrays = {
        "u8": (0, 64 * MIB, b"\x07" * (64 * MIB)),
        "u64": (10, 8 * MIB, b"\x07" * (64 * MIB)),
        "bool": (7, 64 * MIB, b"\x01" * (64 * MIB)),
        "empty texts": (8, 8 * MIB, b"\0" * (64 * MIB)),
        "short texts": (8, 6 * MIB, (struct.pack("<Q", 2) + b"ab") * (6 * MIB)),
    }
    path = tmp_path / "large.gguf"
    if kind == "keys":
        keys = [
            struct.pack("<Q", 7) + b"k%06d" % i + struct.pack("<IB", 0, 1) for i in range(65536)
        ]
        path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys))
    else:
        element, count, contents = arrays[kind]
        head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key
        path.write_bytes(head + struct.pack("<IIQ", 9, element, count) + contents)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURE), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    used, size, _ = map(int, done.stdout.split())
    assert used < 4 * size + 48 * MIB  # the device, the package's modules and a tokenizer's


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"path": 3}, fd.ArgumentTypeError, "load: path is 3; expected a str or an os.PathLike"),
        ({"path": None}, fd.ArgumentTypeError, "load: path is None; expected a str"),
        ({"path": b"x"}, fd.ArgumentTypeError, "load: path is b'x'; expected a str"),
        ({"runtime": 3}, fd.ArgumentTypeError, "load: runtime is 3; expected a Foundry or None"),
        ({"context_length": 2.0}, fd.ArgumentTypeError, "context_length is 2.0; expected an int"),
        ({"context_length": "9"}, fd.ArgumentTypeError, "context_length is '9'; expected an int"),
        ({"context_length": 65}, fd.ArgumentError, "is 65; the model was made for 2 to 64"),
        ({"context_length": -1}, fd.ArgumentError, "is -1; the model was made for 2 to 64"),
        ({"cache_dtype": "f32"}, fd.ArgumentTypeError, "cache_dtype is 'f32'; expected a DType"),
        (
            {"cache_dtype": fd.i32},
            fd.DTypeError,
            "load: unsupported cache_dtype i32; supported: f16, bf16, f32, q8_0, q4_0",
        ),
        ({"progress": "yes"}, fd.ArgumentTypeError, "progress is 'yes'; expected a callable"),
        ({"runtime": ..., "device": "cpu:0"}, fd.ArgumentError, "give one of the two"),
    ],
)
def test_arguments_of_load_that_are_none_are_typed_errors(
    tmp_path: Path, rt: fd.Foundry, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    given: dict[str, Any] = {"path": TinyLlama().write(tmp_path / "tiny.gguf")} | arguments
    if given.get("runtime") is ...:
        given["runtime"] = rt
    with pytest.raises(error, match=message):
        fd.models.load(**given)
