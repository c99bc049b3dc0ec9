"""Block formats that nobody has: their MSL, random blocks, and a decoder in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import foundry as fd


@dataclass(frozen=True)
class Head:
    """What a block begins with: its members, and the weight that a code means."""

    members: str
    layout: list[tuple[str, str]]
    weight: str


# e8m0, as MX formats have it: the biased exponent of a power of two.
POWER = "as_type<float>(uint(block.exponent) << 23)"
HEADS = {
    "exponent": Head("uchar exponent;", [("exponent", "u1")], f"{POWER} * float(code)"),
    "exponent and bias": Head(
        "uchar exponent; char bias;",
        [("exponent", "u1"), ("bias", "i1")],
        f"{POWER} * float(int(code) + block.bias)",
    ),
    "scale": Head("half scale;", [("scale", "f2")], "float(block.scale) * float(code)"),
    "scale and minimum": Head(
        "half scale; half minimum;",
        [("scale", "f2"), ("minimum", "f2")],
        "float(block.scale) * float(code) + float(block.minimum)",
    ),
}


@dataclass(frozen=True)
class Format:
    """`elements` codes of `bits` bits, one after the other from the lowest bit on, after a head."""

    name: str
    elements: int
    bits: int
    head: str
    wide: int

    @property
    def layout(self) -> np.dtype[Any]:
        return np.dtype([*HEADS[self.head].layout, ("codes", "u1", (self.code_bytes,))])

    @property
    def code_bytes(self) -> int:
        return self.elements * self.bits // 8

    @property
    def struct(self) -> str:
        return self.name.title().replace("_", "")

    def source(self) -> str:
        head = HEADS[self.head]
        return f"""#pragma once
#include "lib/policy.metal"

struct {self.struct}Block {{
  {head.members}
  uchar codes[{self.code_bytes}];
}};

template <uint Width>
struct {self.struct} {{
  using Block = {self.struct}Block;
  FOUNDRY_CONSTANT uint kBlock = {self.elements};

  static uint position(uint lane, uint j) {{ return lane * Width + j; }}

  static float dot(device const Block* step, uint lane, thread const float* x) {{
    float sum = 0.0f;
    for (uint j = 0; j < Width; ++j) {{
      const uint k = position(lane, j);
      sum += value(step[k / kBlock], k % kBlock) * x[j];
    }}
    return sum;
  }}

