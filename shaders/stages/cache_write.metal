// Store: the tokens' slots of a (capacity, heads, head_dim) cache of any strides but the innermost.
#pragma once
#include "lib/common.metal"

struct CacheWrite {
  uint start;
  uint slots;
  uint position_stride;
  uint head_stride;

  ulong at(uint token, uint head, uint d) const {
    return ulong((start + token) % slots) * position_stride + ulong(head) * head_stride + d;
  }
};
