// AVX2 + FMA + F16C, one row after the other.
#include <immintrin.h>

#include "reference_kernels.hpp"
#include "reference_x86.hpp"

namespace bench {
namespace {

// Side by side. Four share the loads of x, but a prefetcher follows one row best: at 576 columns on
// Zen 3 four ran at half the speed of one.
constexpr std::size_t kRows = 1;

__m256 broadcast_half(const std::byte* at) {
  return _mm256_set1_ps(_cvtsh_ss(load_u16(at)));
}

__m256 eight_f32(const std::byte* at) {
  return _mm256_loadu_ps(reinterpret_cast<const float*>(at));
}
__m256 eight_f16(const std::byte* at) {
  return _mm256_cvtph_ps(load_16(at));
}
__m256 eight_bf16(const std::byte* at) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_16(at)), 16));
}

/// Formats of one element per block. Two accumulators a row hide the latency of the FMA.
template <__m256 (*kEight)(const std::byte*), std::size_t kBytes, std::size_t kCount>
void plain_rows(const GemvArguments& a, std::size_t row) {
  const std::byte* weights[kCount];
  __m256 sums[kCount][2];
  for (std::size_t r = 0; r < kCount; ++r) {
    weights[r] = a.weights + (row + r) * a.row_bytes;
    sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  }
  for (std::size_t k = 0; k < a.columns; k += 16) {
    const __m256 x0 = _mm256_loadu_ps(a.x + k);
    const __m256 x1 = _mm256_loadu_ps(a.x + k + 8);
    for (std::size_t r = 0; r < kCount; ++r) {
      prefetch(weights[r] + k * kBytes);
      sums[r][0] = _mm256_fmadd_ps(kEight(weights[r] + k * kBytes), x0, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(kEight(weights[r] + (k + 8) * kBytes), x1, sums[r][1]);
    }
  }
  for (std::size_t r = 0; r < kCount; ++r)
    a.y[row + r] = sum_of(_mm256_add_ps(sums[r][0], sums[r][1]));
}

/// x of one block of 32.
struct Input {
  explicit Input(const float* x)
      : v{_mm256_loadu_ps(x), _mm256_loadu_ps(x + 8), _mm256_loadu_ps(x + 16),
          _mm256_loadu_ps(x + 24)} {}
  __m256 v[4];
};

__m256 floats_of(__m128i signed_bytes) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(signed_bytes));
}

/// The products of 32 codes, of which `low` has the first 16 and `high` the others, as 8 sums.
__m256 dot_codes(__m128i low, __m128i high, const Input& x) {
  __m256 sum = _mm256_mul_ps(floats_of(low), x.v[0]);
  sum = _mm256_fmadd_ps(floats_of(_mm_unpackhi_epi64(low, low)), x.v[1], sum);
  sum = _mm256_fmadd_ps(floats_of(high), x.v[2], sum);
  return _mm256_fmadd_ps(floats_of(_mm_unpackhi_epi64(high, high)), x.v[3], sum);
}

struct Q8_0 {
  static constexpr std::size_t kBytes = 34;
  static __m256 dot(const std::byte* block, const Input& x) {
    return dot_codes(load_16(block + 2), load_16(block + 18), x);
  }
  static float offset(const std::byte*, float) { return 0.0f; }
};

__m256 dot_nibbles(const std::byte* codes, const Input& x) {
  const __m128i bytes = load_16(codes);
  const __m128i mask = _mm_set1_epi8(15);
  return dot_codes(_mm_and_si128(bytes, mask), _mm_and_si128(_mm_srli_epi16(bytes, 4), mask), x);
}

struct Q4_0 {
  static constexpr std::size_t kBytes = 18;
  static __m256 dot(const std::byte* block, const Input& x) { return dot_nibbles(block + 2, x); }
  static float offset(const std::byte* block, float sum) {
    return -8.0f * _cvtsh_ss(load_u16(block)) * sum;
  }
};

struct Q4_1 {
  static constexpr std::size_t kBytes = 20;
  static __m256 dot(const std::byte* block, const Input& x) { return dot_nibbles(block + 4, x); }
  static float offset(const std::byte* block, float sum) {
    return _cvtsh_ss(load_u16(block + 2)) * sum;
  }
};

/// Formats of 32 codes with a scale and what the sum of x is multiplied by.
template <class Block, std::size_t kCount>
void block_rows(const GemvArguments& a, std::size_t row) {
  const std::byte* weights[kCount];
  __m256 sums[kCount];
  float offsets[kCount] = {};
  for (std::size_t r = 0; r < kCount; ++r) {
    weights[r] = a.weights + (row + r) * a.row_bytes;
    sums[r] = _mm256_setzero_ps();
  }
  for (std::size_t block = 0; block < a.columns / 32; ++block) {
    const Input x(a.x + block * 32);
    for (std::size_t r = 0; r < kCount; ++r) {
      const std::byte* at = weights[r] + block * Block::kBytes;
      prefetch(at);
      sums[r] = _mm256_fmadd_ps(broadcast_half(at), Block::dot(at, x), sums[r]);
      offsets[r] += Block::offset(at, a.block_sums[block]);
    }
  }
  for (std::size_t r = 0; r < kCount; ++r) a.y[row + r] = sum_of(sums[r]) + offsets[r];
}

