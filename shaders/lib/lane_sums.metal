// Sums of several vectors over the lanes of a simdgroup, all at once.
//
// simd_sum of one vector leaves every lane with the same number, and most of its work is moving
// zeros about. Here every step adds two vectors and keeps half of the lanes for each of them: 9
// shuffles for eight sums, where eight times simd_sum takes 40. On a CPU, where lanes are the
// elements of vector registers, the first two levels move whole registers and cost no shuffle.
#pragma once
#include "lib/common.metal"

/// Lanes without `bit` get a's sum over themselves and their partner, lanes with it b's. What is added
/// to it later is added to the whole sum.
inline float merged_sum(float a, float b, uint bit, uint lane) {
  FOUNDRY_AS_WRITTEN
  const bool second = (lane & bit) != 0;
  const float kept = second ? b : a;
  const float sent = second ? a : b;
  return kept + simd_shuffle_xor(sent, ushort(bit));
}

/// The sum of values[summed_vector<Lanes>(lane)] over each `Lanes` neighbouring lanes: 8, 16 or 32.
template <uint Lanes>
inline float eight_sums(thread const float* values, uint lane) {
  const float a = merged_sum(values[0], values[1], Lanes / 2, lane);
  const float b = merged_sum(values[2], values[3], Lanes / 2, lane);
  const float c = merged_sum(values[4], values[5], Lanes / 2, lane);
  const float d = merged_sum(values[6], values[7], Lanes / 2, lane);
  const float e = merged_sum(a, b, Lanes / 4, lane);
  const float f = merged_sum(c, d, Lanes / 4, lane);
  float sum = merged_sum(e, f, Lanes / 8, lane);
  if (Lanes == 32) sum += simd_shuffle_xor(sum, 2);
  return Lanes == 8 ? sum : sum + simd_shuffle_xor(sum, 1);
}

/// Which of the eight vectors a lane ends up with.
template <uint Lanes>
inline uint summed_vector(uint lane) {
  const uint own = lane % Lanes;
  return own / (Lanes / 2) | (own / (Lanes / 4) & 1) << 1 | (own / (Lanes / 8) & 1) << 2;
}

/// Lanes with `bit` of both vectors change places with those without it: a has the first halves
/// then, b the second ones.
inline void exchange_halves(thread float& a, thread float& b, uint bit, uint lane) {
  const bool second = (lane & bit) != 0;
  const float sent = second ? a : b;
  const float received = simd_shuffle_xor(sent, ushort(bit));
  a = second ? received : a;
  b = second ? b : received;
}

template <uint Half>
inline void merge_halves(thread float* values, uint lane) {
#pragma unroll
  for (uint i = 0; i < Half; ++i) values[i] = merged_sum(values[i], values[i + Half], Half, lane);
}

/// Lane l gets the sum of values[l] over all lanes, if l < Count. `values` are used up.
template <uint Count>
inline float lane_sums(thread float* values, uint lane) {
  if (Count == 32) {
    merge_halves<16>(values, lane);
    merge_halves<8>(values, lane);
    merge_halves<4>(values, lane);
    merge_halves<2>(values, lane);
    merge_halves<1>(values, lane);
    return values[0];
  }
  float result = 0.0f;
#pragma unroll
  for (uint i = 0; i < Count; ++i) {
    const float sum = simd_sum(values[i]);
    result = lane == i ? sum : result;
  }
  return result;
}
