// A slice that leaves its axis.
// rejected: 'SliceFits<Shape<4, 8>, 1, 2, 9, 1>' evaluated to false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Pooled, Shared, Shape<4, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  (void)x.slice<1, 2, 9>();
}
#else
  (void)x.slice<1, 2, 8>();
}
#endif
