// GeGLU: gelu(gate) * up, tanh form (Shazeer, "GLU Variants Improve Transformer", 2020).
#include "lib/elementwise.metal"
#include "stages/gelu.metal"

struct GeGluStep {
  device const Gate* gate;
  device const Up* up;
  device Y* y;
  void operator()(uint i) const {
    y[i] = Y(Gelu().apply(float(gate[i]), 0, 0, 0) * float(up[i]));
  }
};

kernel void geglu(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup, GeGluStep{gate, up, y});
}
