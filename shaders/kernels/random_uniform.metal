// Uniform random numbers: offset + scale * u, rounded down, from `lowest` to `highest`.
#include "lib/random_elements.metal"

struct UniformNumbers {
  float4 operator()(uint4 words) const {
    return float4(uniform_float(words.x), uniform_float(words.y), uniform_float(words.z),
                  uniform_float(words.w));
  }
};

kernel void random_uniform(FOUNDRY_ARGUMENTS) {
  random_elements<RoundedDown>(y, params, FOUNDRY_SIMDGROUP_IN_GRID, thread_index_in_simdgroup,
                               UniformNumbers());
}
