// Gives every element of a tensor one value.
#include "lib/common.metal"

kernel void fill(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  if (i < params.count) y[i] = Y(params.value);
}
