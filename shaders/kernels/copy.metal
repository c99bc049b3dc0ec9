// Copies a tensor, converting its elements where the types differ. Via is float if either side is a
// float (half and bfloat do not convert into each other), else X itself.
#include "lib/convert.metal"
#include "lib/elementwise.metal"

struct CopyStep {
  device const X* x;
  device Y* y;
  void operator()(uint i) const { y[i] = converted<Y>(Via(x[i])); }
};

kernel void copy(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup, CopyStep{x, y});
}
