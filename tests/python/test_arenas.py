"""Arenas from Python: marks and scopes, accounts, and the list of who holds what."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import foundry as fd


def test_arenas_have_lifetimes_of_their_own(rt: fd.Foundry) -> None:
    weights, scratch = rt.make_arena("weights"), rt.make_arena("scratch", chunk_bytes=1 << 16)
    kept = weights.alloc((64,), fd.f32, np.arange(64), name="w")
    for step in range(20):
        with scratch.scope():
            x = scratch.alloc((1000,), fd.f32, np.full(1000, step))
            rt.run(fd.ops.Add(a=x, b=x, y=x))
    assert scratch.statistics.reserved_bytes == 1 << 16, "each step used the same bytes"
    del x
    scratch.reset()
    assert scratch.statistics.leases == 0
    with pytest.raises(fd.ArenaInUseError, match=r"'weights': 1 lease held \(w \(64,\) f32 by a t"):
        weights.reset()
    assert np.asarray(kept).tolist() == list(range(64))
    assert rt.arena_names == ["default", "scratch", "weights"]
    with pytest.raises(fd.ArgumentError, match="arena 'weights' exists already"):
        rt.make_arena("weights")


def test_the_accounts_add_up(rt: fd.Foundry) -> None:
    arena = rt.make_arena("a", chunk_bytes=4096, cap_bytes=8192)
    x = arena.alloc((75,), fd.f32, name="x")  # 300 bytes, padded to 512
    mark = arena.mark()
    y = arena.alloc((64,), fd.f32, name="y")
    del y
    accounts = arena.statistics
    assert accounts.leased_bytes == 300 and accounts.peak_leased_bytes == 556
    assert accounts.alignment_bytes == 212 and accounts.stranded_bytes == 256
    assert accounts.waste_bytes == 468
    assert accounts.available_bytes == 4096 - 512 - 256
    assert accounts.reserved_bytes == 4096 and accounts.cap_bytes == 8192
    assert repr(accounts).startswith("ArenaStatistics(leased_bytes=300, peak_leased_bytes=556, ")
    assert repr(arena) == (
        "<arena 'a': 300 B in 1 lease (peak 556 B), 468 B wasted, 4.0 KiB reserved in 1 chunk, "
        "cap 8.0 KiB>"
    )
    assert repr(mark) == "ArenaMark(chunk=0, offset=512)"
    arena.rewind(mark)
    assert arena.statistics.stranded_bytes == 0
    with pytest.raises(fd.OutOfMemoryError, match=r"arena 'a': 7.8 KiB asked, 7.5 KiB of 8.0 KiB"):
        arena.alloc((2000,), fd.f32)
    del x
    arena.reset()
    assert arena.statistics.available_bytes == 4096


def test_every_holder_is_listed(rt: fd.Foundry) -> None:
    arena = rt.make_arena("held")
    x = arena.alloc((2, 32), fd.f16, np.ones((2, 32)), name="x")
    view, other = x[0], x.reshape(64)
    array = np.asarray(x)
    capsule = x.__dlpack__()
    listed = {holder.kind: holder for holder in arena.holders()}
    assert list(listed) == ["tensor", "view", "array", "capsule"]
    row = listed["view"]
    assert (row.name, row.shape, row.dtype, row.nbytes) == ("x", (2, 32), fd.f16, 128)
    assert (row.claims, row.allocation, row.is_retired) == (2, 1, False)
    assert row.command_buffer is None
    assert repr(listed["array"]) == "<x (2, 32) f16, 128 B, by a numpy array>"
    assert repr(row) == "<x (2, 32) f16, 128 B, by a view (2 claims)>"
    with pytest.raises(
        fd.ArenaInUseError,
        match=r"x \(2, 32\) f16 by a tensor and a view and a numpy array and a DLPack capsule",
    ):
        arena.reset()
    del view, other, array, capsule, row
    listed.clear()
    gc.collect()
    assert [holder.kind for holder in arena.holders()] == ["tensor"]


def test_a_command_buffer_is_listed_with_its_number(rt: fd.Foundry) -> None:
    arena = rt.make_arena("running")
    x = arena.alloc((64,), fd.f32, np.ones(64), name="x")
    rt.run(fd.ops.Add(a=x, b=x, y=x))  # encoded, not committed
    (holder,) = [holder for holder in arena.holders() if holder.kind == "command_buffer"]
    number = holder.command_buffer
    assert number is not None and number > 0
    assert repr(holder) == f"<x (64,) f32, 256 B, by command buffer {number}, still running>"
    del x
    (holder,) = arena.holders()
    assert holder.kind == "command_buffer"
    arena.reset()  # waits for it
    assert arena.holders() == []


def test_raw_marks_nest_as_scopes_do(rt: fd.Foundry) -> None:
    arena = rt.make_arena("marks")
    outer = arena.mark()
    x = arena.alloc((64,), fd.f32, np.full(64, 7))
    inner = arena.mark()
    arena.rewind(outer)
    y = arena.alloc((200,), fd.f32, np.full(200, 8))  # past x, which is still held
    arena.rewind(inner)
    z = arena.alloc((64,), fd.f32, np.full(64, 9))
    assert (np.asarray(x) == 7).all() and (np.asarray(y) == 8).all() and (np.asarray(z) == 9).all()
    assert arena.statistics.retired == 2
    del x, y, z
    gc.collect()
    arena.reset()
    arena.rewind(inner)
    assert arena.statistics.retired == 0, "a mark from before a reset changes nothing"


def test_private_arenas(rt: fd.Foundry) -> None:
    arena = rt.make_arena("private", mode="private")
    x = arena.alloc((4,), fd.f32, np.arange(4), name="x")
    assert (x.mode, x.storage) == ("private", "pooled")
    with pytest.raises(fd.StorageError, match="numpy view of 'x': its storage is private"):
        np.asarray(x)
    assert x.copy_to_host().tolist() == [0, 1, 2, 3]
