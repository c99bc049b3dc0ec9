// A dedicated tensor taken for a view without as_view().
// rejected: no viable conversion
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

void take(const Tensor<f32, Dedicated, Shared>& x) {
#ifdef FOUNDRY_MISUSE
  Tensor<f32, View, Shared> view = x;
}
#else
  Tensor<f32, View, Shared> view = x.as_view();
}
#endif
