// Extents that the tensor cannot have.
// rejected: 'ShapeMayBe<Shape<4, 8>, Shape<0, 9>>' evaluated to false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Pooled, Shared, Shape<4, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  (void)x.as<Shape<kAny, 9>>();
}
#else
  (void)x.as<Shape<kAny, 8>>();
}
#endif
