"""Mixtures of experts beside dense products of the same bytes (a token) or work (a prompt)."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

import foundry as fd
from benchmarks.fusion import random_weights
from benchmarks.table import Table

FORMATS = ("q4_1", "q8_0")
REPEATS = 30
PROMPTS = (16, 64, 256)  # tokens


@dataclass(frozen=True)
class Shape:
    """A mixture's sizes. A token uses an eighth: the next one's weights are cold."""

    hidden: int = 2048
    inner: int = 768
    experts: int = 64
    used: int = 8


class Mixture:
    """The experts' weights, and inputs of `tokens` tokens with the experts that each has chosen."""

    def __init__(self, rt: fd.Foundry, shape: Shape, name: str) -> None:
        self.rt, self.shape, self.random = rt, shape, np.random.default_rng(0)

        def weights(rows: int, columns: int) -> fd.Tensor:
            matrix = random_weights(rt, self.random, shape.experts * rows, columns, name)
            return matrix.reshape(shape.experts, rows, columns)

        self.gate, self.up = (weights(shape.inner, shape.hidden) for _ in range(2))
        self.down = weights(shape.hidden, shape.inner)

    def input(self, *shape: int) -> fd.Tensor:
        return self.rt.tensor(self.random.standard_normal(shape).astype(np.float32))

    def ids(self, tokens: int) -> fd.Tensor:
        """Different ones for each eight tokens in turn, so that all experts are used alike."""
        parts = self.shape.experts // self.shape.used
        drawn = [self.random.permutation(self.shape.experts) for _ in range(-(-tokens // parts))]
        ids = np.concatenate(drawn).reshape(-1, self.shape.used)[:tokens]
        return self.rt.tensor(ids.astype(np.int32))

    def products(
        self, ids: fd.Tensor, groups: fd.Tensor | None = None
    ) -> tuple[fd.ops.Operation, fd.ops.Operation]:
        """Both halves, of inputs of their own."""
        s, (tokens, used), rt = self.shape, ids.shape, self.rt
        results = rt.empty((tokens * used, s.inner), fd.f32)
        shares = rt.tensor(np.full((tokens, used), 1 / used, np.float32))
        scratch = rt.empty((tokens * used, s.hidden), fd.f32) if groups is not None else None
        return (
            fd.ops.ExpertGatedLinear(
                self.gate, self.up, ids, self.input(tokens, s.hidden), results, groups=groups
            ),
            fd.ops.ExpertLinear(
                self.down,
                ids,
                self.input(tokens * used, s.inner),
                rt.empty((tokens, s.hidden), fd.f32),
                shares=shares,
                groups=groups,
                scratch=scratch,
            ),
        )

    def dense(
        self, tokens: int, first: int, experts: int
    ) -> tuple[fd.ops.Operation, fd.ops.Operation]:
        """Of as many neighbouring experts' rows, with one input."""
        s, rt, part = self.shape, self.rt, slice(first, first + experts)
        gate, up = (w[part].reshape(experts * s.inner, s.hidden) for w in (self.gate, self.up))
        down = self.down[part].reshape(experts * s.hidden, s.inner)
        return (
            fd.ops.GatedLinear(
                gate,
                up,
                self.input(tokens, s.hidden),
                rt.empty((tokens, experts * s.inner), fd.f32),
            ),
            fd.ops.Linear(
                down, self.input(tokens, s.inner), rt.empty((tokens, experts * s.hidden), fd.f32)
            ),
        )


def best(rt: fd.Foundry, ways: list[list[fd.ops.Operation]], repeats: int) -> list[float]:
    """Seconds of each way, whose operations are taken in turn; the ways by turns."""
    times = [float("inf")] * len(ways)
    for way in ways:
        rt.run(way[0])
    rt.synchronize()
    for repeat in range(repeats):
        for number, way in enumerate(ways):
            start = time.perf_counter()
            rt.run(way[repeat % len(way)])
            rt.synchronize()
            times[number] = min(times[number], time.perf_counter() - start)
    return times


def tokens(shape: Shape) -> Table:
    table = Table(
        f"A token's {shape.used} of {shape.experts} experts, {shape.inner} x {shape.hidden}, "
        "weights cold",
        ["format", "", "experts us", "GB/s", "dense us", "of dense"],
    )
    parts = shape.experts // shape.used
    for name in FORMATS:
        rt = fd.Foundry()
        mixture = Mixture(rt, shape, name)
        chosen = [mixture.products(mixture.ids(parts)[i : i + 1]) for i in range(parts)]
        dense = [mixture.dense(1, i * shape.used, shape.used) for i in range(parts)]
        for half, what in enumerate(("gate and up", "down")):
            ways = [[pair[half] for pair in way] for way in (chosen, dense)]
            own, other = best(rt, ways, REPEATS)
            speed = chosen[0][half].traffic.reads / own / 1e9
            table.add(name, what, own * 1e6, speed, other * 1e6, other / own)
    return table


def prompts(shape: Shape) -> Table:
    table = Table(
        f"Prompts over {shape.experts} experts, {shape.used} a token, {shape.inner} x "
        f"{shape.hidden}, beside one dense product of as many tokens as there are choices",
        ["format", "tokens", "", "grouped ms", "one by one ms", "dense ms", "of dense"],
    )
    for name in FORMATS:
        rt = fd.Foundry()
        mixture = Mixture(rt, shape, name)
        for count in PROMPTS:
            ids = mixture.ids(count)
            size = fd.ops.expert_groups(count, shape.used, shape.experts)
            groups = rt.empty((size,), fd.u32)
            rt.run(fd.ops.GroupExperts(ids, groups))
            kinds = (
                mixture.products(ids, groups),
                mixture.products(ids),
                mixture.dense(count * shape.used, 0, 1),
            )
            for half, what in enumerate(("gate and up", "down")):
                grouped, single, dense = best(rt, [[pair[half]] for pair in kinds], 3)
                times = (seconds * 1e3 for seconds in (grouped, single, dense))
                table.add(name, count, what, *times, dense / grouped)
    return table


def measure() -> list[Table]:
    return [tokens(Shape()), prompts(Shape())]
