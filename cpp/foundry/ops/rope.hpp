// Rope: rotary position embedding in both pairings, by itself or together with the cache write.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/traffic.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/rope.metal.
struct RopeParams {
  std::uint32_t heads;
  std::uint32_t head_dim;
  std::uint32_t start;        ///< position of the first token
  std::uint32_t interleaved;  ///< 1: pairs (2i, 2i + 1); 0: (i, i + head_dim / 2)
  float log2_base;
};

/// Shared with shaders/kernels/rope_kv_write.metal.
struct RopeKvWriteParams {
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  std::uint32_t start;
  std::uint32_t interleaved;
  float log2_base;
  std::uint32_t k_position_stride;  ///< of the cache, in elements
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
};

/// How positions turn pairs. Su et al. 2021.
struct RopeSettings {
  float base = 10000.0f;
  bool interleaved = true;  ///< GGUF's Llama tensors; false: NeoX
  AnyTensor factors;  ///< optional (head_dim / 2,) f32: frequencies are divided by them (Llama 3)
};

/// x, y: (tokens, heads, head_dim), plain float types; y may be x. Token t stands at start + t. As
/// a stage of a fused kernel only the settings count.
struct Rope {
  AnyTensor x;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  RopeSettings settings;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator Stage() const;
};

/// Turns q in place, turns k into the cache, and copies v into the cache, in one dispatch.
/// q: (tokens, heads, head_dim); k, v: (tokens, kv_heads, head_dim), all of one plain float type;
/// k_cache, v_cache: (capacity, kv_heads, head_dim), of one plain float type, any strides but the
/// innermost, which is 1. Rank 2, with heads and head_dim folded, will do for q, k and v. Token t
/// goes to position start + t; ShapeError past the capacity.
struct RopeKvWrite {
  AnyTensor q;
  AnyTensor k;
  AnyTensor v;
  AnyTensor k_cache;
  AnyTensor v_cache;
  Scalar<std::uint32_t> start = {};
  RopeSettings settings;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
};

}  // namespace foundry::ops
