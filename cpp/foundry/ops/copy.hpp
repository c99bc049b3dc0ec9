// Copy: between tensors of any layouts and plain dtypes, or of one block dtype; cast, gather of a
// view, write to a view.
#pragma once

#include <array>

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/copy.metal and copy_blocks.metal, where it is the number of units.
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

struct Copy {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "y = x, converted to y's dtype: a cast, the gather of a view, the write to a view. Float "
      "types round to nearest, beyond the range to infinity; a float to an integer drops its "
      "fraction, beyond the range goes to its end, NaN to 0; integers wrap; bool is \"not zero\". "
      "Below 2^32 elements. Without gaps on either side the shapes need only the same number of "
      "elements, else they are equal: ShapeError, with both. Blocks are copied to blocks of the "
      "same "
      "dtype, as they are, without gaps.",
      read<&Copy::x>(Elements::plain, "any view: transposed, sliced, broadcast"),
      write<&Copy::y>(Elements::plain, "any view but a broadcast one").may_be<&Copy::x>());
};

}  // namespace foundry::ops
