"""Every operation once, small: what the tests walk that hold for all of them.

A new operation takes its place here; the tests of text, MSL, traffic, overlaps and shaders then
have it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import foundry as fd
from foundry import ops


@dataclass
class Case:
    """An operation, its operands' shapes, the ones it writes and which may be which in place."""

    make: Callable[..., ops.Operation]
    shapes: dict[str, tuple[int, ...]]  # in the order of the operation's arguments
    writes: tuple[str, ...] = ("y",)
    in_place: tuple[tuple[str, str], ...] = ()
    dtypes: dict[str, fd.DType] = field(default_factory=dict)  # f32, if not said here
    settings: str = ""  # what the text ends with
    bytes: tuple[int, int] | None = None  # read and written; None: all of the one, all of the other

    def dtype(self, operand: str) -> fd.DType:
        return self.dtypes.get(operand, fd.f32)

    def operation(self, rt: fd.Foundry) -> ops.Operation:
        """Of new tensors, called as the operands are, full of zeros."""
        tensors = {}
        for name, shape in self.shapes.items():
            tensors[name] = rt.dedicated(shape, self.dtype(name), name=name)
            rt.run(ops.Fill(y=tensors[name]))
        return self.make(**tensors)

    def text(self, name: str) -> str:
        shown = [
            f"{operand}={operand} {shape} {self.dtype(operand).name}"
            for operand, shape in self.shapes.items()
        ]
        return f"{name}({', '.join([*shown, *filter(None, [self.settings])])})"

    def traffic(self) -> tuple[int, int]:
        if self.bytes:
            return self.bytes
        sizes = {name: 4 * math.prod(shape) for name, shape in self.shapes.items()}
        written = sum(sizes[name] for name in self.writes)
        return sum(sizes.values()) - written, written


BINARY = (("y", "a"), ("y", "b"))
GATED = (("y", "gate"), ("y", "up"))
HEADS: dict[str, tuple[int, ...]] = {"k": (2, 2, 8), "v": (2, 2, 8)}
CACHES: dict[str, tuple[int, ...]] = {"k_cache": (6, 2, 8), "v_cache": (6, 2, 8)}

