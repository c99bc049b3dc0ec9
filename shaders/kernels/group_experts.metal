// Sorts the choices of experts by expert (lib/expert_groups.metal), those of one in their order. One
// threadgroup: its simdgroups count the slots of an expert each, and after the sums place them.
#include "lib/expert_groups.metal"

FOUNDRY_GLOBAL uint kMostExperts = 512;  // the host has it too: ops/choose_experts.hpp

inline bool is_of(device const Id* ids, constant GroupExpertsParams& params, uint slot,
                  uint expert) {
  return slot < params.slots && min(uint(ids[slot]), params.experts) == expert;
}

kernel void group_experts(FOUNDRY_ARGUMENTS) {
  threadgroup uint counts[kMostExperts + 1];
  const uint lane = thread_index_in_simdgroup;
  const uint simdgroup = simdgroup_index_in_threadgroup;
  const uint simdgroups = simdgroups_per_threadgroup;
  device uint* slots = groups + params.experts + 2;
  device uint* tokens = slots + params.slots;

  for (uint expert = simdgroup; expert <= params.experts; expert += simdgroups) {
    uint count = 0;
    for (uint first = 0; first < params.slots; first += 32) {
      count += is_of(ids, params, first + lane, expert) ? 1 : 0;
    }
    count = simd_sum(count);
    if (lane == 0) counts[expert] = count;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (simdgroup == 0) {
    uint start = 0;
    for (uint first = 0; first <= params.experts; first += 32) {
      const bool inside = first + lane <= params.experts;
      const uint count = inside ? counts[first + lane] : 0;
      const uint own = start + simd_prefix_exclusive_sum(count);
      if (inside) counts[first + lane] = groups[first + lane] = own;
      start += simd_sum(count);
    }
    if (lane == 0) groups[params.experts + 1] = start;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint expert = simdgroup; expert <= params.experts; expert += simdgroups) {
    uint place = counts[expert];
    for (uint first = 0; first < params.slots; first += 32) {
      const uint slot = first + lane;
      const bool mine = is_of(ids, params, slot, expert);
      if (!simd_any(mine)) continue;
      const uint own = place + simd_prefix_exclusive_sum(mine ? 1u : 0u);
      if (mine) {
        slots[own] = slot;
        tokens[own] = slot / params.used;
      }
      place += simd_sum(mine ? 1u : 0u);
    }
  }
}
