// Copies a tensor, converting its elements where the types differ.
#include "lib/common.metal"

kernel void copy(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  if (i < params.count) y[i] = Y(x[i]);
}
