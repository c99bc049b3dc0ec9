// GeGLU: gelu(gate) * up, tanh form (Shazeer, "GLU Variants Improve Transformer", 2020).
#include "lib/activation.metal"
#include "lib/elementwise.metal"

struct GeGluStep {
  device const Gate* gate;
  device const Up* up;
  device Y* y;
  void operator()(uint i) const {
    y[i] = Y(gelu_tanh(float(gate[i])) * float(up[i]));
  }
};

kernel void geglu(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup, GeGluStep{gate, up, y});
}
