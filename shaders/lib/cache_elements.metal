// How elements get into a cache of keys and values, of plain elements or of blocks of 32
// (lib/cache_blocks.metal, which a kernel over blocks includes as well).
#pragma once
#include "lib/common.metal"

template <class T>
struct IsPlain {
  FOUNDRY_CONSTANT bool value = false;
};
template <>
struct IsPlain<float> {
  FOUNDRY_CONSTANT bool value = true;
};
template <>
struct IsPlain<half> {
  FOUNDRY_CONSTANT bool value = true;
};
template <>
struct IsPlain<bfloat> {
  FOUNDRY_CONSTANT bool value = true;
};

/// A head that one simdgroup writes. Any lane put()s any element, then all call end(), where blocks
/// are encoded of what is in threadgroup memory by then. `slot`: where the element is kept there.
template <class T, bool Plain = IsPlain<T>::value>
struct CacheHead {
  device T* to;
  threadgroup float* memory;

  void put(uint d, uint, float value) const { to[d] = T(value); }
  /// Element d was put to slots.slot_of(d).
  template <class Slots>
  void end(Slots, uint, uint) const {}
  /// Without end(): neighbouring lanes have neighbouring elements, lane 0 one of a multiple of 32.
  void put_in_order(uint d, float value, uint) const { to[d] = T(value); }
};
template <class T>
struct CacheHead<T, false> {
  device T* to;
  threadgroup float* memory;

  void put(uint, uint slot, float value) const { memory[slot] = value; }
  template <class Slots>
  void end(Slots slots, uint head_dim, uint lane) const {
    simdgroup_barrier(mem_flags::mem_threadgroup);
    for (uint d = lane; d < head_dim; d += 32) {
      encode_block(to[d / 32], memory[slots.slot_of(d)], lane);
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);
  }
  void put_in_order(uint d, float value, uint lane) const { encode_block(to[d / 32], value, lane); }
};

/// What of it the threadgroup has.
template <uint Floats>
struct CacheMemory {
  float values[Floats];
};

/// Every element is in the slot of its own number.
struct InOrderSlots {
  uint slot_of(uint d) const { return d; }
};
