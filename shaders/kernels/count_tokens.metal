// Counts every token of a prompt, for the penalties of `sample`.
#include "lib/common.metal"

kernel void count_tokens(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  if (i >= params.tokens) return;
  const uint id = uint(ids[i]);
  if (id < params.columns) {
    atomic_fetch_add_explicit((device atomic_uint*)(counts + id), 1, memory_order_relaxed);
  }
}
