// Store: one slot of a (capacity, heads, head_dim) cache of any strides but the innermost.
#pragma once
#include "lib/common.metal"

struct CacheWrite {
  uint slot;
  uint position_stride;
  uint head_stride;

  ulong at(uint head, uint d) const {
    return ulong(slot) * position_stride + ulong(head) * head_stride + d;
  }
};