template <void (*kMany)(const GemvArguments&, std::size_t),
          void (*kOne)(const GemvArguments&, std::size_t)>
void rows(const GemvArguments& a, std::size_t first, std::size_t last) {
  for (; first + kRows <= last; first += kRows) kMany(a, first);
  for (; first < last; ++first) kOne(a, first);
}

/// q5_0, and with minima q5_1: d and m, 32 fifth bits, the four others of 32 codes.
template <bool kMinima>
void five_bit_rows(const GemvArguments& a, std::size_t first, std::size_t last) {
  constexpr std::size_t kHalves = kMinima ? 4 : 2;
  constexpr std::size_t kBytes = kHalves + 20;
  const __m256i shifts = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);
  const __m256i byte_of = _mm256_setr_epi64x(0x0000000000000000, 0x0101010101010101,
                                             0x0202020202020202, 0x0303030303030303);
  const __m256i bit_of = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
  for (std::size_t row = first; row < last; ++row) {
    const std::byte* at = a.weights + row * a.row_bytes;
    __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    __m128 offsets[2] = {_mm_setzero_ps(), _mm_setzero_ps()};
    for (std::size_t block = 0; block < a.columns / 32; block += 2) {
      prefetch(at);
      for (std::size_t i = 0; i < 2; ++i, at += kBytes) {
        const __m256i fifths =
            _mm256_shuffle_epi8(_mm256_broadcastd_epi32(_mm_loadu_si32(at + kHalves)), byte_of);
        const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(fifths, bit_of), bit_of);
        const __m256i bytes = _mm256_broadcastsi128_si256(load_16(at + kHalves + 4));
        const __m256i low =
            _mm256_and_si256(_mm256_srlv_epi32(bytes, shifts), _mm256_set1_epi8(15));
        // Without minima 16 is subtracted, where the fifth bit does not add it.
        const __m256i high = kMinima ? _mm256_and_si256(set, _mm256_set1_epi8(16))
                                     : _mm256_andnot_si256(set, _mm256_set1_epi8(-16));
        const __m256i codes = _mm256_or_si256(low, high);
        const __m256 products =
            dot_codes(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1),
                      Input(a.x + (block + i) * 32));
        const __m128 halves = _mm_cvtph_ps(_mm_loadu_si32(at));
        sums[i] = _mm256_fmadd_ps(_mm256_broadcastss_ps(halves), products, sums[i]);
        if constexpr (kMinima)
          offsets[i] = _mm_fmadd_ps(halves, _mm_set1_ps(a.block_sums[block + i]), offsets[i]);
      }
    }
    const __m128 offset = _mm_movehdup_ps(_mm_add_ps(offsets[0], offsets[1]));
    a.y[row] = sum_of(_mm256_add_ps(sums[0], sums[1])) + _mm_cvtss_f32(offset);
  }
}

template <__m256 (*kEight)(const std::byte*), std::size_t kBytes>
constexpr GemvKernel kPlain =
    rows<plain_rows<kEight, kBytes, kRows>, plain_rows<kEight, kBytes, 1>>;
template <class Block>
constexpr GemvKernel kBlocks = rows<block_rows<Block, kRows>, block_rows<Block, 1>>;

}  // namespace

GemvKernel avx2_kernel(std::string_view format) {
  if (format == "f32") return kPlain<eight_f32, 4>;
  if (format == "f16") return kPlain<eight_f16, 2>;
  if (format == "bf16") return kPlain<eight_bf16, 2>;
  if (format == "q8_0") return kBlocks<Q8_0>;
  if (format == "q4_0") return kBlocks<Q4_0>;
  if (format == "q4_1") return kBlocks<Q4_1>;
  if (format == "q5_0") return five_bit_rows<false>;
  if (format == "q5_1") return five_bit_rows<true>;
  return avx2_k_kernel(format);
}

float avx2_maximum(const float* values, std::size_t count) {
  __m256 maxima[4];
  for (__m256& maximum : maxima) maximum = _mm256_loadu_ps(values);
  for (std::size_t i = 0; i + 32 <= count; i += 32)
    for (std::size_t j = 0; j < 4; ++j)
      maxima[j] = _mm256_max_ps(maxima[j], _mm256_loadu_ps(values + i + 8 * j));
  const __m256 all =
      _mm256_max_ps(_mm256_max_ps(maxima[0], maxima[1]), _mm256_max_ps(maxima[2], maxima[3]));
  float lanes[8];
  _mm256_storeu_ps(lanes, all);
  float maximum = lanes[0];
  for (const float lane : lanes) maximum = lane > maximum ? lane : maximum;
  return maximum;
}

}  // namespace bench
