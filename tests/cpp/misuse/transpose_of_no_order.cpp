// A transpose that names a dimension twice.
// rejected: 'IsOrderOf<Shape<4, 8>, 1, 1>' evaluated to false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Pooled, Shared, Shape<4, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  (void)x.transpose<1, 1>();
}
#else
  (void)x.transpose<1, 0>();
}
#endif
