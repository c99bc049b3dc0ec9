// KvWrite: new keys and values into their positions of the cache.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/kv_write.metal. Strides in elements.
struct KvWriteParams {
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  std::uint32_t start;
  std::uint32_t k_position_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
};

/// Shapes as RopeKvWrite. Token t goes to position start + t; ShapeError past the capacity.
struct KvWrite {
  AnyTensor k;
  AnyTensor v;
  AnyTensor k_cache;
  AnyTensor v_cache;
  Scalar<std::uint32_t> start = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
