// SwiGLU: silu(gate) * up (Shazeer, "GLU Variants Improve Transformer", 2020).
#include "stages/silu.metal"

kernel void swiglu(FOUNDRY_ARGUMENTS) {
  const uint i = thread_position_in_grid.x;
  if (i < params.count) y[i] = Y(Silu().apply(float(gate[i]), 0, 0, 0) * float(up[i]));
}
