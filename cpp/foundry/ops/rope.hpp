// Rope: rotary position embedding in both pairings, by itself or together with the cache write.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/kernel/encoder.hpp"
#include "foundry/kernel/places.hpp"
#include "foundry/kernel/traffic.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/qk_norm.hpp"

namespace foundry::ops {

/// Shared with shaders/kernels/rope.metal.
struct RopeParams {
  std::uint32_t heads;
  std::uint32_t head_dim;
  std::uint32_t dims;         ///< elements of a head that are turned
  std::uint32_t start;        ///< position of the first token
  std::uint32_t interleaved;  ///< 1: pairs (2i, 2i + 1); 0: (i, i + dims / 2)
  float log2_base;
  float magnitude;
};

/// Shared with shaders/kernels/rope_kv_write.metal and norm_rope_kv_write.metal.
struct RopeKvWriteParams {
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  std::uint32_t dims;
  std::uint32_t start;
  std::uint32_t interleaved;
  float log2_base;
  float magnitude;
  std::uint32_t q_token_stride;  ///< in elements, as the others
  std::uint32_t q_head_stride;
  std::uint32_t k_position_stride;
  std::uint32_t k_head_stride;
  std::uint32_t v_position_stride;
  std::uint32_t v_head_stride;
  float norm_epsilon;
  std::uint32_t slots;  ///< of a ring: position p goes to p % slots
  std::uint32_t k_sequence_stride;
  std::uint32_t v_sequence_stride;
};

/// How positions turn pairs. Su et al. 2021.
struct RopeSettings {
  float base = 10000.0f;
  bool interleaved = true;
  AnyTensor factors = {};
  std::uint32_t dims = 0;
  float magnitude = 1.0f;

  static constexpr auto fields = std::tuple(
      setting<&RopeSettings::base>("of the frequencies base^(-2i / dims)"),
      setting<&RopeSettings::interleaved>(
          "pairs are (2i, 2i + 1), as in GGUF's Llama tensors; else (i, i + dims / 2), NeoX's"),
      optional_read<&RopeSettings::factors>(
          Elements::any, "(dims / 2,); f32: frequencies are divided by them (Llama 3)"),
      setting<&RopeSettings::dims>(
          "elements of a head that are turned, its first ones; the others pass through (Phi 2); "
          "0: all"),
      setting<&RopeSettings::magnitude>("what turned elements are multiplied by (YaRN, LongRoPE)"));
};

struct Rope {
  AnyTensor x;
  AnyTensor y;
  Scalar<std::uint32_t> start = {};
  RopeSettings settings;
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator Stage() const;

  static constexpr auto description = operation(
      "Rotary position embedding: token t stands at position start + t. Su et al. 2021. As a stage "
      "of a fused kernel x, y, start and places do not count.",
      read<&Rope::x>(Elements::floats, "(tokens, heads, head_dim)").to_run(),
      write<&Rope::y>(Elements::floats, "x's size").to_run().may_be<&Rope::x>(), ByName{},
      setting<&Rope::start>("position of the first token"),
      inside<&Rope::settings>(RopeSettings::fields),
      optional_read<&Rope::places>(Elements::any, kPlacesDocumentation));
};

struct RopeKvWrite {
  AnyTensor q;
  AnyTensor k;
  AnyTensor v;
  AnyTensor k_cache;
  AnyTensor v_cache;
  Scalar<std::uint32_t> start = {};
  RopeSettings settings;
  QkNormSettings norms = {};
  bool ring = false;
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;

  static constexpr auto description = operation(
      "Turns q in place, turns k into the cache, and copies v into the cache, in one dispatch, "
      "with norms where "
      "there are weights for them. "
      "Token t goes to position start + t; ShapeError past the capacity. Heads and head_dim may be "
      "folded in q, k and v.",
      read_write<&RopeKvWrite::q>(
          Elements::floats, "(tokens, heads, head_dim), any strides but the innermost, which is 1"),
      read<&RopeKvWrite::k>(Elements::floats, "(tokens, kv_heads, head_dim), q's dtype"),
      read<&RopeKvWrite::v>(Elements::floats, "k's size, q's dtype"),
      write<&RopeKvWrite::k_cache>(
          Elements::any,
          "f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the "
          "innermost, which is 1"),
      write<&RopeKvWrite::v_cache>(Elements::any, "as k_cache, of the same dtype"), ByName{},
      setting<&RopeKvWrite::start>("position of the first token"),
      inside<&RopeKvWrite::settings>(RopeSettings::fields),
      inside<&RopeKvWrite::norms>(QkNormSettings::fields),
      setting<&RopeKvWrite::ring>("position p goes to slot p % capacity of the caches"),
      optional_read<&RopeKvWrite::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
