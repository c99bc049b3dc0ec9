// random_kernel.hpp: MSL kernels made up by chance, whose results are nevertheless defined.
#pragma once

#include <cstdint>

#include "oracle.hpp"

namespace anvil::oracle {

/// Nested divergent loops, break, continue, early return, switch, simd operations under divergence,
/// shuffles, threadgroup memory between barriers in uniform control flow, atomics, private arrays,
/// vectors and half, on a random grid, ragged or not. The seed is all that it depends on.
Case random_kernel(uint64_t seed);

}  // namespace anvil::oracle
