// Copies a tensor, converting its elements where the types differ. Via is float between float types
// (half and bfloat do not convert into each other), else X itself.
#include "lib/common.metal"

kernel void copy(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  if (i < params.count) y[i] = Y(Via(x[i]));
}
