// Argmax: the index of each row's largest element.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/argmax.metal.
struct ArgmaxParams {
  std::uint32_t columns;
};

/// x: (columns,) or (rows, columns), a plain float type; y: (rows,) i32 or u32. Of equal elements
/// the first; NaN is never chosen, a row of nothing else gives 0.
struct Argmax {
  AnyTensor x;
  AnyTensor y;

  void encode(Encoder& encoder) const;
  Traffic traffic() const;
};

}  // namespace foundry::ops
