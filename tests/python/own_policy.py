"""A program that adds a policy: ggml's Q8_1, 32 codes, their scale, and a sum that it ignores."""

from __future__ import annotations

import numpy as np

import foundry as fd

SOURCE = """
#pragma once
#include "lib/policy.metal"

struct Q8_1Block {
  half scale;
  half sum;
  char codes[32];
};

template <uint Width>
struct Q8_1 {
  using Block = Q8_1Block;
  FOUNDRY_CONSTANT uint kBlock = 32;

  static uint position(uint lane, uint j) { return lane * 8 + j; }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    device const Block& block = step[lane / 4];
    float sum = 0.0f;
    for (uint j = 0; j < 8; ++j) sum += float(block.codes[lane % 4 * 8 + j]) * x[j];
    return float(block.scale) * sum;
  }

  static float value(device const Block& block, uint i) {
    return float(block.scale) * float(block.codes[i]);
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
    dtype = fd.DType.q8_1
    assert dtype not in fd.weight_formats() and not dtype.is_supported
    assert refusal(dtype, "Q8_1", "", 8) == ("policy Q8_1: its source defines no struct Q8_1")
    assert refusal(dtype, "half", SOURCE, 8) == "policy half: 'half' is no name that MSL allows"
    assert "0 weights a lane; supported: 1 to" in refusal(dtype, "Q8_1", SOURCE, 0)
    assert "f32 has a policy already, F32" in refusal(fd.f32, "Q8_1", SOURCE, 8)
    for _ in range(2):  # the same again changes nothing
        fd.policy(dtype, name="Q8_1", source=SOURCE, wide=8, narrow=2)
    assert "q8_1 has a policy already, Q8_1" in refusal(dtype, "Q8_1", SOURCE, 16)
    assert dtype in fd.weight_formats() and dtype.is_supported

    rt = fd.Foundry()
    rng = np.random.default_rng(0)
    rows, columns = 37, 160
    blocks = rng.integers(0, 256, (rows, columns // 32, 36), dtype=np.uint8)
    scales = rng.uniform(-0.02, 0.02, (rows, columns // 32, 1)).astype(np.float16)
    blocks[..., :2] = scales.view(np.uint8)
    values = (blocks[..., 4:].view(np.int8) * scales.astype(np.float64)).reshape(rows, columns)
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
