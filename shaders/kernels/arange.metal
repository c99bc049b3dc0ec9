// Evenly spaced numbers; integers modulo 2^64, which is exact for those that their type holds.
#include "lib/elementwise.metal"

struct ArangeStep {
  device Y* y;
  constant ArangeParams& params;
  void operator()(uint i) const {
    y[i] = integral ? Y(params.integer_start + ulong(i) * params.integer_step)
                    : Y(fma(float(i), params.step, params.start));
  }
};

kernel void arange(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup,
               ArangeStep{y, params});
}
