// Normal random numbers: offset + scale * n.
#include "lib/random_elements.metal"

struct NormalNumbers {
  float4 operator()(uint4 words) const {
    const float2 first = normal_pair(words.xy);
    const float2 second = normal_pair(words.zw);
    return float4(first, second);
  }
};

kernel void random_normal(FOUNDRY_ARGUMENTS) {
  random_elements<RoundedToNearest>(y, params, FOUNDRY_SIMDGROUP_IN_GRID,
                                    thread_index_in_simdgroup, NormalNumbers());
}
