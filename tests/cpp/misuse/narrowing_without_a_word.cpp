// An AnyTensor taken for a typed one without saying so.
// rejected: no viable conversion from 'const AnyTensor' to 'Tensor<f32>'
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const AnyTensor& any) {
#ifdef FOUNDRY_MISUSE
  Tensor<f32> typed = any;
}
#else
  Tensor<f32> typed(any);
}
#endif
