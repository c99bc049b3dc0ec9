// A broadcast of an extent that does not repeat.
// rejected: 'ShapeRepeatsTo<Shape<2, 8>, Shape<5, 8>>' evaluated to
// false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Pooled, Shared, Shape<2, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  (void)x.broadcast<Shape<5, 8>>();
}
#else
  (void)x.broadcast<Shape<5, 2, 8>>();
}
#endif
