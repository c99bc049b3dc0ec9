// QkvLinear: the input half of attention for one token, in one kernel: q, k and v, their biases and
// head norms, RoPE, and the write to the cache.
#pragma once

#include <optional>

#include "foundry/fusion/fused_kernel.hpp"
#include "foundry/ops/rope.hpp"

namespace foundry::ops {

/// query: (heads * head_dim, columns); key, value: (kv_heads * head_dim, columns); any dtypes with
/// policies. x: (columns,) or (1, columns); q: (1, heads, head_dim), both of plain float types;
/// k_cache, v_cache: (capacity, kv_heads, head_dim) of one plain float type, any strides but the
/// innermost, which is 1. The token goes to position start; ShapeError past the capacity. Biases,
/// (rows,), and head norms, (head_dim,), are optional; the norm comes before RoPE (Qwen 3).
/// For more tokens, let FusedKernelBuilder write plain q, k and v, and run RopeKvWrite.
struct QkvLinear {
  AnyTensor query;
  AnyTensor key;
  AnyTensor value;
  AnyTensor x;
  AnyTensor q;
  AnyTensor k_cache;
  AnyTensor v_cache;
  Scalar<std::uint32_t> start = {};
  RopeSettings settings;
  std::optional<Stage> prologue;
  AnyTensor query_bias;
  AnyTensor key_bias;
  AnyTensor value_bias;
  AnyTensor query_norm;
  AnyTensor key_norm;
  float norm_epsilon = 1e-6f;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  /// The generated kernel, for reading.
  [[nodiscard]] KernelDescription describe(const Device& device) const;
};

}  // namespace foundry::ops
