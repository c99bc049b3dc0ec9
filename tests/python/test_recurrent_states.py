"""States of recurrent layers: a cache goes back to what its snapshots are of, and to no more."""

from __future__ import annotations

import numpy as np
import pytest

import foundry as fd
from foundry.engine.cache import Cache
from foundry.engine.kept import KeysValues, LayerCache
from foundry.engine.recurrent_states import Mark

SHAPES = {"window": (3, 5), "sums": (2, 3, 7)}


class Walk:
    """A cache whose states hold, everywhere, the sum of the tokens that they are after."""

    def __init__(self, rt: fd.Foundry) -> None:
        layers = [LayerCache(KeysValues(1, 4, 6)), LayerCache(state=SHAPES), LayerCache()]
        self.rt = rt
        self.cache = Cache(rt, layers, limit=600, dtype=fd.f16)

    def evaluate(self, *tokens: int) -> None:
        cache = self.cache
        cache.reserve(len(cache.tokens) + len(tokens))
        assert cache.recurrent.position == len(cache.tokens)
        with cache.recurrent.moving_to(len(cache.tokens) + len(tokens)):
            cache.tokens.extend(tokens)
            for tensor in cache.recurrent.of(1).values():
                self.rt.run(fd.ops.Fill(y=tensor, value=sum(cache.tokens)))

    def check(self, *tokens: int) -> None:
        cache = self.cache
        assert cache.tokens == list(tokens) and cache.recurrent.position == len(tokens)
        if tokens:
            for name, tensor in cache.recurrent.of(1).items():
                assert tensor.shape == SHAPES[name]
                np.testing.assert_array_equal(tensor.host(), np.float32(sum(tokens)))


@pytest.fixture
def walk(rt: fd.Foundry) -> Walk:
    return Walk(rt)


def test_each_layer_has_tensors_of_its_kind(walk: Walk) -> None:
    walk.evaluate(1)
    cache = walk.cache
    assert {layer: tensor.shape for layer, tensor in cache.keys.items()} == {0: (256, 1, 4)}
    assert {layer: tensor.shape for layer, tensor in cache.values.items()} == {0: (256, 1, 6)}
    assert not cache.recurrent.of(0) and not cache.recurrent.of(2)
    assert [tensor.name for tensor in cache.tensors] == [
        "key cache 0",
        "value cache 0",
        "recurrent states",
    ]
    states = cache.recurrent.tensor
    cache.reserve(300)
    assert cache.keys[0].shape == (512, 1, 4) and cache.recurrent.tensor is states
    walk.check(1)


def test_without_keys_there_is_room_for_all_at_once(rt: fd.Foundry) -> None:
    cache = Cache(rt, [LayerCache(state=SHAPES)], limit=100_000, dtype=fd.f16)
    assert cache.reserve(1) and not cache.reserve(100_000)


def test_it_goes_back_to_the_last_snapshot_that_is_not_past(walk: Walk) -> None:
    states = walk.cache.recurrent
    walk.evaluate(1, 2)
    states.snapshot(Mark.PROMPT)
    for token in (3, 4, 5):
        walk.evaluate(token)
        states.snapshot(Mark.AHEAD)  # of two, the older makes way
    walk.evaluate(6)
    assert walk.cache.keep(6) == 6
    walk.check(1, 2, 3, 4, 5, 6)
    assert walk.cache.keep(5) == 5
    walk.check(1, 2, 3, 4, 5)
    assert walk.cache.keep(4) == 4
    walk.evaluate(9)  # another fifth: the first one's snapshot is of no use
    assert walk.cache.keep(5) == 5
    walk.evaluate(9)
    assert walk.cache.keep(5) == 4
    assert walk.cache.keep(3) == 2
    walk.check(1, 2)
    assert walk.cache.keep(1) == 0
    walk.check()
    walk.evaluate(7)
    walk.check(7)


def test_a_move_that_failed_leaves_no_state(walk: Walk) -> None:
    walk.evaluate(1, 2, 3)
    walk.cache.recurrent.snapshot(Mark.PROMPT)
    walk.evaluate(4)
    with pytest.raises(KeyboardInterrupt), walk.cache.recurrent.moving_to(5):
        walk.rt.run(fd.ops.Fill(y=walk.cache.recurrent.of(1)["sums"], value=-1))
        raise KeyboardInterrupt
    walk.cache.recurrent.snapshot(Mark.AHEAD)  # of nothing
    assert walk.cache.keep(4) == 3
    walk.check(1, 2, 3)
    walk.cache.forget()
    assert walk.cache.keep(3) == 0
    walk.evaluate(5)
    walk.check(5)


def test_what_is_saved_goes_back_as_before(walk: Walk, rt: fd.Foundry) -> None:
    states = walk.cache.recurrent
    walk.evaluate(1)
    states.snapshot(Mark.BRANCH)
    walk.evaluate(2)
    states.snapshot(Mark.PROMPT)
    walk.evaluate(3)
    states.snapshot(Mark.AHEAD)
    walk.evaluate(4)
    saved = {at: tensor.copy_to_host() for at, tensor in states.by_position().items()}
    assert sorted(saved) == [1, 2, 3, 4]
    other = Walk(rt)
    other.cache.reserve(4)
    other.cache.recurrent.load(saved)
    other.cache.tokens = [1, 2, 3, 4]
    other.check(1, 2, 3, 4)
    for count in (3, 2, 1):
        assert other.cache.keep(count) == count
        other.check(*range(1, count + 1))
