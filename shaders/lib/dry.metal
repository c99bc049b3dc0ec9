// DRY ("don't repeat yourself", p-e-w and pi6am, 2024; llama.cpp's definition): a token that would
// go on with a repetition of what came last is penalised by multiplier * base^(length - allowed
// length).
#pragma once
#include "lib/common.metal"
#include "lib/threadgroup_reduce.metal"

/// Whether bit `i` is set in a row of words, the lowest bit first.
inline bool has_bit(device const uint* words, uint i) {
  return (words[i / 32] >> (i % 32)) & 1u;
}

/// The last tokens of a ring, the newest with number 0.
template <class Id>
struct RecentTokens {
  device const Id* ring;
  uint capacity;
  uint position;  // of the token that comes next

  uint operator[](uint back) const { return uint(ring[(position - 1 - back) % capacity]); }
};

struct DryLimits {
  uint tokens;   // how many recent ones are looked at
  uint allowed;  // a repetition of fewer tokens is none
  uint longest;  // from here on the penalty is the same
  float multiplier;
  float base;
};

/// `penalties[id]` of every token. Nothing repeats across a breaker, and breakers go free. Every
/// thread of the threadgroup must call it; the results are there for all of them afterwards.
template <class Id>
inline void write_dry_penalties(device float* penalties, uint columns, RecentTokens<Id> recent,
                                DryLimits limits, bool has_breakers, device const uint* breakers,
                                threadgroup uint* slots, uint simdgroups, uint simdgroup,
                                uint lane) {
  const uint thread_index = simdgroup * 32 + lane;
  const uint threads = simdgroups * 32;
  for (uint k = thread_index; k < columns; k += threads) penalties[k] = 0.0f;
  uint unbroken = limits.tokens;
  for (uint i = thread_index; has_breakers && i < limits.tokens; i += threads) {
    const uint id = recent[i];
    if (id < columns && has_bit(breakers, id)) unbroken = min(unbroken, i);
  }
  unbroken = threadgroup_min(unbroken, slots, simdgroups, simdgroup, lane);
  threadgroup_barrier(mem_flags::mem_device);
  const uint longest = min(unbroken, limits.longest);
  if (longest >= limits.allowed) {
    for (uint k = 1 + thread_index; k < limits.tokens; k += threads) {
      uint length = 0;  // of what ends k tokens before the end as the end does
      while (length < longest && length + k < limits.tokens &&
             recent[length] == recent[length + k]) {
        ++length;
      }
      const uint id = recent[k - 1];  // came after it
      if (length < limits.allowed || id >= columns || (has_breakers && has_bit(breakers, id))) {
        continue;
      }
      const float penalty = limits.multiplier * pow(limits.base, float(length - limits.allowed));
      // Floats from 0 on are in the order of their bits.
      atomic_fetch_max_explicit((device atomic_uint*)(penalties + id), as_type<uint>(penalty),
                                memory_order_relaxed);
    }
  }
  threadgroup_barrier(mem_flags::mem_device);
}
