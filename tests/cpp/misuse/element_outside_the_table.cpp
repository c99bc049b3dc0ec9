// A tensor of what is no element type.
// rejected: 'Pair' does not satisfy 'Element'
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

struct Pair {
  float a, b;
};
#ifdef FOUNDRY_MISUSE
Tensor<Pair> tensor;
#else
Tensor<f32> tensor;
#endif
