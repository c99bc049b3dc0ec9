// Encoders of blocks of 256, Q2_K to Q6_K. A block has sub-blocks, each with a scale and in some
// formats a smallest value, which are multiples of the block's own; a thread takes a sub-block.
// Scales and smallest values are those with the least squared error among several ranges, fitted by
// least squares, as ggml's quantisers choose them. Sums are taken in order.
#include "encoders/values.metal"

FOUNDRY_GLOBAL int kSteps = 8;  // ranges wider and narrower by up to a code, in so many steps each

struct Range {
  float scale;
  float least;
};

/// x = scale * code - least, codes 0 to `most`, least not below 0.
template <uint Size>
inline Range fitted_range(thread const float* x, float most) {
  float squares = 0.0f;
  float low = x[0];
  float high = x[0];
#pragma unroll
  for (uint i = 0; i < Size; ++i) {
    squares += x[i] * x[i];
    low = min(low, x[i]);
    high = max(high, x[i]);
  }
  low = min(low, 0.0f);
  const float span = high - low;
  const float mean = sqrt(squares / float(Size));
  float weight[Size];
  float n = 0.0f;
  float sx = 0.0f;
#pragma unroll
  for (uint i = 0; i < Size; ++i) {
    weight[i] = mean + fabs(x[i]);
    n += weight[i];
    sx += weight[i] * x[i];
  }
  const float some = max(n, 1e-37f);  // of nothing but zeros
  Range best = {span / most, -low};
  float best_error = INFINITY;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float inverse = span > 0.0f ? (most + float(step) / float(kSteps)) / span : 0.0f;
    float codes[Size];
    float c = 0.0f;
    float cc = 0.0f;
    float cx = 0.0f;
#pragma unroll
    for (uint i = 0; i < Size; ++i) {
      codes[i] = clamp(rint((x[i] - low) * inverse), 0.0f, most);
      c += weight[i] * codes[i];
      cc += weight[i] * (codes[i] * codes[i]);
      cx += weight[i] * (codes[i] * x[i]);
    }
    const float determinant = n * cc - c * c;
    const bool is_free = determinant > 1e-12f * n * cc;
    const float safe = is_free ? determinant : 1.0f;
    float scale = is_free ? (some * cx - c * sx) / safe : 0.0f;
    float least = is_free ? (c * cx - cc * sx) / safe : -sx / some;
    const float without = cc > 0.0f ? cx / (cc > 0.0f ? cc : 1.0f) : 0.0f;
    scale = max(least < 0.0f ? without : scale, 0.0f);
    least = max(least, 0.0f);
    float error = 0.0f;
#pragma unroll
    for (uint i = 0; i < Size; ++i) {
      const float off = scale * codes[i] - least - x[i];
      error += weight[i] * (off * off);
    }
    const bool is_better = error < best_error;
    best_error = is_better ? error : best_error;
    best.scale = is_better ? scale : best.scale;
    best.least = is_better ? least : best.least;
  }
  return best;
}

/// x = scale * code, codes -most to most - 1.
template <uint Size>
inline Range fitted_scale(thread const float* x, float most) {
  const float peak = peak_of<Size>(x);  // with its sign: the longer end takes it
  Range best = {0.0f, 0.0f};
  float best_gain = -INFINITY;
  for (int step = -kSteps; step <= kSteps; ++step) {
    const float inverse = peak != 0.0f ? -(most + float(step) / float(kSteps)) / peak : 0.0f;
    float products = 0.0f;
    float squares = 0.0f;
#pragma unroll
    for (uint i = 0; i < Size; ++i) {
      const float code = clamp(rint(x[i] * inverse), -most, most - 1.0f);
      const float weight = x[i] * x[i];
      products += weight * x[i] * code;
      squares += weight * code * code;
    }
    const bool some = squares > 0.0f;
    const float safe = some ? squares : 1.0f;
    const float gain = some ? products * products / safe : 0.0f;
    const bool is_better = gain > best_gain;
    best_gain = is_better ? gain : best_gain;
    best.scale = is_better ? (some ? products / safe : 0.0f) : best.scale;
  }
  return best;
}

/// A number of a sub-block as an integer times a number of the block's, which is an f16.
struct Share {
  float unit;
  float count;
};

/// Of numbers not below 0, up to `most` units; a block is `Count` neighbouring lanes.
template <uint Count>
inline Share share_of(float value, float most) {
  float highest = value;
#pragma unroll
  for (ushort mask = 1; mask < Count; mask *= 2) {
    highest = max(highest, simd_shuffle_xor(highest, mask));
  }
  const float unit = float(half(highest / most));
  const float count = unit > 0.0f ? rint(value / unit) : 0.0f;
  return {unit, clamp(count, 0.0f, most)};
}

