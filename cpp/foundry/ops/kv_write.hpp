// KvWrite: new keys and values into their positions of the cache.
#pragma once

#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/kv_write.metal. Strides in elements, or in blocks.
struct KvWriteParams {
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  std::uint32_t start;
  std::uint32_t k_position_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
};

struct KvWrite {
  AnyTensor k;
  AnyTensor v;
  AnyTensor k_cache;
  AnyTensor v_cache;
  Scalar<std::uint32_t> start = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Keys and values into positions start and on of the caches. ShapeError past the capacity.",
      read<&KvWrite::k>(Elements::floats, "(tokens, kv_heads, head_dim); heads may be folded"),
      read<&KvWrite::v>(Elements::floats, "k's size"),
      write<&KvWrite::k_cache>(
          Elements::any,
          "f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the "
          "innermost, which is 1"),
      write<&KvWrite::v_cache>(Elements::any, "as k_cache, of the same dtype"), ByName{},
      setting<&KvWrite::start>("position of the first token"));
};

}  // namespace foundry::ops
