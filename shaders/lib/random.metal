// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as
// 1, 2, 3", SC 2011). A number depends on seed and counter alone, not on who asks or when.
#pragma once
#include "lib/common.metal"

inline uint4 philox(uint4 counter, uint2 key) {
  for (uint round = 0; round < 10; ++round) {
    const uint high0 = mulhi(0xD2511F53u, counter.x);
    const uint low0 = 0xD2511F53u * counter.x;
    const uint high1 = mulhi(0xCD9E8D57u, counter.z);
    const uint low1 = 0xCD9E8D57u * counter.z;
    counter = uint4(high1 ^ counter.y ^ key.x, low1, high0 ^ counter.w ^ key.y, low0);
    key += uint2(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

/// 24 random bits as a float in [0, 1).
inline float uniform_float(uint bits) {
  return float(bits >> 8) * 0x1.0p-24f;
}

/// Two independent standard normal numbers (Box & Muller, "A Note on the Generation of Random
/// Normal Deviates", 1958), from 32 random bits each.
inline float2 normal_pair(uint2 bits) {
  const float radius = sqrt(-2.0f * precise::log((float(bits.x) + 1.0f) * 0x1.0p-32f));
  const float angle = float(bits.y >> 8) * (6.28318530718f * 0x1.0p-24f);
  return float2(radius * precise::cos(angle), radius * precise::sin(angle));
}
