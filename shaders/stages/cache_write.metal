// Store: the tokens' slots of a (capacity, heads, head_dim) cache, or of several sequences', of any
// strides but the innermost.
#pragma once
#include "lib/places.metal"

template <class Places>
struct CacheWrite {
  Places places;
  uint slots;
  uint sequence_stride;
  uint position_stride;
  uint head_stride;

  ulong at(uint token, uint head, uint d) const {
    const Place place = places.of(token);
    return place.sequence * sequence_stride + ulong(place.position % slots) * position_stride +
           ulong(head) * head_stride + d;
  }
};
