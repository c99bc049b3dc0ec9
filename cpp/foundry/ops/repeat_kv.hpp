// RepeatKv: each key-value head once for every query head of its group.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// x: (positions, kv_heads, head_dim), y: (positions, heads, head_dim), heads a multiple of
/// kv_heads: y[p, h] = x[p, h / (heads / kv_heads)]. For attention without grouped queries
/// (Attention itself needs it not). Plain dtypes, converted as Copy does; x may be a view, y has no
/// gaps. ShapeError unless the shapes belong together.
struct RepeatKv {
  AnyTensor x;
  AnyTensor y;
  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
