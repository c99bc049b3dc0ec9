// AVX-512 (F, BW, VL): the formats of 256 weights a block.
#include <immintrin.h>

#include <cstddef>

#include "reference_kernels.hpp"
#include "reference_x86.hpp"

namespace bench {
namespace {

struct Sums {
  __m512 products[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  __m256 offsets = _mm256_setzero_ps();

  float total() const {
    const __m512 all = _mm512_add_ps(products[0], products[1]);
    return _mm512_reduce_add_ps(_mm512_add_ps(all, _mm512_zextps256_ps512(offsets)));
  }
};

__m512i widened(const std::byte* codes) {
  return _mm512_cvtepu8_epi32(load_16(codes));
}
__m512 signed_codes(const std::byte* codes) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load_16(codes)));
}
/// The float of each lane's low five bits: one lookup masks and converts.
__m512 five_bit_codes(const std::byte* codes) {
  const __m512 low = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_permutex2var_ps(low, widened(codes), _mm512_add_ps(low, _mm512_set1_ps(16.0f)));
}

/// Adds scale * (c0 x[0..15] + c1 x[16..31]).
void add_32(__m512 c0, __m512 c1, const float* x, float scale, __m512& sum) {
  __m512 products = _mm512_mul_ps(c0, _mm512_loadu_ps(x));
  products = _mm512_fmadd_ps(c1, _mm512_loadu_ps(x + 16), products);
  sum = _mm512_fmadd_ps(products, _mm512_set1_ps(scale), sum);
}

/// d times the eight scales, then dmin times the eight minima.
void decode_scales(const std::byte* block, Step& step) {
  const __m128i header = load_16(block);
  const __m512i which = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi32(1), 1);
  const __m512 unit = _mm512_permutexvar_ps(which, _mm512_castps128_ps512(_mm_cvtph_ps(header)));
  _mm512_store_ps(
      step.scales,
      _mm512_mul_ps(unit, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(six_bit_scales(header)))));
}

struct Q4_K {
  static constexpr std::size_t kBytes = 144;
  static void decode(const std::byte* block, Step& step) { decode_scales(block, step); }
  static void add(const std::byte* block, const Step& step, const float* x, const float* block_sums,
                  Sums& sums) {
    const __m512 codes = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (std::size_t j = 0; j < 8; j += 2) {
      const __m512i bytes0 = widened(block + 16 + 16 * j);
      const __m512i bytes1 = widened(block + 32 + 16 * j);
      add_32(_mm512_permutexvar_ps(bytes0, codes), _mm512_permutexvar_ps(bytes1, codes), x + 32 * j,
             step.scales[j], sums.products[0]);
      add_32(_mm512_cvtepi32_ps(_mm512_srli_epi32(bytes0, 4)),
             _mm512_cvtepi32_ps(_mm512_srli_epi32(bytes1, 4)), x + 32 * j + 32, step.scales[j + 1],
             sums.products[1]);
    }
    subtract_minima(step, block_sums, sums);
  }
};

/// How far joined() turns the dwords of the lower and of the upper half, to the left.
__m512i turns(int lower, int upper) {
  return _mm512_inserti64x4(_mm512_set1_epi32(lower & 31), _mm256_set1_epi32(upper & 31), 1);
}

/// The low four bits of every byte of `low`, and the other four of `high` when it is turned.
__m512i joined(__m512i low, __m512i high, __m512i turns) {
  constexpr int kSelect = 0xca;
  return _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), low, _mm512_rolv_epi32(high, turns),
                                   kSelect);
}

struct Q5_K {
  static constexpr std::size_t kBytes = 176;
  static void decode(const std::byte* block, Step& step) {
    decode_scales(block, step);
    const __m512i high = _mm512_broadcast_i64x4(load_32(block + 16));
    for (int half = 0; half < 2; ++half) {
      const __m512i bytes = _mm512_loadu_si512(block + 48 + 64 * half);
      std::byte* codes = step.codes + 128 * half;
      // Bit j of `high` is for sub-block j: 4 * half and the next for the lower 32 bytes.
      const int turn = 4 - 4 * half;
      _mm512_store_si512(codes, joined(bytes, high, turns(turn, turn - 2)));
      _mm512_store_si512(codes + 64,
                         joined(_mm512_srli_epi16(bytes, 4), high, turns(turn - 1, turn - 3)));
    }
  }
  static void add(const std::byte*, const Step& step, const float* x, const float* block_sums,
                  Sums& sums) {
    for (std::size_t j = 0; j < 8; ++j) {
      const std::byte* codes = step.codes + j / 4 * 128 + j % 2 * 64 + j / 2 % 2 * 32;
      add_32(five_bit_codes(codes), five_bit_codes(codes + 16), x + 32 * j, step.scales[j],
             sums.products[j % 2]);
    }
    subtract_minima(step, block_sums, sums);
  }
};

struct Q6_K {
  static constexpr std::size_t kBytes = 210;
  static void decode(const std::byte* block, Step& step) {
    for (int half = 0; half < 2; ++half) {
      const __m512i bytes = _mm512_loadu_si512(block + 64 * half);
      const __m512i high = _mm512_broadcast_i64x4(load_32(block + 128 + 32 * half));
      const auto store = [&](std::byte* codes, __m512i six_bits) {
        const __m512i clean = _mm512_and_si512(six_bits, _mm512_set1_epi8(63));
        _mm512_store_si512(codes, _mm512_sub_epi8(clean, _mm512_set1_epi8(32)));
      };
      store(step.codes + 128 * half, joined(bytes, high, turns(4, 2)));
      store(step.codes + 128 * half + 64, joined(_mm512_srli_epi16(bytes, 4), high, turns(0, -2)));
    }
    const __m512 unit = _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_set1_epi16(load_u16(block + 208))));
    _mm512_store_ps(step.scales, _mm512_mul_ps(unit, signed_codes(block + 192)));
  }
  static void add(const std::byte*, const Step& step, const float* x, const float*, Sums& sums) {
    for (std::size_t j = 0; j < 16; ++j) {
      const __m512 products =
          _mm512_mul_ps(signed_codes(step.codes + 16 * j), _mm512_loadu_ps(x + 16 * j));
      sums.products[j % 2] =
          _mm512_fmadd_ps(products, _mm512_set1_ps(step.scales[j]), sums.products[j % 2]);
    }
  }
};

}  // namespace

GemvKernel avx512_k_kernel(std::string_view format) {
  if (format == "q4_k") return rows_by_steps<Q4_K, Sums>;
  if (format == "q5_k") return rows_by_steps<Q5_K, Sums>;
  if (format == "q6_k") return rows_by_steps<Q6_K, Sums>;
  return nullptr;
}

}  // namespace bench
