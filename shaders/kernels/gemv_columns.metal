// y[column] = sum over rows of weights[row, column] * x[row]: the product with the transpose of a
// row-major matrix, for one vector.
//
// Lanes stand on neighbouring columns, so that every row is read in order and no sum crosses lanes.
// A threadgroup takes kChunks * 32 columns; its simdgroups share the rows, four at a time so that a
// sum is loaded and stored once for four weights where it does not stay in a register.
#include "lib/policy.metal"

FOUNDRY_GLOBAL uint kSimdgroups = Simdgroups::value;
FOUNDRY_GLOBAL uint kChunks = Chunks::value;
FOUNDRY_GLOBAL uint kRows = 4;

kernel void gemv_columns(FOUNDRY_ARGUMENTS) {
  threadgroup float partial[kSimdgroups * kChunks * 32];
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint first = threadgroup_position_in_grid.x * kChunks * 32;
  const uint blocks = params.columns / Weights::kBlock;
  const uint share = (params.rows + kSimdgroups - 1) / kSimdgroups;
  const uint begin = min(simdgroup * share, params.rows);
  const uint end = min(begin + share, params.rows);

  float sums[kChunks];
#pragma unroll
  for (uint c = 0; c < kChunks; ++c) sums[c] = 0.0f;
  for (uint row = begin; row < end; row += kRows) {
    float inputs[kRows];
    device const Weights::Block* rows[kRows];
#pragma unroll
    for (uint r = 0; r < kRows; ++r) {
      const bool inside = row + r < end;
      inputs[r] = inside ? float(x[row + r]) : 0.0f;
      rows[r] = weights + ulong(inside ? row + r : row) * blocks;
    }
#pragma unroll
    for (uint c = 0; c < kChunks; ++c) {
      const uint at = first + c * 32;
      if (at + 32 <= params.columns) {
#pragma unroll
        for (uint r = 0; r < kRows; ++r) {
          sums[c] += weight_of_lane<Weights>(rows[r], at, lane) * inputs[r];
        }
      } else if (at + lane < params.columns) {
#pragma unroll
        for (uint r = 0; r < kRows; ++r) {
          sums[c] += weight_at<Weights>(rows[r], at + lane) * inputs[r];
        }
      }
    }
  }

  if (kSimdgroups > 1) {
#pragma unroll
    for (uint c = 0; c < kChunks; ++c) partial[(simdgroup * kChunks + c) * 32 + lane] = sums[c];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (simdgroup != 0) return;
#pragma unroll
    for (uint c = 0; c < kChunks; ++c) {
      for (uint s = 1; s < kSimdgroups; ++s) sums[c] += partial[(s * kChunks + c) * 32 + lane];
    }
  }
#pragma unroll
  for (uint c = 0; c < kChunks; ++c) {
    const uint column = first + c * 32 + lane;
    if (column < params.columns) y[column] = Y(sums[c]);
  }
}
