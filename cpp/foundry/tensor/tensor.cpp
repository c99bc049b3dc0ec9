#include "foundry/tensor/tensor.hpp"

namespace foundry {

void check_tensor_type(const AnyTensor& tensor, DType dtype, StorageKind storage, StorageMode mode,
                       std::size_t rank) {
  if (!tensor) throw StorageError("a typed tensor cannot be made of an empty one");
  if (tensor.dtype() != dtype) {
    throw DTypeError(concat(tensor.describe(), " is no tensor of ", name_of(dtype)));
  }
  if (tensor.storage() != storage || tensor.mode() != mode) {
    throw StorageError(concat(tensor.describe(), " is ", name_of(tensor.storage()), ", ",
                              name_of(tensor.mode()), "; asked for ", name_of(storage), ", ",
                              name_of(mode)));
  }
  if (rank != kDynamicRank && tensor.rank() != rank) {
    throw ShapeError(
        concat(tensor.describe(), " has ", tensor.rank(), " dimensions; asked for ", rank));
  }
}

}  // namespace foundry
