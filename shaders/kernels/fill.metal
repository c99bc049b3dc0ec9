// Gives every element of a tensor one value. Via is float for a float type, else Y itself.
#include "lib/elementwise.metal"

struct FillStep {
  device Y* y;
  Y value;
  void operator()(uint i) const { y[i] = value; }
};

kernel void fill(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup,
               FillStep{y, Y(integral ? Via(params.integer) : Via(params.value))});
}
