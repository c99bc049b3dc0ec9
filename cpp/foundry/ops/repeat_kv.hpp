// RepeatKv: each key-value head once for every query head of its group.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct RepeatKv {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Each key-value head for every query head of its group: y[p, h] = x[p, h / (heads / "
      "kv_heads)]. For attention without grouped queries; Attention itself needs it not. Converted "
      "as Copy does. ShapeError unless the shapes belong together.",
      read<&RepeatKv::x>(Elements::plain, "(positions, kv_heads, head_dim), or a view"),
      write<&RepeatKv::y>(Elements::plain,
                          "(positions, heads, head_dim), heads a multiple of kv_heads, no gaps"));
};

}  // namespace foundry::ops