/// Of either sign, from -most to most - 1 units.
template <uint Count>
inline Share signed_share_of(float value, float most, uint lane) {
  const ushort first = ushort(lane / Count * Count);
  float peak = simd_shuffle(value, first);
#pragma unroll
  for (ushort i = 1; i < Count; ++i) {
    const float other = simd_shuffle(value, ushort(first + i));
    peak = fabs(other) > fabs(peak) ? other : peak;
  }
  const float unit = float(half(peak / -most));
  const float count = unit != 0.0f ? rint(value / unit) : 0.0f;
  return {unit, clamp(count, -most, most - 1.0f)};
}

/// What a block's threads have put together.
struct Parts {
  threadgroup const uchar* codes;   // 256
  threadgroup const uchar* scales;  // of sub-blocks
  threadgroup const uchar* least;
};

/// Code i of those whose `Bits` low bits lie in one byte, four rows of 32 in turn: Q2_K, Q3_K.
inline uint quads(threadgroup const uchar* codes, uint i) {
  threadgroup const uchar* row = codes + i / 32 * 128 + i % 32;
  return (row[0] & 3) | (row[32] & 3) << 2 | (row[64] & 3) << 4 | (row[96] & 3) << 6;
}
/// Bits 0 to 3 of two rows of 32.
inline uint nibbles(threadgroup const uchar* codes, uint i) {
  threadgroup const uchar* row = codes + i / 32 * 64 + i % 32;
  return (row[0] & 15) | (row[32] & 15) << 4;
}
/// One bit of all eight rows of 32.
inline uint one_bit(threadgroup const uchar* codes, uint i, uint bit) {
  uint bits = 0;
#pragma unroll
  for (uint row = 0; row < 8; ++row) bits |= (codes[row * 32 + i] >> bit & 1) << row;
  return bits;
}

/// Byte i of eight scales and eight smallest values of six bits.
inline uint six_bits(Parts parts, uint i) {
  if (i < 4) return parts.scales[i] | parts.scales[i + 4] >> 4 << 6;
  if (i < 8) return parts.least[i - 4] | parts.least[i] >> 4 << 6;
  return (parts.scales[i - 4] & 15) | (parts.least[i - 4] & 15) << 4;
}

// A format: sub-blocks of kSize; bits of a code and of a share; where the block's scale stands, and
// its smallest value; and what its other bytes are.
struct q2_k {
  FOUNDRY_CONSTANT uint kSize = 16, kBytes = 84, kCodeBits = 2, kShareBits = 4;
  FOUNDRY_CONSTANT uint kScale = 80, kLeast = 82;
  FOUNDRY_CONSTANT bool kHasLeast = true;
  static uint byte(Parts parts, uint i) {
    return i < 16 ? parts.scales[i] | parts.least[i] << 4 : quads(parts.codes, i - 16);
  }
};
struct q3_k {
  FOUNDRY_CONSTANT uint kSize = 16, kBytes = 110, kCodeBits = 3, kShareBits = 6;
  FOUNDRY_CONSTANT uint kScale = 108, kLeast = 0;
  FOUNDRY_CONSTANT bool kHasLeast = false;
  static uint byte(Parts parts, uint i) {
    if (i < 32) return one_bit(parts.codes, i, 2);
    if (i < 96) return quads(parts.codes, i - 32);
    if (i < 104) return (parts.scales[i - 96] & 15) | (parts.scales[i - 88] & 15) << 4;
    threadgroup const uchar* top = parts.scales + i - 104;
    return top[0] >> 4 | top[4] >> 4 << 2 | top[8] >> 4 << 4 | top[12] >> 4 << 6;
  }
};
struct q4_k {
  FOUNDRY_CONSTANT uint kSize = 32, kBytes = 144, kCodeBits = 4, kShareBits = 6;
  FOUNDRY_CONSTANT uint kScale = 0, kLeast = 2;
  FOUNDRY_CONSTANT bool kHasLeast = true;
  static uint byte(Parts parts, uint i) {
    return i < 16 ? six_bits(parts, i - 4) : nibbles(parts.codes, i - 16);
  }
};
struct q5_k {
  FOUNDRY_CONSTANT uint kSize = 32, kBytes = 176, kCodeBits = 5, kShareBits = 6;
  FOUNDRY_CONSTANT uint kScale = 0, kLeast = 2;
  FOUNDRY_CONSTANT bool kHasLeast = true;
  static uint byte(Parts parts, uint i) {
    if (i < 16) return six_bits(parts, i - 4);
    return i < 48 ? one_bit(parts.codes, i - 16, 4) : nibbles(parts.codes, i - 48);
  }
};
struct q6_k {
  FOUNDRY_CONSTANT uint kSize = 16, kBytes = 210, kCodeBits = 6, kShareBits = 8;
  FOUNDRY_CONSTANT uint kScale = 208, kLeast = 0;
  FOUNDRY_CONSTANT bool kHasLeast = false;
  static uint byte(Parts parts, uint i) {
    if (i >= 192) return parts.scales[i - 192];
    if (i < 128) {
      threadgroup const uchar* row = parts.codes + i / 64 * 128 + i % 64;
      return (row[0] & 15) | (row[64] & 15) << 4;
    }
    threadgroup const uchar* row = parts.codes + (i - 128) / 32 * 128 + i % 32;
    return row[0] >> 4 | row[32] >> 4 << 2 | row[64] >> 4 << 4 | row[96] >> 4 << 6;
  }
};

