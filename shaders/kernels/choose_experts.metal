// The experts of every token: those whose gates are highest, and each one's share of the result. A
// simdgroup takes a token; lane l has experts l, l + 32 and so on.
//
// Where a NaN is among what is chosen from, all shares of the token are NaN; its ids are experts all
// the same.
#include "lib/non_finite.metal"

FOUNDRY_GLOBAL uint kPerLane = PerLane::value;
FOUNDRY_GLOBAL uint kNoExpert = 0xffffffffu;
FOUNDRY_GLOBAL float kLowestSum = 6.103515625e-5f;  // half's smallest normal number, as llama.cpp

// ExpertGating in ops/choose_experts.hpp.
FOUNDRY_GLOBAL uint kSoftmax = 0;
FOUNDRY_GLOBAL uint kSigmoid = 1;
FOUNDRY_GLOBAL uint kSoftmaxOfChosen = 2;

/// The one with the highest value of those left, of equal ones the first; it is left no more. Bit i
/// of `left` is the lane's values[i]; none is NaN. Every lane gets it.
template <uint Count>
inline uint take_highest(thread const float* values, thread uint& left, uint lane) {
  float best = -INFINITY;
  uint own = kNoExpert;
#pragma unroll
  for (uint i = 0; i < Count; ++i) {
    const bool better = (left >> i & 1) != 0 && (own == kNoExpert || values[i] > best);
    best = better ? values[i] : best;
    own = better ? i * 32 + lane : own;
  }
  const float highest = simd_max(best);
  const uint taken = simd_min(best == highest ? own : kNoExpert);
  if (taken % 32 == lane) left &= ~(1u << taken / 32);
  return taken;
}

/// exp(value - highest) over the sum of the same; of lanes beyond the end value is -infinity.
template <uint Count>
inline void softmax_of(thread float* values) {
  float highest = -INFINITY;
#pragma unroll
  for (uint i = 0; i < Count; ++i) highest = max(highest, values[i]);
  highest = simd_max(highest);
  float sum = 0.0f;
#pragma unroll
  for (uint i = 0; i < Count; ++i) {
    values[i] = exp(values[i] - highest);
    sum += values[i];
  }
  sum = simd_sum(sum);
#pragma unroll
  for (uint i = 0; i < Count; ++i) values[i] /= sum;
}

inline float sigmoid(float x) {
  const float small = exp(-fabs(x));
  return (x < 0.0f ? small : 1.0f) / (1.0f + small);
}

/// Bit g: whether group g is one of those whose two highest values together are highest.
inline uint highest_groups(threadgroup const float* values, constant ChooseExpertsParams& params,
                           uint lane) {
  const uint size = params.experts / params.groups;
  float first = -INFINITY;
  float second = -INFINITY;
  for (uint i = 0; lane < params.groups && i < size; ++i) {
    const float value = values[lane * size + i];
    second = max(second, min(first, value));
    first = max(first, value);
  }
  float score = size > 1 ? first + second : first;
  score = is_nan(score) ? -INFINITY : score;
  uint left = lane < params.groups ? 1 : 0;
  uint kept = 0;
  for (uint i = 0; i < params.groups_used; ++i) kept |= 1u << take_highest<1>(&score, left, lane);
  return kept;
}

kernel void choose_experts(FOUNDRY_ARGUMENTS) {
  threadgroup float by_expert[kPerLane * 32];
  const uint token = threadgroup_position_in_grid.x;
  const uint lane = thread_index_in_simdgroup;
  device const Logits* row = logits + ulong(token) * params.experts;

  float gates[kPerLane];
#pragma unroll
  for (uint i = 0; i < kPerLane; ++i) {
    const uint expert = i * 32 + lane;
    gates[i] = expert < params.experts ? float(row[expert]) : -INFINITY;
  }
  if (params.gating == kSoftmax) softmax_of<kPerLane>(gates);
  if (params.gating == kSigmoid) {
#pragma unroll
    for (uint i = 0; i < kPerLane; ++i) gates[i] = sigmoid(gates[i]);
  }

  float values[kPerLane];  // what is chosen by
  uint left = 0;
  bool has_nan = false;
#pragma unroll
  for (uint i = 0; i < kPerLane; ++i) {
    const uint expert = i * 32 + lane;
    values[i] = gates[i];
    if (expert >= params.experts) continue;
    if (has_bias) values[i] += float(bias[expert]);
    left |= 1u << i;
    has_nan = has_nan || is_nan(values[i]);
    values[i] = is_nan(values[i]) ? -INFINITY : values[i];
    by_expert[expert] = values[i];
  }
  has_nan = simd_any(has_nan);
  if (params.groups > 1) {
    simdgroup_barrier(mem_flags::mem_threadgroup);
    const uint kept = highest_groups(by_expert, params, lane);
    const uint size = params.experts / params.groups;
#pragma unroll
    for (uint i = 0; i < kPerLane; ++i) {
      const uint group = (i * 32 + lane) / size;
      values[i] = (kept >> group & 1) != 0 ? values[i] : -INFINITY;
    }
  }

  // A lane is one of the chosen: at most 32.
  uint id = 0;
  float share = -INFINITY;
  for (uint use = 0; use < params.used; ++use) {
    const uint taken = take_highest<kPerLane>(values, left, lane);
    float gate = 0.0f;
#pragma unroll
    for (uint i = 0; i < kPerLane; ++i) gate = i == taken / 32 ? gates[i] : gate;
    gate = simd_shuffle(gate, ushort(taken % 32));
    id = lane == use ? taken : id;
    share = lane == use ? gate : share;
  }
  if (params.gating == kSoftmaxOfChosen) softmax_of<1>(&share);
  if (params.normalised != 0) {
    const float sum = simd_sum(lane < params.used ? share : 0.0f);
    share /= sum < kLowestSum ? kLowestSum : sum;
  }
  if (lane < params.used) {
    const uint slot = token * params.used + lane;
    ids[slot] = Ids(id);
    shares[slot] = has_nan ? NAN : share * params.scale;
  }
}
