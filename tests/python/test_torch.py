"""torch beside Foundry: memory is shared both ways, and what is read-only survives who ignores it.

torch is no dependency: without it tests/python/test_read_only.py has a consumer that does the same.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foundry as fd
from tiny_llama import TinyLlama

torch: Any = pytest.importorskip("torch", reason="torch is not installed")

# In a process of its own: what this is about ended it.
WRITES = """
import sys, warnings
import numpy as np, torch
import foundry as fd
warnings.simplefilter("ignore")  # torch's, that the array is not writable
rt = fd.Foundry()
name = "output_norm.weight"
w = fd.Gguf(sys.argv[1]).tensor(rt, name)
before = w.copy_to_host()
take = {
    "from_dlpack": lambda: torch.from_dlpack(w),
    "asarray": lambda: torch.asarray(w),
    "as_tensor": lambda: torch.as_tensor(w),
    "from_numpy": lambda: torch.from_numpy(np.asarray(w)),
    "frombuffer": lambda: torch.frombuffer(memoryview(w), dtype=torch.float32),
}[sys.argv[2]]
t = take()
np.testing.assert_array_equal(t.numpy(), before)
t.fill_(7.0)
assert t.numpy().max() == 7
y = rt.empty(w.shape, fd.f32)
rt.run(fd.ops.Copy(x=w, y=y))
np.testing.assert_array_equal(np.asarray(y), before)  # kernels read the file's
np.testing.assert_array_equal(fd.Gguf(sys.argv[1]).tensor(rt, name).copy_to_host(), before)
"""


@pytest.mark.parametrize("way", ["from_dlpack", "asarray", "as_tensor", "from_numpy", "frombuffer"])
def test_torch_writes_into_a_mapped_model_file_without_harm(tmp_path: Path, way: str) -> None:
    path = TinyLlama().write(tmp_path / "tiny.gguf")
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", WRITES, str(path), way], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before


DTYPES = ["f32", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "boolean"]
NAMES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "boolean": "bool"}


def torch_dtype(name: str) -> Any:
    return getattr(torch, NAMES.get(name) or name.replace("i", "int").replace("u", "uint"))


@pytest.mark.parametrize("name", DTYPES)
def test_memory_is_shared_both_ways_in_every_dtype(rt: fd.Foundry, name: str) -> None:
    dtype = fd.DType[name]
    ours = rt.tensor(np.array([[0, 1, 1], [1, 0, 1]]), dtype)
    theirs = torch.from_dlpack(ours)
    assert theirs.dtype == torch_dtype(name) and theirs.shape == (2, 3)
    theirs[0, 0] = 1
    assert float(ours[0, 0]) == 1
    ours[1, 1] = 1
    assert theirs.min().item() == 1 if name not in ("u16", "u32", "u64") else True

    lent = torch.zeros((2, 3), dtype=torch_dtype(name))
    taken = rt.from_dlpack(lent)
    assert taken.dtype is dtype and taken.shape == (2, 3) and not taken.is_read_only
    taken[0, 2] = 1
    assert lent.tolist() == [[0, 0, 1], [0, 0, 0]]
    lent[1, 0] = 1
    assert taken.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_kernels_read_and_write_torchs_memory(rt: fd.Foundry) -> None:
    x = torch.arange(1000, dtype=torch.float32)
    y = torch.zeros(1000)
    a, b = rt.from_dlpack(x), rt.from_dlpack(y)
    rt.run(fd.ops.Add(a=a, b=a, y=b))
    rt.synchronize()
    assert torch.equal(y, 2 * x)
    with pytest.raises(fd.StorageError, match="is not contiguous"):
        rt.from_dlpack(x[::2])
    wide = torch.from_dlpack(rt.tensor(np.arange(12.0).reshape(3, 4)[:, 1:3], fd.bf16).T)
    assert wide.shape == (2, 3) and wide[1].tolist() == [2, 6, 10]


def test_each_side_keeps_what_it_was_lent(rt: fd.Foundry) -> None:
    arena = rt.make_arena("torch")
    theirs = torch.from_dlpack(arena.alloc((64,), fd.f32, np.arange(64)))
    gc.collect()
    with pytest.raises(fd.ArenaInUseError, match="DLPack"):
        arena.reset()
    assert theirs.sum().item() == 2016
    del theirs
    gc.collect()
    arena.reset()

    lent = torch.arange(64, dtype=torch.float32)
    storage = weakref.ref(lent)
    taken = rt.from_dlpack(lent)
    del lent
    gc.collect()
    rt.run(fd.ops.Add(a=taken, b=taken, y=taken))
    assert float(taken[63]) == 126
    del taken
    rt.synchronize()
    gc.collect()
    assert storage() is None


def test_what_torch_does_not_lend_is_a_storage_error_with_its_reason(rt: fd.Foundry) -> None:
    for tensor, reason in [
        (torch.ones(3, requires_grad=True), "require"),
        (torch.ones(3, dtype=torch.complex64).conj(), "conj"),
        (torch.sparse_coo_tensor([[0]], [1.0], (3,)), "layout"),
    ]:
        with pytest.raises(fd.StorageError, match="lends nothing") as caught:
            rt.from_dlpack(tensor)
        assert reason in str(caught.value.__cause__)
    with pytest.raises(fd.DTypeError, match="type code 5"):
        rt.from_dlpack(torch.ones(3, dtype=torch.complex64))
    with pytest.raises(fd.ShapeError):
        rt.from_dlpack(torch.ones((0, 3)))


def test_values_of_torch_are_taken_where_values_are(rt: fd.Foundry) -> None:
    values = torch.tensor([[1.5, 2.0], [3.0, -4.0]])
    assert rt.tensor(values).tolist() == values.tolist()
    assert rt.tensor(values, fd.f16).dtype is fd.f16
    x = rt.empty((2, 2), fd.f32)
    x.copy_from(values.T)
    assert x.tolist() == values.T.tolist()
    x[0] = values[1]
    assert x[0].tolist() == [3.0, -4.0]
    assert rt.borrow(values.numpy()).host()[1, 1] == -4


@pytest.mark.filterwarnings("ignore:The given buffer is not writable")
@pytest.mark.parametrize("kind", ["array", "broadcast", "bytes", "lent"])
def test_torch_gets_a_copy_of_what_is_read_only(rt: fd.Foundry, kind: str) -> None:
    values = np.arange(6, dtype=np.float32)
    values.flags.writeable = False
    tensor = {
        "array": lambda: rt.borrow(values),
        "broadcast": lambda: rt.tensor(np.full(1, 3, np.float32)).broadcast_to(6),
        "bytes": lambda: rt.borrow(values.tobytes(), fd.f32, (6,)),
        "lent": lambda: rt.from_dlpack(values),
    }[kind]()
    before = tensor.copy_to_host()
    ways = [torch.from_dlpack, torch.asarray, torch.as_tensor]
    for take in ways if tensor.is_contiguous else ways[:1]:
        taken = take(tensor)
        taken.fill_(9)
        assert np.array_equal(tensor.host(), before)
