// KvRearrange: keys or values from position-major to head-major order, and back.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct KvRearrange {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Keys or values from position-major to head-major order: y[h, p] = x[p, h]. The same "
      "operation leads back, its x being head-major. Converted as Copy does. ShapeError unless the "
      "shapes belong together.",
      read<&KvRearrange::x>(
          Elements::plain,
          "(positions, heads, head_dim), or a view such as the filled part of a cache"),
      write<&KvRearrange::y>(Elements::plain, "(heads, positions, head_dim), or a view"));
};

}  // namespace foundry::ops
