// Gives every element of a tensor one value, by its bits: Bits is as wide as an element.
#include "lib/elementwise.metal"

struct FillStep {
  device Bits* y;
  Bits value;
  void operator()(uint i) const { y[i] = value; }
};

kernel void fill(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup,
               FillStep{reinterpret_cast<device Bits*>(y), Bits(params.bits)});
}
