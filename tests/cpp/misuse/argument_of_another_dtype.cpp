// A tensor of another element type in an argument struct.
// rejected: 'SameElement<float, f16>' evaluated to false
#include "foundry/kernel/arguments.hpp"

using namespace foundry;

struct Scale {
  In<f16> x;
};
Scale make(const Tensor<f16>& half, const Tensor<f32>& single) {
  (void)half, (void)single;
#ifdef FOUNDRY_MISUSE
  return Scale{single};
}
#else
  return Scale{half};
}
#endif
