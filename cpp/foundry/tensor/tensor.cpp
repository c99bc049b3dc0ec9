#include "foundry/tensor/tensor.hpp"

namespace foundry {

namespace {

/// "(4, any)".
std::string text_of(std::span<const std::uint64_t> extents) {
  std::string text = "(";
  for (std::size_t i = 0; i < extents.size(); ++i) {
    text += concat(i ? ", " : "", extents[i] == kAny ? "any" : std::to_string(extents[i]));
  }
  return text + (extents.size() == 1 ? ",)" : ")");
}

}  // namespace

void check_tensor_shape(const AnyTensor& tensor, bool has_rank,
                        std::span<const std::uint64_t> extents) {
  if (!has_rank) return;
  if (tensor.rank() != extents.size()) {
    throw ShapeError(concat(tensor.describe(), " has ", tensor.rank(),
                            tensor.rank() == 1 ? " dimension" : " dimensions", "; asked for ",
                            text_of(extents)));
  }
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == kAny || extents[axis] == tensor.extents()[axis]) continue;
    throw ShapeError(concat(tensor.describe(), ": axis ", axis, " is ", tensor.extents()[axis],
                            "; asked for ", text_of(extents)));
  }
}

void check_tensor_type(const AnyTensor& tensor, DType dtype, StorageKind storage, StorageMode mode,
                       bool has_rank, std::span<const std::uint64_t> extents) {
  if (!tensor) throw StorageError("a typed tensor cannot be made of an empty one");
  if (tensor.dtype() != dtype) {
    throw DTypeError(concat(tensor.describe(), " is no tensor of ", name_of(dtype)));
  }
  if (tensor.storage() != storage || tensor.mode() != mode) {
    throw StorageError(concat(tensor.describe(), " is ", name_of(tensor.storage()), ", ",
                              name_of(tensor.mode()), "; asked for ", name_of(storage), ", ",
                              name_of(mode)));
  }
  check_tensor_shape(tensor, has_rank, extents);
}

}  // namespace foundry
