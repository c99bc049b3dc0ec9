// HeadNorm, HeadLayerNorm and CacheWrite: stages of a fused kernel whose rows are heads; Rope is
// one more.
#pragma once

#include "foundry/fusion/stage.hpp"
#include "foundry/ops/description.hpp"

namespace foundry::ops {

struct HeadNorm {
  AnyTensor weight = {};
  float epsilon = 1e-6f;
  operator Stage() const;

  static constexpr auto description = operation(
      "Head stage: RMSNorm of every head by itself (Qwen 3, Gemma 3). By itself it is RmsNorm over "
      "a (tokens * heads, head_dim) view.",
      optional_read<&HeadNorm::weight>(Elements::floats, "(head_dim,)"),
      setting<&HeadNorm::epsilon>("added to the mean of squares"));
};

struct HeadLayerNorm {
  AnyTensor weight = {};
  float epsilon = 1e-5f;
  operator Stage() const;

  static constexpr auto description = operation(
      "Head stage: LayerNorm of every head by itself, with weights of its own (Command R+, "
      "StableLM "
      "2).",
      optional_read<&HeadLayerNorm::weight>(Elements::floats, "(heads * head_dim,)"),
      setting<&HeadLayerNorm::epsilon>("added to the variance"));
};

struct CacheWrite {
  operator Stage() const;

  static constexpr auto description = operation(
      "Store: the result goes to position start of y, a (capacity, heads, head_dim) cache; build() "
      "takes start.");
};

}  // namespace foundry::ops
