// Brings elements between two bounds.
#include "lib/convert.metal"
#include "lib/elementwise.metal"
#include "lib/non_finite.metal"

struct ClampStep {
  device const X* x;
  device Y* y;
  float low;
  float high;
  void operator()(uint i) const {
    const float value = float(x[i]);
    y[i] = converted<Y>(is_nan(value) ? value : min(max(value, low), high));
  }
};

kernel void clamp_elements(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup,
               ClampStep{x, y, params.low, params.high});
}
