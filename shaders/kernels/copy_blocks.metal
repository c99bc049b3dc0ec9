// Copies a tensor in blocks as it is. Unit: an integer that a block is a number of.
#include "lib/elementwise.metal"

struct CopyUnit {
  device const Unit* x;
  device Unit* y;
  void operator()(uint i) const { y[i] = x[i]; }
};

kernel void copy_blocks(FOUNDRY_ARGUMENTS) {
  const CopyUnit step = {reinterpret_cast<device const Unit*>(x),
                         reinterpret_cast<device Unit*>(y)};
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup, step);
}
