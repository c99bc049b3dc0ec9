// The same, where the argument is made by name.
// rejected: 'SameElement<float, f16>' evaluated to false
#include "foundry/kernel/arguments.hpp"

using namespace foundry;

void make(const Tensor<f16>& half, const Tensor<f32>& single) {
  (void)half, (void)single;
#ifdef FOUNDRY_MISUSE
  In<f16> x(single);
}
#else
  In<f16> x(half);
}
#endif
