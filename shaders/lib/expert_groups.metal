// The choices of experts, by expert: what kernels/group_experts.metal writes and products of many
// tokens read. A choice is a slot: (token, use) of ids.
//
// First `experts + 2` starts: expert e has the places from starts[e] to starts[e + 1], the last group
// ids that are no experts. Then the slot of every place; then its token.
#pragma once
#include "lib/common.metal"

inline device const uint* slots_of(device const uint* groups, uint experts) {
  return groups + experts + 2;
}

/// Places that a threadgroup takes; none where begin is end.
struct ExpertBlock {
  uint expert;
  uint begin;
  uint end;  // of all places of the expert
};

/// Where those of an expert's places end that are taken together: where up to Few are left over of
/// 32, these are taken one by one.
template <uint Few>
inline uint end_of_blocks(uint begin, uint end) {
  const uint rest = (end - begin) % 32;
  return rest <= Few ? end - rest : end;
}

template <uint Few>
inline bool is_left_over(device const uint* groups, uint experts, uint expert, uint place) {
  const uint group = min(expert, experts);
  return place >= end_of_blocks<Few>(groups[group], groups[group + 1]);
}

/// Block `block` of all experts' places that are taken together, up to Places each.
template <uint Places, uint Few>
inline ExpertBlock expert_block(device const uint* groups, uint experts, uint block, uint lane) {
  ExpertBlock found = {0, 0, 0};
  for (uint first = 0; first <= experts; first += 32) {
    const uint expert = first + lane;
    const bool inside = expert <= experts;
    const uint begin = inside ? groups[expert] : 0;
    const uint end = inside ? end_of_blocks<Few>(begin, groups[expert + 1]) : 0;
    const uint blocks = (end - begin + Places - 1) / Places;
    const uint before = simd_prefix_exclusive_sum(blocks);
    const bool mine = block >= before && block - before < blocks;
    found.expert += simd_sum(mine ? expert : 0);
    found.begin += simd_sum(mine ? begin + (block - before) * Places : 0);
    found.end += simd_sum(mine ? end : 0);
    const uint all = simd_sum(blocks);
    if (block < all) break;
    block -= all;
  }
  return found;
}

/// Results of places go to their slots; y's rows may have gaps between them.
struct Gathered {
  device const uint* places;
  uint stride;
  uint row(uint i) const { return places[i]; }
  uint at(uint result, uint row, uint) const { return result * stride + row; }
};

/// A prologue (lib/prologue.metal) whose i-th token is the one of place i.
template <class Prologue>
struct GatheredInput {
  Prologue prologue;
  device const uint* rows;

  auto scale(uint place, uint lane) const { return prologue.scale(rows[place], lane); }
  template <class Scale>
  float at(uint place, uint k, Scale scale) const {
    return prologue.at(rows[place], k, scale);
  }
};

template <class Prologue>
inline GatheredInput<Prologue> gathered(Prologue prologue, device const uint* rows) {
  return {prologue, rows};
}

/// Results of an id that is no expert are NaN: tile `tile` of Rows rows, for up to Places places.
template <uint Places, uint Rows, class Y>
inline void store_no_expert(device Y* y, Gathered places, ExpertBlock block, uint rows, uint tile,
                            uint thread_index, uint threads) {
  const uint end = min(block.begin + Places, block.end);
  for (uint i = thread_index; i < (end - block.begin) * Rows; i += threads) {
    const uint row = tile * Rows + i % Rows;
    if (row < rows) y[places.at(places.row(block.begin + i / Rows), row, rows)] = Y(NAN);
  }
}
