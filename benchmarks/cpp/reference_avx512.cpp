// AVX-512 (F, BW, VL). As reference_avx2.cpp, with 16 floats a register.
#include <immintrin.h>

#include "reference_kernels.hpp"
#include "reference_x86.hpp"

namespace bench {
namespace {

// Side by side. Four share the loads of x, but a prefetcher follows one row best: at 576 columns on
// Zen 3 four ran at half the speed of one.
constexpr std::size_t kRows = 1;

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

template <void (*kMany)(const GemvArguments&, std::size_t),
          void (*kOne)(const GemvArguments&, std::size_t)>
void rows(const GemvArguments& a, std::size_t first, std::size_t last) {
  for (; first + kRows <= last; first += kRows) kMany(a, first);
  for (; first < last; ++first) kOne(a, first);
}

void q8_0_rows(const GemvArguments& a, std::size_t first, std::size_t last) {
  constexpr std::size_t kBytes = 34;
  const auto floats = [](const std::byte* codes) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load_16(codes)));
  };
  for (std::size_t row = first; row < last; ++row) {
    const std::byte* at = a.weights + row * a.row_bytes;
    __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    for (std::size_t block = 0; block < a.columns / 32; block += 2) {
      prefetch(at);
      prefetch(at + kBytes);
      for (std::size_t i = 0; i < 2; ++i, at += kBytes) {
        const float* x = a.x + (block + i) * 32;
        __m512 products = _mm512_mul_ps(floats(at + 2), _mm512_loadu_ps(x));
        products = _mm512_fmadd_ps(floats(at + 18), _mm512_loadu_ps(x + 16), products);
        const __m512 scale = _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_loadu_si16(at)));
        sums[i] = _mm512_fmadd_ps(scale, products, sums[i]);
      }
    }
    a.y[row] = _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1]));
  }
}

/// q4_0 and q5_0, or with minima q4_1 and q5_1: d and m, 32 fifth bits, the four others of 32
/// codes.
template <bool kFifthBits, bool kMinima>
void nibble_rows(const GemvArguments& a, std::size_t first, std::size_t last) {
  constexpr std::size_t kHalves = kMinima ? 4 : 2;
  constexpr std::size_t kNibbles = kHalves + (kFifthBits ? 4 : 0);
  constexpr std::size_t kBytes = kNibbles + 16;
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  // The float of every code: one lookup masks, converts and subtracts.
  constexpr int kZero = kMinima ? 0 : kFifthBits ? 16 : 8;
  const __m512 floats = _mm512_cvtepi32_ps(_mm512_sub_epi32(lanes, _mm512_set1_epi32(kZero)));
  const __m512 more_floats = _mm512_add_ps(floats, _mm512_set1_ps(16.0f));
  // Lane i turns bit i, or bit 16 + i, to bit 4.
  const __m512i turns0 = _mm512_add_epi32(lanes, _mm512_set1_epi32(28));
  const __m512i turns1 = _mm512_add_epi32(lanes, _mm512_set1_epi32(12));
  const auto decoded = [&](__m512i four_bits, const std::byte* block, __m512i turns) {
    if constexpr (!kFifthBits) return _mm512_permutexvar_ps(four_bits, floats);
    constexpr int kSelect = 0xca;
    const __m512i fifths = _mm512_broadcastd_epi32(_mm_loadu_si32(block + kHalves));
    const __m512i codes = _mm512_ternarylogic_epi32(_mm512_set1_epi32(15), four_bits,
                                                    _mm512_rorv_epi32(fifths, turns), kSelect);
    return _mm512_permutex2var_ps(floats, codes, more_floats);
  };
  for (std::size_t row = first; row < last; ++row) {
    const std::byte* at = a.weights + row * a.row_bytes;
    __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    __m128 offsets[2] = {_mm_setzero_ps(), _mm_setzero_ps()};
    for (std::size_t block = 0; block < a.columns / 32; block += 2) {
      prefetch(at);
      for (std::size_t i = 0; i < 2; ++i, at += kBytes) {
        const __m512i bytes = _mm512_cvtepu8_epi32(load_16(at + kNibbles));
        const float* x = a.x + (block + i) * 32;
        __m512 products = _mm512_mul_ps(decoded(bytes, at, turns0), _mm512_loadu_ps(x));
        products = _mm512_fmadd_ps(decoded(_mm512_srli_epi32(bytes, 4), at, turns1),
                                   _mm512_loadu_ps(x + 16), products);
        const __m128 halves = _mm_cvtph_ps(_mm_loadu_si32(at));
        sums[i] = _mm512_fmadd_ps(_mm512_broadcastss_ps(halves), products, sums[i]);
        if constexpr (kMinima)
          offsets[i] = _mm_fmadd_ps(halves, _mm_set1_ps(a.block_sums[block + i]), offsets[i]);
      }
    }
    const __m128 offset = _mm_movehdup_ps(_mm_add_ps(offsets[0], offsets[1]));
    a.y[row] = _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1])) + _mm_cvtss_f32(offset);
  }
}

template <__m512 (*kSixteen)(const std::byte*), std::size_t kBytes>
constexpr GemvKernel kPlain =
    rows<plain_rows<kSixteen, kBytes, kRows>, plain_rows<kSixteen, kBytes, 1>>;

}  // namespace

GemvKernel avx512_kernel(std::string_view format) {
  if (format == "f32") return kPlain<sixteen_f32, 4>;
  if (format == "f16") return kPlain<sixteen_f16, 2>;
  if (format == "bf16") return kPlain<sixteen_bf16, 2>;
  if (format == "q8_0") return q8_0_rows;
  if (format == "q4_0") return nibble_rows<false, false>;
  if (format == "q4_1") return nibble_rows<false, true>;
  if (format == "q5_0") return nibble_rows<true, false>;
  if (format == "q5_1") return nibble_rows<true, true>;
  return avx512_k_kernel(format);
}

}  // namespace bench
