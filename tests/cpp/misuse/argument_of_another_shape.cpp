// A tensor of other extents in an argument struct.
// rejected: 'ShapeMayBe<Shape<4000>, Shape<4096>>' evaluated to false
#include "foundry/kernel/arguments.hpp"

using namespace foundry;

struct Norm {
  In<f16, AnyMode, Shape<4096>> x;
};
using Right = Tensor<f16, Pooled, Shared, Shape<4096>>;
using Wrong = Tensor<f16, Pooled, Shared, Shape<4000>>;
Norm make(const Right& right, const Wrong& wrong) {
  (void)right, (void)wrong;
#ifdef FOUNDRY_MISUSE
  return Norm{wrong};
}
#else
  return Norm{right};
}
#endif
