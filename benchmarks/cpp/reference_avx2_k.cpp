// AVX2 + FMA + F16C: the formats of 256 weights a block.
#include <immintrin.h>

#include <cstddef>

#include "reference_kernels.hpp"
#include "reference_x86.hpp"

namespace bench {
namespace {

struct Sums {
  __m256 products[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  __m256 offsets = _mm256_setzero_ps();

  float total() const {
    return sum_of(_mm256_add_ps(_mm256_add_ps(products[0], products[1]), offsets));
  }
};

void store_32(std::byte* at, __m256i bytes) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(at), bytes);
}
__m256i widened(const std::byte* codes) {
  return _mm256_cvtepu8_epi32(_mm_loadu_si64(codes));
}
__m256 signed_codes(const std::byte* codes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadu_si64(codes)));
}

/// d times the eight scales, then dmin times the eight minima.
void decode_scales(const std::byte* block, Step& step) {
  const __m128i header = load_16(block);
  const __m128 halves = _mm_cvtph_ps(header);
  const __m128i bytes = six_bit_scales(header);
  const auto store = [&](float* to, __m128 unit, __m128i eight) {
    _mm256_store_ps(to, _mm256_mul_ps(_mm256_broadcastss_ps(unit),
                                      _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight))));
  };
  store(step.scales, halves, bytes);
  store(step.scales + 8, _mm_movehdup_ps(halves), _mm_unpackhi_epi64(bytes, bytes));
}

/// Adds scale * (c[0] x[0..7] + ...).
template <std::size_t kCount>
void add_codes(const __m256 (&codes)[kCount], const float* x, float scale, __m256& sum) {
  __m256 products = _mm256_mul_ps(codes[0], _mm256_loadu_ps(x));
  for (std::size_t i = 1; i < kCount; ++i)
    products = _mm256_fmadd_ps(codes[i], _mm256_loadu_ps(x + 8 * i), products);
  sum = _mm256_fmadd_ps(products, _mm256_set1_ps(scale), sum);
}

struct Q4_K {
  static constexpr std::size_t kBytes = 144;
  static void decode(const std::byte* block, Step& step) { decode_scales(block, step); }
  static void add(const std::byte* block, const Step& step, const float* x, const float* block_sums,
                  Sums& sums) {
    for (std::size_t j = 0; j < 8; j += 2) {
      __m256 low[4], high[4];
      for (std::size_t i = 0; i < 4; ++i) {
        const __m256i bytes = widened(block + 16 + 16 * j + 8 * i);
        low[i] = _mm256_cvtepi32_ps(_mm256_and_si256(bytes, _mm256_set1_epi32(15)));
        high[i] = _mm256_cvtepi32_ps(_mm256_srli_epi32(bytes, 4));
      }
      add_codes(low, x + 32 * j, step.scales[j], sums.products[0]);
      add_codes(high, x + 32 * j + 32, step.scales[j + 1], sums.products[1]);
    }
    subtract_minima(step, block_sums, sums);
  }
};

/// The low four bits of every byte, moved down by `shift`.
__m256i low_bits(__m256i bytes, int shift) {
  return _mm256_and_si256(_mm256_srli_epi16(bytes, shift), _mm256_set1_epi8(15));
}
/// Moved up by `shift`, the bits that `mask` has.
__m256i high_bits(__m256i bytes, int shift, char mask) {
  const __m256i moved =
      shift < 0 ? _mm256_srli_epi16(bytes, -shift) : _mm256_slli_epi16(bytes, shift);
  return _mm256_and_si256(moved, _mm256_set1_epi8(mask));
}

struct Q5_K {
  static constexpr std::size_t kBytes = 176;
  static void decode(const std::byte* block, Step& step) {
    decode_scales(block, step);
    const __m256i fifths = load_32(block + 16);
    for (int j = 0; j < 8; ++j) {
      const __m256i low = low_bits(load_32(block + 48 + j / 2 * 32), j % 2 * 4);
      store_32(step.codes + 32 * j, _mm256_or_si256(low, high_bits(fifths, 4 - j, 16)));
    }
  }
  static void add(const std::byte*, const Step& step, const float* x, const float* block_sums,
                  Sums& sums) {
    for (std::size_t j = 0; j < 8; ++j) {
      __m256 codes[4];
      for (std::size_t i = 0; i < 4; ++i) codes[i] = signed_codes(step.codes + 32 * j + 8 * i);
      add_codes(codes, x + 32 * j, step.scales[j], sums.products[j % 2]);
    }
    subtract_minima(step, block_sums, sums);
  }
};

struct Q6_K {
  static constexpr std::size_t kBytes = 210;
  static void decode(const std::byte* block, Step& step) {
    for (int half = 0; half < 2; ++half) {
      const __m256i high = load_32(block + 128 + 32 * half);
      for (int part = 0; part < 4; ++part) {
        const __m256i low = low_bits(load_32(block + 64 * half + part % 2 * 32), part / 2 * 4);
        const __m256i codes = _mm256_or_si256(low, high_bits(high, 4 - 2 * part, 48));
        store_32(step.codes + 128 * half + 32 * part, _mm256_sub_epi8(codes, _mm256_set1_epi8(32)));
      }
    }
    const __m256 unit = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_set1_epi16(load_u16(block + 208))));
    for (int i = 0; i < 16; i += 8)
      _mm256_store_ps(step.scales + i, _mm256_mul_ps(unit, signed_codes(block + 192 + i)));
  }
  static void add(const std::byte*, const Step& step, const float* x, const float*, Sums& sums) {
    for (std::size_t j = 0; j < 16; ++j) {
      const std::byte* codes = step.codes + 16 * j;
      add_codes({signed_codes(codes), signed_codes(codes + 8)}, x + 16 * j, step.scales[j],
                sums.products[j % 2]);
    }
  }
};

}  // namespace

GemvKernel avx2_k_kernel(std::string_view format) {
  if (format == "q4_k") return rows_by_steps<Q4_K, Sums>;
  if (format == "q5_k") return rows_by_steps<Q5_K, Sums>;
  if (format == "q6_k") return rows_by_steps<Q6_K, Sums>;
  return nullptr;
}

}  // namespace bench
