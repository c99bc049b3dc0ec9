// A matrix where a vector is asked for.
// rejected: 'ShapeForgets<Shape<4, 8>, Shape<0>>' evaluated to false
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

template <std::size_t kRank>
using Ranked = Tensor<f32, Pooled, Shared, Rank<kRank>>;
void take(const Tensor<f32, Pooled, Shared, Shape<4, 8>>& x) {
#ifdef FOUNDRY_MISUSE
  Ranked<1> vector = x;
}
#else
  Ranked<2> matrix = x;
}
#endif
