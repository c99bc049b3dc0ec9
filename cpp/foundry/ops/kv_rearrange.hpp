// KvRearrange: keys or values from position-major to head-major order, and back.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// x: (positions, heads, head_dim), y: (heads, positions, head_dim): y[h, p] = x[p, h]. The same
/// op leads back, its x being head-major. Plain dtypes, converted as Copy does; either may be a
/// view, such as the filled part of a cache. ShapeError unless the shapes belong together.
struct KvRearrange {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
