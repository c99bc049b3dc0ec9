// Which tensors of a dispatch may share bytes: those that its description says, nothing else.
#pragma once

#include <span>
#include <string_view>

#include "foundry/kernel/description.hpp"
#include "foundry/tensor/any_tensor.hpp"

namespace foundry {

/// A tensor and the argument that it stands for.
struct TensorPlace {
  const ArgumentDescription* argument;
  const AnyTensor* tensor;
  std::uint64_t begin, end;  // hazard addresses
};
[[nodiscard]] inline TensorPlace place_of(const ArgumentDescription& argument,
                                          const AnyTensor& tensor) noexcept {
  const std::uint64_t begin = tensor.buffer().hazard_address() + tensor.byte_offset();
  return {&argument, &tensor, begin, begin + tensor.byte_length()};
}

/// Throws ArgumentError, with both arguments and their bytes, if one that is written shares bytes
/// with another and is not `in_place` of it: the same elements in the same order.
void check_overlaps(std::string_view kernel, std::span<const TensorPlace> places);

/// Whether two tensors may have a byte in common. Views that lie between each other (the even and
/// the odd columns of a matrix) have none; where that is hard to tell, true.
[[nodiscard]] bool may_share_bytes(const AnyTensor& a, const AnyTensor& b);

}  // namespace foundry
