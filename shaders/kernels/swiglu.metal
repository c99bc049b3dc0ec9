// SwiGLU: silu(gate) * up (Shazeer, "GLU Variants Improve Transformer", 2020).
#include "lib/activation.metal"
#include "lib/elementwise.metal"

struct SwiGluStep {
  device const Gate* gate;
  device const Up* up;
  device Y* y;
  void operator()(uint i) const {
    y[i] = Y(silu(float(gate[i])) * float(up[i]));
  }
};

kernel void swiglu(FOUNDRY_ARGUMENTS) {
  for_elements(params.count, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup, SwiGluStep{gate, up, y});
}
