// Sum of two tensors, element by element.
#include "lib/common.metal"

kernel void add(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  if (i < params.count) y[i] = Y(float(a[i]) + float(b[i]));
}
