// What the files for AVX2 and for AVX-512 share. Each compiles its own copies: one for both might
// use instructions that only one of them may.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "reference_kernels.hpp"

namespace bench {
namespace {

inline std::uint16_t load_u16(const std::byte* at) {
  std::uint16_t value;
  std::memcpy(&value, at, 2);
  return value;
}
inline __m128i load_16(const std::byte* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
inline __m256i load_32(const std::byte* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

inline float sum_of(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/// The eight scales and then the eight minima of a block of q4_k or q5_k, a byte each. `header` is
/// the block's start: d and dmin, then twelve bytes. The first eight of these have the first four
/// scales and the first four minima in their low six bits, and in their top two bits those of the
/// other scales and minima, whose low four bits share the last four bytes.
inline __m128i six_bit_scales(__m128i header) {
  const __m128i low = _mm_srlv_epi32(_mm_shuffle_epi32(header, _MM_SHUFFLE(3, 2, 3, 1)),
                                     _mm_setr_epi32(0, 0, 0, 4));
  const __m128i high = _mm_srlv_epi32(_mm_shuffle_epi32(header, _MM_SHUFFLE(2, 2, 1, 1)),
                                      _mm_setr_epi32(0, 2, 0, 2));
  const __m128i of_low = _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f);
  const __m128i of_high = _mm_setr_epi32(0, 0x30303030, 0, 0x30303030);
  return _mm_or_si128(_mm_and_si128(low, of_low), _mm_and_si128(high, of_high));
}

/// What is made ready of a block of 256 before it is multiplied, and kept in memory. Products that
/// wait for it would fill the scheduler; and a load spreads a scale over all lanes, or takes a
/// register's codes out of many, where registers need the port that has the most to do already.
struct Step {
  alignas(64) std::byte codes[256];
  alignas(64) float scales[16];
};

/// Of a block whose eight minima decode_scales left behind its scales.
template <class Sums>
void subtract_minima(const Step& step, const float* block_sums, Sums& sums) {
  sums.offsets =
      _mm256_fnmadd_ps(_mm256_load_ps(step.scales + 8), _mm256_loadu_ps(block_sums), sums.offsets);
}

/// Format::decode fills the next block's step, Format::add adds a block's products to Sums.
template <class Format, class Sums>
void rows_by_steps(const GemvArguments& a, std::size_t first, std::size_t last) {
  if (first == last) return;
  const std::byte* at = a.weights + first * a.row_bytes;
  const std::byte* end = a.weights + last * a.row_bytes;
  Step steps[2];
  Step* now = &steps[0];
  Step* next = &steps[1];
  Format::decode(at, *now);
  for (std::size_t row = first; row < last; ++row) {
    Sums sums;
    for (std::size_t k = 0; k < a.columns; k += 256) {
      for (std::size_t line = 0; line < Format::kBytes; line += 64) prefetch(at + line);
      // At a row's end that is the next row's first: rows follow one another.
      const std::byte* following = at + Format::kBytes;
      Format::decode(following < end ? following : at, *next);
      Format::add(at, *now, a.x + k, a.block_sums + k / 32, sums);
      std::swap(now, next);
      at = following;
    }
    a.y[row] = sums.total();
  }
}

}  // namespace
}  // namespace bench
