// A storage mode that is none of the library's.
// rejected: 'Managed' does not satisfy 'StorageModeTag'
#include "foundry/tensor/tensor.hpp"

using namespace foundry;

struct Managed {
  static constexpr StorageMode kMode = StorageMode::shared;
};
#ifdef FOUNDRY_MISUSE
Tensor<f32, Pooled, Managed> tensor;
#else
Tensor<f32, Pooled, Shared> tensor;
#endif
