// A squeeze of an axis that is not 1.
// rejected: 'AxisMayBeOne<Shape<1, 8>, 1>' evaluated to false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Pooled, Shared, Shape<1, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  (void)x.squeeze<1>();
}
#else
  (void)x.squeeze<0>();
}
#endif
