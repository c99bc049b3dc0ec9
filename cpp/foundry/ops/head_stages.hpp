// HeadNorm and CacheWrite: stages of a fused kernel whose rows are heads; Rope is one more.
#pragma once

#include "foundry/fusion/stage.hpp"

namespace foundry::ops {

/// RMSNorm of every head by itself. weight: (head_dim,), a plain float type. By itself it is
/// RmsNorm over a (tokens * heads, head_dim) view.
struct HeadNorm {
  AnyTensor weight;
  float epsilon = 1e-6f;
  operator Stage() const;
};

/// The result goes to position `start` of y, a (capacity, heads, head_dim) cache; build() takes
/// start.
struct CacheWrite {
  operator Stage() const;
};

}  // namespace foundry::ops
