"""A program that adds a policy: ggml's IQ4_NL, 32 codes of four bits into a table, and a scale."""

from __future__ import annotations

import numpy as np

import foundry as fd

TABLE = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
SOURCE = """
#pragma once
#include "lib/policy.metal"

FOUNDRY_GLOBAL char kIq4NlTable[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113};

struct IQ4_NLBlock {
  half scale;
  uchar codes[16];
};

template <uint Width>
struct IQ4_NL {
  using Block = IQ4_NLBlock;
  FOUNDRY_CONSTANT uint kBlock = 32;

  static uint position(uint lane, uint j) {
    return lane / 4 * 32 + lane % 4 * 4 + j % 4 + j / 4 * 16;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / 4];
    const uint codes = even_uint(block.codes + lane % 4 * 4);
    float sum = 0.0f;
    for (uint j = 0; j < 4; ++j) {
      sum += float(kIq4NlTable[codes >> 8 * j & 15]) * x[j] +
             float(kIq4NlTable[codes >> (8 * j + 4) & 15]) * x[j + 4];
    }
    return float(block.scale) * sum;
  }

  static float value(device const Block& block, uint i) {
    const uchar pair = block.codes[i % 16];
    return float(block.scale) * float(kIq4NlTable[i < 16 ? pair & 15 : pair >> 4]);
  }
};
"""


def refusal(dtype: fd.DType, name: str, source: str, wide: int) -> str:
    try:
        fd.policy(dtype, name=name, source=source, wide=wide)
    except fd.ArgumentError as error:
        return str(error)
    raise AssertionError(f"policy {name} was taken")


def main() -> None:
    dtype = fd.DType.iq4_nl
    assert dtype not in fd.weight_formats() and not dtype.is_supported
    assert refusal(dtype, "IQ4_NL", "", 8) == ("policy IQ4_NL: its source defines no struct IQ4_NL")
    assert refusal(dtype, "half", SOURCE, 8) == "policy half: 'half' is no name that MSL allows"
    assert "0 weights a lane; supported: 1 to" in refusal(dtype, "IQ4_NL", SOURCE, 0)
    assert "f32 has a policy already, F32" in refusal(fd.f32, "IQ4_NL", SOURCE, 8)
    for _ in range(2):  # the same again changes nothing
        fd.policy(dtype, name="IQ4_NL", source=SOURCE, wide=8, narrow=2)
    assert "iq4_nl has a policy already, IQ4_NL" in refusal(dtype, "IQ4_NL", SOURCE, 16)
    assert dtype in fd.weight_formats() and dtype.is_supported

    rt = fd.Foundry()
    rng = np.random.default_rng(0)
    rows, columns = 37, 160
    blocks = rng.integers(0, 256, (rows, columns // 32, 18), dtype=np.uint8)
    scales = rng.uniform(-0.02, 0.02, (rows, columns // 32, 1)).astype(np.float16)
    blocks[..., :2] = scales.view(np.uint8)
    codes = np.concatenate([blocks[..., 2:] & 15, blocks[..., 2:] >> 4], axis=-1)
    values = (np.array(TABLE)[codes] * scales.astype(np.float64)).reshape(rows, columns)
    weights = rt.dedicated((rows, columns), dtype)
    weights.copy_from(blocks)
    for tokens in (1, 33):
        x = rng.standard_normal((tokens, columns))
        y = rt.empty((tokens, rows), fd.f32)
        rt.run(fd.ops.Linear(weights=weights, x=rt.tensor(x, fd.f32), y=y))
        # f32 sums of 160 products of at most 2.54 and numbers near 1.
        np.testing.assert_allclose(np.asarray(y), x @ values.T, rtol=1e-4, atol=1e-3)
    taken = rt.empty((2, columns), fd.f32)
    ids = rt.tensor(np.array([36, 5], np.int32))
    rt.run(fd.ops.Embedding(table=weights, ids=ids, y=taken))
    np.testing.assert_allclose(np.asarray(taken), values[[36, 5]], rtol=1e-6)
    print("as numpy has it")


if __name__ == "__main__":
    main()
