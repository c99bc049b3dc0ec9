// QkvLinear: the input half of attention for a few tokens, in one kernel: q, k and v, their biases
// and head norms, RoPE, and the write to the cache.
#pragma once

#include <optional>

#include "foundry/fusion/fused_kernel.hpp"
#include "foundry/ops/description.hpp"
#include "foundry/ops/qk_norm.hpp"
#include "foundry/ops/rope.hpp"

namespace foundry::ops {

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
  QkNormSettings norms = {};
  bool ring = false;
  AnyTensor places = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  [[nodiscard]] KernelDescription describe(const Device& device) const;

  static constexpr auto description = operation(
      "The input half of attention for up to 8 tokens, in one kernel: q, k and v with their biases "
      "and head norms, RoPE, and the write to positions start and on of the cache. A norm of whole "
      "rows needs "
      "all of them first: RopeKvWrite has it. ShapeError past the capacity. For more tokens, let "
      "fuse() write plain q, "
      "k and v, and run RopeKvWrite.",
      read<&QkvLinear::query>(Elements::weights, "(heads * head_dim, columns)"),
      read<&QkvLinear::key>(Elements::weights, "(kv_heads * head_dim, columns)"),
      read<&QkvLinear::value>(Elements::weights, "(kv_heads * head_dim, columns)"),
      read<&QkvLinear::x>(Elements::floats, "(columns,) or (tokens, columns)"),
      write<&QkvLinear::q>(Elements::floats, "(tokens, heads, head_dim)"),
      write<&QkvLinear::k_cache>(
          Elements::any,
          "f32, f16, bf16, q8_0 or q4_0; (capacity, kv_heads, head_dim), any strides but the "
          "innermost, which is 1"),
      write<&QkvLinear::v_cache>(Elements::any, "as k_cache, of the same dtype"), ByName{},
      setting<&QkvLinear::start>("position of the first token"),
      inside<&QkvLinear::settings>(RopeSettings::fields),
      setting<&QkvLinear::prologue>(
          "what is done to x as it is read: RmsNorm, LayerNorm, SandwichNorm"),
      optional_read<&QkvLinear::query_bias>(Elements::floats, "(heads * head_dim,)"),
      optional_read<&QkvLinear::key_bias>(Elements::floats, "(kv_heads * head_dim,)"),
      optional_read<&QkvLinear::value_bias>(Elements::floats, "(kv_heads * head_dim,)"),
      inside<&QkvLinear::norms>(QkNormSettings::fields),
      setting<&QkvLinear::ring>("position p goes to slot p % capacity of the caches"),
      optional_read<&QkvLinear::places>(Elements::any, kPlacesDocumentation));
};

}  // namespace foundry::ops
