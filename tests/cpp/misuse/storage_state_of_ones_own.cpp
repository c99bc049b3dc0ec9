// A storage state that is none of the library's.
// rejected: 'Elsewhere' does not satisfy 'StorageState'
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

struct Elsewhere {
  static constexpr StorageKind kKind = StorageKind::pooled;
};
#ifdef FOUNDRY_MISUSE
Tensor<f32, Elsewhere, Shared> tensor;
#else
Tensor<f32, Pooled, Shared> tensor;
#endif
