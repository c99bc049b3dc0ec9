// y = W x for one token, with W in tiles of 32 rows: element (row, column) is at
// [row / 32, column, row % 32].
//
// A lane is a row: it reads the next column of its row beside its neighbours', multiplies with an
// input that all lanes share, and adds to a sum of its own. The matrix is read in order from its
// first byte to its last, and nothing is summed over lanes. A threadgroup takes a tile; its
// simdgroups share the columns.
#include "lib/common.metal"

FOUNDRY_GLOBAL uint kSimdgroups = Simdgroups::value;

kernel void gemv_tiled(FOUNDRY_ARGUMENTS) {
  threadgroup float partial[kSimdgroups * 32];
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint tile = threadgroup_position_in_grid.x;
  const uint share = (params.columns + kSimdgroups * 4 - 1) / (kSimdgroups * 4) * 4;
  const uint begin = min(simdgroup * share, params.columns);
  const uint end = min(begin + share, params.columns);
  device const W* own = weights + ulong(tile) * params.columns * 32 + lane;

  // Four sums, so that no addition waits for the one before it.
  float4 sums = 0.0f;
  uint k = begin;
  for (; k + 4 <= end; k += 4) {
#pragma unroll
    for (uint j = 0; j < 4; ++j) sums[j] += float(own[ulong(k + j) * 32]) * float(x[k + j]);
  }
  float sum = (sums.x + sums.y) + (sums.z + sums.w);
  for (; k < end; ++k) sum += float(own[ulong(k) * 32]) * float(x[k]);

  if (kSimdgroups > 1) {
    partial[simdgroup * 32 + lane] = sum;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (simdgroup != 0) return;
    for (uint s = 1; s < kSimdgroups; ++s) sum += partial[s * 32 + lane];
  }
  const uint row = tile * 32 + lane;
  if (row < params.rows) y[row] = Y(sum);
}
