// A reshape to another number of elements.
// rejected: 'SameCount<Shape<4, 8>, Shape<33>>' evaluated to false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Pooled, Shared, Shape<4, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  (void)x.reshape<Shape<33>>();
}
#else
  (void)x.reshape<Shape<32>>();
}
#endif
