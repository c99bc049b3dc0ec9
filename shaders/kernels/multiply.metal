// Product of two tensors, element by element. Via is what they are multiplied in.
#include "lib/convert.metal"
#include "lib/elementwise.metal"

struct MultiplyStep {
  device const A* a;
  device const B* b;
  device Y* y;
  void operator()(uint i) const { y[i] = converted<Y>(Via(a[i]) * Via(b[i])); }
};

kernel void multiply(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup, MultiplyStep{a, b, y});
}