CASES = {
    "Gemv": Case(ops.Gemv, {"weights": (24, 32), "x": (32,), "y": (24,)}),
    "Gemm": Case(ops.Gemm, {"weights": (24, 32), "x": (6, 32), "y": (6, 24)}),
    "Linear": Case(ops.Linear, {"weights": (24, 32), "x": (32,), "y": (24,)}),
    "GatedLinear": Case(
        lambda **t: ops.GatedLinear(**t, activation=ops.Silu()),
        {"gate": (16, 32), "up": (16, 32), "x": (32,), "y": (16,)},
    ),
    "QkvLinear": Case(
        lambda **t: ops.QkvLinear(**t, start=2),
        {
            "query": (16, 32),
            "key": (8, 32),
            "value": (8, 32),
            "x": (32,),
            "q": (1, 2, 8),
            "k_cache": (6, 1, 8),
            "v_cache": (6, 1, 8),
        },
        writes=("q", "k_cache", "v_cache"),
        settings="start=2",
        bytes=((16 + 8 + 8) * 32 * 4 + 32 * 4, (16 + 8 + 8) * 4),  # one position of the caches
    ),
    "GemvColumns": Case(ops.GemvColumns, {"weights": (24, 32), "x": (24,), "y": (32,)}),
    "TileWeights": Case(ops.TileWeights, {"weights": (20, 24), "y": (1, 24, 32)}),
    "GemvTiled": Case(ops.GemvTiled, {"weights": (1, 24, 32), "x": (24,), "y": (20,)}),
    "ChooseExperts": Case(
        lambda **t: ops.ChooseExperts(**t, normalised=True),
        {"logits": (3, 40), "ids": (3, 2), "shares": (3, 2), "bias": (40,)},
        writes=("ids", "shares"),
        dtypes={"ids": fd.u32},
        settings="normalised=True",
    ),
    "GroupExperts": Case(
        ops.GroupExperts,
        {"ids": (3, 2), "groups": (4 + 2 + 2 * 6,)},
        writes=("groups",),
        dtypes={"ids": fd.u32, "groups": fd.u32},
    ),
    "ExpertGatedLinear": Case(
        ops.ExpertGatedLinear,
        {"gate": (4, 5, 32), "up": (4, 5, 32), "ids": (1, 2), "x": (32,), "y": (2, 5)},
        dtypes={"ids": fd.u32},
        bytes=(2 * 2 * 5 * 32 * 4 + 2 * 4 + 32 * 4, 2 * 5 * 4),  # two experts
    ),
    "ExpertLinear": Case(
        ops.ExpertLinear,
        {"weights": (4, 8, 32), "ids": (1, 2), "x": (2, 32), "y": (1, 8), "shares": (1, 2)},
        dtypes={"ids": fd.u32},
        bytes=(2 * 8 * 32 * 4 + 2 * 2 * 4 + 2 * 32 * 4, 8 * 4),  # two experts
    ),
    "Attention": Case(
        lambda **t: ops.Attention(**t, start=5),
        {"q": (1, 4, 8), "k_cache": (8, 2, 8), "v_cache": (8, 2, 8), "y": (1, 4, 8)},
        settings="start=5",
        bytes=(4 * 8 * 4 + 2 * 6 * 2 * 8 * 4, 4 * 8 * 4),  # six positions are seen
    ),
    "Rope": Case(
        lambda **t: ops.Rope(**t, base=500000, interleaved=False),
        {"x": (3, 2, 16), "y": (3, 2, 16)},
        in_place=(("y", "x"),),
        settings="base=500000.0, interleaved=False",
    ),
    "RopeKvWrite": Case(
        lambda **t: ops.RopeKvWrite(**t, start=2),
        {"q": (2, 4, 8), **HEADS, **CACHES},
        writes=("q", "k_cache", "v_cache"),
        settings="start=2",
        bytes=((64 + 32 + 32) * 4, (64 + 32 + 32) * 4),  # two positions of the caches
    ),
    "LatentWrite": Case(
        lambda **t: ops.LatentWrite(**t, start=2),
        {
            "q": (2, 3, 12),
            "kv": (2, 20),
            "norm": (16,),
            "y": (2, 3, 4),
            "cache": (8, 1, 20),
        },
        writes=("y", "cache"),
        settings="start=2",
        # What is turned of the queries, and two positions of the cache.
        bytes=((24 + 40 + 16) * 4, (24 + 40) * 4),
    ),
    "KvWrite": Case(
        lambda **t: ops.KvWrite(**t, start=2),
        {**HEADS, **CACHES},
        writes=("k_cache", "v_cache"),
        settings="start=2",
        bytes=((32 + 32) * 4, (32 + 32) * 4),
    ),
    "KvRearrange": Case(ops.KvRearrange, {"x": (4, 3, 8), "y": (3, 4, 8)}),
    "RepeatKv": Case(ops.RepeatKv, {"x": (4, 2, 8), "y": (4, 6, 8)}),
    "CausalConv": Case(
        lambda **t: ops.CausalConv(**t, silu=True),
        {
            "x": (3, 40),
            "weights": (40, 4),
            "state": (3, 40),
            "y": (3, 40),
            "bias": (40,),
            "input_gate": (3, 40),
            "output_gate": (3, 40),
        },
        writes=("state", "y"),
        settings="silu=True",
        bytes=(4 * (4 * 120 + 160 + 40), 4 * 240),  # the state is read, too
    ),
    "GatedDeltaNet": Case(
        lambda **t: ops.GatedDeltaNet(**t, tiled=True),
        {
            "q": (3, 2, 8),
            "k": (3, 2, 8),
            "v": (3, 4, 8),
            "decay": (3, 4),
            "beta": (3, 4),
            "state": (4, 8, 8),
            "y": (3, 4, 8),
            "decay_scale": (4,),
            "decay_bias": (4,),
        },
        writes=("state", "y"),
        settings="tiled=True",
        # The state is read, too.
        bytes=(4 * (2 * 48 + 96 + 2 * 12 + 256 + 8), 4 * (256 + 96)),
    ),
    "SsmScan": Case(
        ops.SsmScan,
        {
            "xbc": (3, 52),
            "dt": (3, 4),
            "a": (4,),
            "state": (4, 5, 8),
            "y": (3, 32),
            "dt_bias": (4,),
            "d": (4,),
            "gate": (3, 32),
        },
        writes=("state", "y"),
        # The state is read, too.
        bytes=(4 * (156 + 12 + 4 + 160 + 8 + 96), 4 * (160 + 96)),
    ),
    "RmsNorm": Case(
        ops.RmsNorm,
        {"weight": (40,), "x": (6, 40), "y": (6, 40), "residual": (6, 40), "gate": (6, 40)},
        in_place=(("y", "x"), ("y", "residual")),
    ),
    "LayerNorm": Case(
        ops.LayerNorm,
        {"x": (6, 40), "y": (6, 40), "weight": (40,), "bias": (40,)},
        in_place=(("y", "x"),),
    ),
    "Softmax": Case(
        lambda **t: ops.Softmax(**t, scale=0.1),
        {"x": (6, 40), "y": (6, 40), "mask": (6, 40)},
        in_place=(("y", "x"), ("y", "mask")),
        settings="scale=0.1",
    ),
    "Add": Case(ops.Add, {"a": (96,), "b": (96,), "y": (96,)}, in_place=BINARY),
    "Multiply": Case(ops.Multiply, {"a": (96,), "b": (96,), "y": (96,)}, in_place=BINARY),
    "SwiGlu": Case(ops.SwiGlu, {"gate": (96,), "up": (96,), "y": (96,)}, in_place=GATED),
    "GeGlu": Case(ops.GeGlu, {"gate": (96,), "up": (96,), "y": (96,)}, in_place=GATED),
    "Clamp": Case(
        lambda **t: ops.Clamp(**t, low=-0.5),
        {"x": (96,), "y": (96,)},
        in_place=(("y", "x"),),
        settings="low=-0.5",
    ),
    "Copy": Case(ops.Copy, {"x": (96,), "y": (96,)}, in_place=(("y", "x"),)),
    "Fill": Case(lambda y: ops.Fill(y=y, value=1.5), {"y": (96,)}, settings="value=1.5"),
    "Arange": Case(lambda y: ops.Arange(y=y, step=2), {"y": (96,)}, settings="step=2"),
    "RandomUniform": Case(
        lambda y: ops.RandomUniform(y=y, high=0.1, seed=7),
        {"y": (96,)},
        settings="high=0.1, seed=7",
    ),
    "RandomNormal": Case(ops.RandomNormal, {"y": (96,)}),
    "Embedding": Case(
        ops.Embedding,
        {"table": (7, 32), "ids": (5,), "y": (5, 32), "positions": (9, 32)},
        dtypes={"ids": fd.u32},
        bytes=(5 * 4 + 2 * 5 * 32 * 4, 5 * 32 * 4),  # five rows of each table
    ),
    "Argmax": Case(ops.Argmax, {"x": (7, 33), "y": (7,)}, dtypes={"y": fd.u32}),
    "Sample": Case(
        lambda **t: ops.Sample(**t, typical_p=0.5, temperature=0.5, seed=3, step=1),
        {
            "logits": (200,),
            "scratch": (200,),
            "token": (1,),
            "counts": (200,),
            "bias": (200,),
            "mask": (7,),
        },
        writes=("scratch", "token", "counts"),
        in_place=(("scratch", "logits"),),
        dtypes={"token": fd.u32, "counts": fd.u32, "mask": fd.u32},
        settings="typical_p=0.5, temperature=0.5, seed=3, step=1",
        # The scratch is written, then read; of the counts one is written.
        bytes=((4 * 200 + 7) * 4, (200 + 1 + 1) * 4),
    ),
    "LogProbabilities": Case(
        lambda **t: ops.LogProbabilities(**t, position=5),
        {"logits": (2, 200), "token": (2,), "chosen": (4,), "ids": (4, 3), "values": (4, 3)},
        writes=("chosen", "ids", "values"),
        dtypes={"token": fd.u32, "ids": fd.u32},
        settings="position=5",
        bytes=((400 + 2) * 4, 2 * (1 + 3 + 3) * 4),  # a slot of the rings for each row
    ),
    "AppendToken": Case(
        lambda **t: ops.AppendToken(**t, position=5, window=3),
        {"token": (1,), "ring": (96,), "counts": (64,)},
        writes=("ring", "counts"),
        dtypes={"token": fd.u32, "ring": fd.u32, "counts": fd.u32},
        settings="position=5, window=3",
        bytes=(4 + 4 + 4, 4 + 4),  # the token; the one that leaves the window, and its count
    ),
    "CountTokens": Case(
        ops.CountTokens,
        {"ids": (5,), "counts": (64,)},
        writes=("counts",),
        dtypes={"ids": fd.u32, "counts": fd.u32},
        bytes=(5 * 4 + 5 * 4, 5 * 4),
    ),
    "SandwichNorm": Case(
        lambda **t: ops.SandwichNorm(**t, epsilon=1e-6),
        {"residual": (40,), "weight": (40,), "next_weight": (40,)},
        writes=(),
        settings="epsilon=1e-06",
    ),
    "Bias": Case(ops.Bias, {"bias": (8,)}, writes=()),
    "Residual": Case(ops.Residual, {"residual": (8,)}, writes=()),
    "Scale": Case(lambda: ops.Scale(0.5), {}, writes=(), settings="factor=0.5"),
    "TokenScale": Case(ops.TokenScale, {"factors": (1,)}, writes=()),
    "SoftCap": Case(lambda: ops.SoftCap(50), {}, writes=(), settings="cap=50.0"),
    "Silu": Case(ops.Silu, {}, writes=()),
    "Gelu": Case(ops.Gelu, {}, writes=()),
    "GeluErf": Case(ops.GeluErf, {}, writes=()),
    "GeluQuick": Case(ops.GeluQuick, {}, writes=()),
    "Sigmoid": Case(ops.Sigmoid, {}, writes=()),
    "Relu": Case(ops.Relu, {}, writes=()),
    "ReluSquared": Case(ops.ReluSquared, {}, writes=()),
    "Xielu": Case(lambda: ops.Xielu(beta=0.25), {}, writes=(), settings="beta=0.25"),
    "ClampedSwiGlu": Case(ops.ClampedSwiGlu, {}, writes=()),
    "HeadNorm": Case(
        lambda weight: ops.HeadNorm(weight, epsilon=1e-5),
        {"weight": (64,)},
        writes=(),
        settings="epsilon=1e-05",
    ),
    "HeadLayerNorm": Case(ops.HeadLayerNorm, {"weight": (64,)}, writes=()),
    "CacheWrite": Case(ops.CacheWrite, {}, writes=()),
}