template <class Format, class T>
kernel void encode(device const T* x, device uchar* y, device atomic_uint* refused,
                   constant uint& blocks, constant float& most,
                   uint position [[thread_position_in_grid]],
                   uint thread_index [[thread_index_in_threadgroup]],
                   uint lane [[thread_index_in_simdgroup]]) {
  constexpr uint kSubBlocks = 256 / Format::kSize;
  threadgroup uchar codes[32 * Format::kSize];
  threadgroup uchar scales[32];
  threadgroup uchar least[32];

  // Threads beyond the end take the last block again: lanes of a block act together.
  const uint block = min(position / kSubBlocks, blocks - 1);
  const uint part = thread_index % kSubBlocks;
  float values[Format::kSize];
  load_values<Format::kSize>(x + ulong(block) * 256 + part * Format::kSize, values);
  refuse<Format::kSize>(values, most, refused);

  constexpr float kShares = float((1u << Format::kShareBits) - 1);
  constexpr float kHalfShares = float(1u << (Format::kShareBits - 1));
  constexpr float kHalfCodes = float(1u << (Format::kCodeBits - 1));
  Share scale = {0.0f, 0.0f};
  Share lowest = {0.0f, 0.0f};
  float low_code = 0.0f;
  float high_code = float((1u << Format::kCodeBits) - 1);
  if (Format::kHasLeast) {
    const Range range = fitted_range<Format::kSize>(values, high_code);
    scale = share_of<kSubBlocks>(range.scale, kShares);
    lowest = share_of<kSubBlocks>(range.least, kShares);
  } else {
    const Range range = fitted_scale<Format::kSize>(values, kHalfCodes);
    scale = signed_share_of<kSubBlocks>(range.scale, kHalfShares, lane);
    low_code = -kHalfCodes;
    high_code = kHalfCodes - 1.0f;
  }
  const float width = scale.unit * scale.count;
  const float offset = lowest.unit * lowest.count;
  const float safe = width != 0.0f ? width : 1.0f;
#pragma unroll
  for (uint i = 0; i < Format::kSize; ++i) {
    const float code = width != 0.0f ? rint((values[i] + offset) / safe) : 0.0f;
    codes[thread_index * Format::kSize + i] = uchar(clamp(code, low_code, high_code) - low_code);
  }
  // Signed shares of six bits are stored from their lowest up, those of eight as they are.
  scales[thread_index] =
      uchar(int(scale.count) + (!Format::kHasLeast && Format::kShareBits == 6 ? 32 : 0));
  least[thread_index] = uchar(lowest.count);
  threadgroup_barrier(mem_flags::mem_threadgroup);

  if (position / kSubBlocks >= blocks) return;
  const uint own = thread_index / kSubBlocks;
  const Parts parts = {codes + own * 256, scales + own * kSubBlocks, least + own * kSubBlocks};
  device uchar* bytes = y + ulong(block) * Format::kBytes;
  for (uint i = part; i < Format::kBytes; i += kSubBlocks) {
    const bool is_scale = i - Format::kScale < 2;
    const bool is_least = Format::kHasLeast && i - Format::kLeast < 2;
    if (is_scale || is_least) continue;
    bytes[i] = uchar(Format::byte(parts, i));
  }
  if (part == 0) {
    store_half(bytes + Format::kScale, scale.unit);
    if (Format::kHasLeast) store_half(bytes + Format::kLeast, lowest.unit);
  }
}
