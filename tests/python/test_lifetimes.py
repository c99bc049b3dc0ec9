"""Random sequences of everything that holds memory, against a model of plain numpy arrays."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import foundry as fd

Values = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Held:
    """A tensor, a view or an array; the array that it must equal, whose memory views share; and
    the allocation that it holds, None outside the arena."""

    handle: Any
    values: Values
    root: int | None


class Lifetimes(RuleBasedStateMachine):
    # Keys of `live`: hypothesis itself must hold no handle, as it never lets go of one.
    keys: Bundle[int] = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.rt = fd.Foundry()
        self.arena = self.rt.make_arena("model", chunk_bytes=4096)
        self.scopes: list[Any] = []
        self.live: dict[int, Held] = {}
        self.made = 0

    def keep(self, handle: Any, values: Values, root: int | None) -> int:
        self.made += 1
        self.live[self.made] = Held(handle, values, root)
        return self.made

    def host(self, held: Held) -> Values:
        """Its elements, to read or write. An array that was there before a dispatch waits for
        nothing by itself: its user does."""
        if not isinstance(held.handle, fd.Tensor):
            self.rt.synchronize()
        return np.asarray(held.handle)

    @rule(
        target=keys,
        shape=st.lists(st.integers(1, 6), min_size=1, max_size=3),
        start=st.integers(0, 99),
    )
    def alloc(self, shape: list[int], start: int) -> int:
        values = np.arange(start, start + np.prod(shape), dtype=np.float32).reshape(shape)
        return self.keep(self.arena.alloc(tuple(shape), fd.f32, values), values, self.made)

    @rule(target=keys, key=keys, data=st.data())
    def view(self, key: int, data: st.DataObject) -> int:
        held = self.live[key]
        handle, values = held.handle, held.values
        if not isinstance(handle, fd.Tensor):
            copy = self.rt.from_dlpack(np.ascontiguousarray(self.host(held)), copy=True)
            return self.keep(copy, values.copy(), None)
        how = data.draw(st.sampled_from(["slice", "transpose", "reshape", "unsqueeze"]))
        if how == "slice":
            start = data.draw(st.integers(0, values.shape[0] - 1))
            stop = data.draw(st.integers(start + 1, values.shape[0]))
            return self.keep(handle[start:stop], values[start:stop], held.root)
        if how == "reshape" and handle.is_contiguous and values.flags.c_contiguous:
            return self.keep(handle.reshape(values.size), values.reshape(values.size), held.root)
        if how == "unsqueeze" and values.ndim < 6:
            return self.keep(handle.unsqueeze(0), values[None], held.root)
        return self.keep(handle.transpose(), values.transpose(), held.root)

    @rule(
        target=keys,
        key=keys,
        how=st.sampled_from([np.asarray, np.from_dlpack, lambda h: np.asarray(memoryview(h))]),
    )
    def look(self, key: int, how: Callable[[Any], Any]) -> int:
        held = self.live[key]
        return self.keep(how(held.handle), held.values, held.root)

    @rule(key=keys, value=st.integers(0, 99))
    def write(self, key: int, value: int) -> None:
        held = self.live[key]
        self.host(held)[...] = value
        held.values[...] = value

    @rule(x=keys, y=keys)
    def dispatch(self, x: int, y: int) -> None:
        a, b = self.live[x], self.live[y]
        for held in (a, b):
            if not isinstance(held.handle, fd.Tensor) or not held.handle.is_contiguous:
                return
        if a.values.shape != b.values.shape or (x != y and np.shares_memory(a.values, b.values)):
            return
        self.rt.run(fd.ops.Add(a=a.handle, b=b.handle, y=b.handle))
        b.values[...] += a.values

    @rule(key=consumes(keys))
    def release(self, key: int) -> None:
        held = self.live.pop(key)
        np.testing.assert_array_equal(self.host(held), held.values)

    @rule()
    def enter(self) -> None:
        if len(self.scopes) < 3:
            self.scopes.append(self.arena.scope())
            self.scopes[-1].__enter__()

    @rule()
    def leave(self) -> None:
        if self.scopes:
            self.scopes.pop().__exit__(None, None, None)

    @rule(wait=st.booleans())
    def complete(self, wait: bool) -> None:
        if wait:
            self.rt.synchronize()
        else:
            self.rt.flush()

    @rule()
    def reset(self) -> None:
        if self.roots():
            with pytest.raises(fd.ArenaInUseError, match="cannot reset arena 'model'"):
                self.arena.reset()
        else:
            self.arena.reset()
            assert self.arena.holders() == []

    def roots(self) -> set[int]:
        return {held.root for held in self.live.values() if held.root is not None}

    @invariant()
    def accounts_are_the_models(self) -> None:
        accounts = self.arena.statistics
        assert accounts.leases == len(self.roots())
        assert accounts.reserved_bytes == (
            accounts.leased_bytes + accounts.waste_bytes + accounts.available_bytes
        )
        tensors = sum(
            isinstance(held.handle, fd.Tensor) and held.root is not None
            for held in self.live.values()
        )
        claims = [h.claims for h in self.arena.holders() if h.kind in ("tensor", "view")]
        assert sum(claims) == tensors

    def teardown(self) -> None:
        for held in self.live.values():
            np.testing.assert_array_equal(self.host(held), held.values)


Lifetimes.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_every_handle_has_the_values_of_the_model = Lifetimes.TestCase


def test_threads_on_one_arena_never_see_each_others_values() -> None:
    """Random steps of several threads; each checks what it holds against arrays of its own."""
    runtime = fd.Foundry()
    arena = runtime.make_arena("shared", chunk_bytes=1 << 14)
    failures: list[str] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        held: list[tuple[Any, Values]] = []
        try:
            for _ in range(150):
                with arena.scope():
                    values = np.full(rng.randint(1, 500), rng.randint(0, 99), np.float32)
                    tensor = arena.alloc(values.shape, fd.f32, values)
                    runtime.run(fd.ops.Add(a=tensor, b=tensor, y=tensor))
                    handle: Any = rng.choice(
                        [lambda t: t, np.asarray, np.from_dlpack, lambda t: t[:]]
                    )
                    held.append((handle(tensor), values * 2))
                    del tensor
                while len(held) > rng.randint(0, 12):
                    handle, values = held.pop(rng.randrange(len(held)))
                    np.testing.assert_array_equal(np.asarray(handle), values)
        except Exception as error:
            failures.append(f"thread {seed}: {error!r}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    gc.collect()
    arena.reset()
    assert arena.holders() == []


def test_a_memory_limit_is_a_typed_error_that_passes(rt: fd.Foundry) -> None:
    device = rt.device
    assert device.memory_limit == 0
    kept = rt.tensor(np.ones(1000, np.float32))
    device.memory_limit = device.allocated_bytes + 10_000
    try:
        with pytest.raises(MemoryError, match=r"4.0 MiB asked, 9.8 KiB of the limit of .* left"):
            rt.dedicated((1 << 20,), fd.f32, name="large")
        with pytest.raises(fd.OutOfMemoryError, match="arena 'default': 256 B asked, the device"):
            rt.empty((64,), fd.f32)
        assert rt.arena().statistics.reserved_bytes == 0
    finally:
        device.memory_limit = 0
    assert rt.alloc((64,), fd.f32, np.ones(64)).host().sum() == 64
    assert kept.host().sum() == 1000
