// Copy: between tensors of any layouts and plain dtypes; cast, gather of a view, write to a view.
#pragma once

#include <array>

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/copy.metal.
struct CopyParams {
  std::uint32_t count;
};

/// Shared with shaders/kernels/copy_strided.metal. Strides in elements; the last dimension is the
/// innermost one.
struct CopyStridedParams {
  std::uint32_t count;
  std::uint32_t rank;
  std::array<std::uint32_t, kMaxRank> extents;
  std::array<std::uint32_t, kMaxRank> x_strides;
  std::array<std::uint32_t, kMaxRank> y_strides;
};

/// y = x, converted to y's dtype: float types round to nearest; a float to an integer drops its
/// fraction, and is unspecified outside of the integer's range; integers wrap; bool is "not zero".
/// Any plain dtypes, below 2^32 elements. x may be any view: transposed, sliced, broadcast; y too
/// but broadcast. Without gaps on either side the shapes need only the same number of elements,
/// else they are equal (ShapeError, with both).
struct Copy {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