  static float value(device const Block& block, uint i) {{
    const uint first = i * {self.bits};
    uint code = block.codes[first / 8] >> first % 8;
    if (first % 8 + {self.bits} > 8) code |= uint(block.codes[first / 8 + 1]) << (8 - first % 8);
    code &= {2**self.bits - 1};
    return {head.weight};
  }}
}};
"""

    def register(self) -> fd.DType:
        dtype = fd.block_dtype(self.name, self.elements, self.layout.itemsize)
        narrow = self.elements // 32
        fd.policy(dtype, name=self.struct, source=self.source(), wide=self.wide, narrow=narrow)
        return dtype

    def random(self, random: np.random.Generator, *shape: int) -> NDArray[Any]:
        """Any codes; heads that keep weights of a sensible size."""
        blocks = np.zeros(shape, self.layout)
        blocks["codes"] = random.integers(0, 256, blocks["codes"].shape)
        for name, values in {
            "exponent": random.integers(110, 122, shape),
            "bias": random.integers(-128, 128, shape),
            "scale": random.uniform(-0.02, 0.02, shape),
            "minimum": random.uniform(-1, 1, shape),
        }.items():
            if name in (self.layout.names or ()):
                blocks[name] = values
        return blocks

    def decoded(self, blocks: NDArray[Any]) -> NDArray[np.float64]:
        """(rows, columns) of (rows, blocks)."""
        rows, count = blocks.shape
        bits = np.unpackbits(blocks["codes"], axis=-1, bitorder="little")
        digits = bits.reshape(rows, count, self.elements, self.bits)
        codes = (digits * 2.0 ** np.arange(self.bits)).sum(axis=-1)

        def field(name: str) -> NDArray[np.float64]:
            return blocks[name].astype(np.float64)[..., None]

        if "bias" in self.head:
            codes = codes + field("bias")
        scale = field("scale") if "scale" in self.head else 2.0 ** (field("exponent") - 127)
        values = scale * codes
        if "minimum" in self.head:
            values = values + field("minimum")
        return values.reshape(rows, count * self.elements)


FORMATS = [
    Format("own4_e8", 32, 4, "exponent and bias", wide=8),
    Format("own7", 32, 7, "scale", wide=4),
    Format("own3_wide", 96, 3, "scale and minimum", wide=6),
    Format("own5_odd", 512, 5, "exponent", wide=16),
]


def check(rt: fd.Foundry, own: Format, random: np.random.Generator) -> None:
    dtype = own.register()
    assert own.register() is dtype
    rows, columns = 37, 2 * own.elements
    blocks = own.random(random, rows, columns // own.elements)
    values = own.decoded(blocks)
    weights = rt.dedicated((rows, columns), dtype)
    weights.copy_from(blocks.view(np.uint8))
    borrowed = rt.borrow(blocks.view(np.uint8), dtype, (rows, columns))
    assert weights.nbytes == blocks.nbytes and borrowed.dtype is dtype

    # A code times a scale is exact in f32, so that a row of the table is rounded once.
    taken = rt.empty((rows, columns), fd.f32)
    for table in (weights, borrowed):
        ids = rt.tensor(np.arange(rows, dtype=np.int32))
        rt.run(fd.ops.Embedding(table=table, ids=ids, y=taken))
        np.testing.assert_array_equal(np.asarray(taken), values.astype(np.float32))

    bias = random.standard_normal(rows).astype(np.float32)
    gamma = random.uniform(0.5, 2, columns).astype(np.float32)
    for tokens in (1, 33):
        x = random.standard_normal((tokens, columns)).astype(np.float32)
        given = rt.tensor(x)
        y = rt.empty((tokens, rows), fd.f32)
        # As many roundings of sums of such terms as there are columns, at most.
        error = columns * 2.0**-24 * (np.abs(x) @ np.abs(values).T).max()
        rt.run(fd.ops.Linear(weights=weights, x=given, y=y))
        np.testing.assert_allclose(np.asarray(y), x @ values.T, rtol=0, atol=error)
        if tokens == 1:
            rt.run(fd.ops.Gemv(weights=borrowed, x=given.reshape(columns), y=y.reshape(rows)))
            np.testing.assert_allclose(np.asarray(y), x @ values.T, rtol=0, atol=error)

        # Behind a norm, before an epilogue, beside a policy that is built in.
        other = random.standard_normal((rows, columns)).astype(np.float32)
        second = rt.empty((tokens, rows), fd.f32)
        fused = (
            fd.fuse("own")
            .prologue(fd.ops.RmsNorm(weight=rt.tensor(gamma), epsilon=1e-5))
            .main(fd.ops.Linear(weights=weights))
            .epilogue(fd.ops.Bias(rt.tensor(bias)))
            .main(fd.ops.Linear(weights=rt.tensor(other)))
        )
        rt.run(fused.build(x=given, y=[y, second]))
        norm = 1 / np.sqrt(np.mean(x.astype(np.float64) ** 2, axis=-1, keepdims=True) + 1e-5)
        h = x * norm * gamma
        # The norm's own few roundings are within those of the sum.
        error = 2 * columns * 2.0**-24 * ((np.abs(h) @ np.abs(values).T).max() + 4)
        np.testing.assert_allclose(np.asarray(y), h @ values.T + bias, rtol=0, atol=error)
        error = 2 * columns * 2.0**-24 * (np.abs(h) @ np.abs(other).T).max()
        np.testing.assert_allclose(np.asarray(second), h @ other.T, rtol=0, atol=error)


def check_kernel(rt: fd.Foundry, own: Format, random: np.random.Generator) -> None:
    """A kernel of one's own has the blocks by the struct's name."""
    dtype = own.register()
    blocks = own.random(random, 3, 2)
    weights = rt.dedicated((3, 2 * own.elements), dtype)
    weights.copy_from(blocks.view(np.uint8))
    y = rt.empty(weights.shape, fd.f32)

    @fd.kernel(dispatch=fd.per_element("y"), header=f'#include "policies/{own.name}.metal"')
    def dequantise(w: fd.In[dtype], y: fd.Out[fd.f32]) -> None:  # type: ignore[valid-type]
        """if (gid < y_size) y[gid] = weight_at<Own4E8<8>>(w, gid);"""

    rt.run(dequantise(w=weights, y=y))
    np.testing.assert_array_equal(np.asarray(y), own.decoded(blocks).astype(np.float32))


def main() -> None:
    rt = fd.Foundry()
    random = np.random.default_rng(10)
    for own in FORMATS:
        check(rt, own, random)
    check_kernel(rt, FORMATS[0], random)
    print("as numpy has it")


if __name__ == "__main__":
    main()
