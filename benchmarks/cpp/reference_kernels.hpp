// Hand-written matrix-vector products, per instruction set: what Anvil's kernels are measured by.
#pragma once

#include <cstddef>
#include <string_view>

namespace bench {

struct GemvArguments {
  const std::byte* weights = nullptr;  ///< row by row, in GGUF's layout
  std::size_t row_bytes = 0;
  std::size_t columns = 0;            ///< a multiple of 64, and of the format's block
  const float* x = nullptr;           ///< (columns,)
  const float* block_sums = nullptr;  ///< the sum of each 32 values of x
  float* y = nullptr;
};

/// Rows first to last (excluded) of y = W x, in f32 throughout.
using GemvKernel = void (*)(const GemvArguments&, std::size_t first, std::size_t last);

/// Asks for what comes this much later in memory: rows follow one another, and no processor's own
/// prefetcher crosses pages. Anvil's compiler does it for every kernel.
inline void prefetch(const std::byte* at) {
  constexpr std::size_t kAhead = 3072;
  __builtin_prefetch(at + kAhead);
}

/// nullptr for a format that has none.
GemvKernel avx2_kernel(std::string_view format);
GemvKernel avx512_kernel(std::string_view format);

/// Of the formats of 256 weights a block.
GemvKernel avx2_k_kernel(std::string_view format);
GemvKernel avx512_k_kernel(std::string_view format);

/// The best that this processor can run; its name in `isa`.
GemvKernel reference_kernel(std::string_view format, const char*& isa);

/// The largest of the floats, read at the speed that vector loads reach: the read bandwidth.
float avx2_maximum(const float* values, std::size_t count);

}  // namespace bench
