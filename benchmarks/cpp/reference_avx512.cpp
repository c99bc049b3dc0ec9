// AVX-512 (F, BW, VL). As reference_avx2.cpp, with 16 floats a register.
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "reference_kernels.hpp"

namespace bench {
namespace {

// Side by side. Four share the loads of x, but a prefetcher follows one row best: at 576 columns on
// Zen 3 four ran at half the speed of one.
constexpr std::size_t kRows = 1;

std::uint16_t load_u16(const std::byte* at) {
  std::uint16_t value;
  std::memcpy(&value, at, 2);
  return value;
}
__m128i load_16(const std::byte* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
__m256i load_32(const std::byte* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

__m512 sixteen_f32(const std::byte* at) {
  return _mm512_loadu_ps(at);
}
__m512 sixteen_f16(const std::byte* at) {
  return _mm512_cvtph_ps(load_32(at));
}
__m512 sixteen_bf16(const std::byte* at) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_32(at)), 16));
}

template <__m512 (*kSixteen)(const std::byte*), std::size_t kBytes, std::size_t kCount>
void plain_rows(const GemvArguments& a, std::size_t row) {
  const std::byte* weights[kCount];
  __m512 sums[kCount][2];
  for (std::size_t r = 0; r < kCount; ++r) {
    weights[r] = a.weights + (row + r) * a.row_bytes;
    sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  }
  for (std::size_t k = 0; k < a.columns; k += 32) {
    const __m512 x0 = _mm512_loadu_ps(a.x + k);
    const __m512 x1 = _mm512_loadu_ps(a.x + k + 16);
    for (std::size_t r = 0; r < kCount; ++r) {
      for (std::size_t line = 0; line < 32 * kBytes; line += 64)
        prefetch(weights[r] + k * kBytes + line);
      sums[r][0] = _mm512_fmadd_ps(kSixteen(weights[r] + k * kBytes), x0, sums[r][0]);
      sums[r][1] = _mm512_fmadd_ps(kSixteen(weights[r] + (k + 16) * kBytes), x1, sums[r][1]);
    }
  }
  for (std::size_t r = 0; r < kCount; ++r)
    a.y[row + r] = _mm512_reduce_add_ps(_mm512_add_ps(sums[r][0], sums[r][1]));
}

/// The products of 32 codes, of which `low` has the first 16 and `high` the others, as 16 sums.
__m512 dot_codes(__m128i low, __m128i high, __m512 x0, __m512 x1) {
  const __m512 sum = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(low)), x0);
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(high)), x1, sum);
}

struct Q8_0 {
  static constexpr std::size_t kBytes = 34;
  static __m512 dot(const std::byte* block, __m512 x0, __m512 x1) {
    return dot_codes(load_16(block + 2), load_16(block + 18), x0, x1);
  }
  static float offset(const std::byte*, float) { return 0.0f; }
};

__m512 dot_nibbles(const std::byte* codes, __m512 x0, __m512 x1) {
  const __m128i bytes = load_16(codes);
  const __m128i mask = _mm_set1_epi8(15);
  return dot_codes(_mm_and_si128(bytes, mask), _mm_and_si128(_mm_srli_epi16(bytes, 4), mask), x0,
                   x1);
}

struct Q4_0 {
  static constexpr std::size_t kBytes = 18;
  static __m512 dot(const std::byte* block, __m512 x0, __m512 x1) {
    return dot_nibbles(block + 2, x0, x1);
  }
  static float offset(const std::byte* block, float sum) {
    return -8.0f * _cvtsh_ss(load_u16(block)) * sum;
  }
};

struct Q4_1 {
  static constexpr std::size_t kBytes = 20;
  static __m512 dot(const std::byte* block, __m512 x0, __m512 x1) {
    return dot_nibbles(block + 4, x0, x1);
  }
  static float offset(const std::byte* block, float sum) {
    return _cvtsh_ss(load_u16(block + 2)) * sum;
  }
};

template <class Block, std::size_t kCount>
void block_rows(const GemvArguments& a, std::size_t row) {
  const std::byte* weights[kCount];
  __m512 sums[kCount];
  float offsets[kCount] = {};
  for (std::size_t r = 0; r < kCount; ++r) {
    weights[r] = a.weights + (row + r) * a.row_bytes;
    sums[r] = _mm512_setzero_ps();
  }
  for (std::size_t block = 0; block < a.columns / 32; ++block) {
    const __m512 x0 = _mm512_loadu_ps(a.x + block * 32);
    const __m512 x1 = _mm512_loadu_ps(a.x + block * 32 + 16);
    for (std::size_t r = 0; r < kCount; ++r) {
      const std::byte* at = weights[r] + block * Block::kBytes;
      prefetch(at);
      const __m512 scale = _mm512_set1_ps(_cvtsh_ss(load_u16(at)));
      sums[r] = _mm512_fmadd_ps(scale, Block::dot(at, x0, x1), sums[r]);
      offsets[r] += Block::offset(at, a.block_sums[block]);
    }
  }
  for (std::size_t r = 0; r < kCount; ++r)
    a.y[row + r] = _mm512_reduce_add_ps(sums[r]) + offsets[r];
}

template <void (*kMany)(const GemvArguments&, std::size_t),
          void (*kOne)(const GemvArguments&, std::size_t)>
void rows(const GemvArguments& a, std::size_t first, std::size_t last) {
  for (; first + kRows <= last; first += kRows) kMany(a, first);
  for (; first < last; ++first) kOne(a, first);
}

template <__m512 (*kSixteen)(const std::byte*), std::size_t kBytes>
constexpr GemvKernel kPlain =
    rows<plain_rows<kSixteen, kBytes, kRows>, plain_rows<kSixteen, kBytes, 1>>;
template <class Block>
constexpr GemvKernel kBlocks = rows<block_rows<Block, kRows>, block_rows<Block, 1>>;

}  // namespace

GemvKernel avx512_kernel(std::string_view format) {
  if (format == "f32") return kPlain<sixteen_f32, 4>;
  if (format == "f16") return kPlain<sixteen_f16, 2>;
  if (format == "bf16") return kPlain<sixteen_bf16, 2>;
  if (format == "q8_0") return kBlocks<Q8_0>;
  if (format == "q4_0") return kBlocks<Q4_0>;
  if (format == "q4_1") return kBlocks<Q4_1>;
  return nullptr;
}

}  // namespace bench
