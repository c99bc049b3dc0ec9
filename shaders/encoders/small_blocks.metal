// Encoders of blocks of 32, a thread each: codes and scales as the `gguf` package computes them.
#include "encoders/values.metal"
#include "lib/block_codes.metal"

/// Bits 0 to 3 of codes i and i + 16 are byte i.
inline void store_nibbles(device uchar* bytes, thread const uint* codes) {
#pragma unroll
  for (uint i = 0; i < 16; ++i) bytes[i] = uchar((codes[i] & 15) | (codes[i + 16] & 15) << 4);
}

/// Bit 4 of code i is bit i.
inline void store_fifth_bits(device uchar* bytes, thread const uint* codes) {
  uint bits = 0;
#pragma unroll
  for (uint i = 0; i < 32; ++i) bits |= (codes[i] >> 4 & 1) << i;
#pragma unroll
  for (uint i = 0; i < 4; ++i) bytes[i] = uchar(bits >> 8 * i);
}

struct Q8_0Encoder {
  FOUNDRY_CONSTANT uint kBytes = 34;
  static void store(thread const float* x, device uchar* bytes) {
    const float scale = Q8_0Codes::scale(peak_of<32>(x));
    const float inverse = inverse_of(scale);
    store_half(bytes, scale);
#pragma unroll
    for (uint i = 0; i < 32; ++i) bytes[2 + i] = uchar(Q8_0Codes::code(x[i], inverse));
  }
};

/// Codes about the middle of their range: Q4_0, Q5_0.
template <uint Bits>
struct CentredEncoder {
  FOUNDRY_CONSTANT uint kBytes = Bits == 4 ? 18 : 22;
  static void store(thread const float* x, device uchar* bytes) {
    const float scale = CentredCodes<Bits>::scale(peak_of<32>(x));
    const float inverse = inverse_of(scale);
    uint codes[32];
#pragma unroll
    for (uint i = 0; i < 32; ++i) codes[i] = CentredCodes<Bits>::code(x[i], inverse);
    store_half(bytes, scale);
    if (Bits == 5) store_fifth_bits(bytes + 2, codes);
    store_nibbles(bytes + kBytes - 16, codes);
  }
};

/// Codes from the smallest value up: Q4_1, Q5_1.
template <uint Bits>
struct LeastEncoder {
  FOUNDRY_CONSTANT uint kBytes = Bits == 4 ? 20 : 24;
  static void store(thread const float* x, device uchar* bytes) {
    float low = x[0];
    float high = x[0];
#pragma unroll
    for (uint i = 1; i < 32; ++i) {
      low = min(low, x[i]);
      high = max(high, x[i]);
    }
    const float scale = (high - low) / float((1u << Bits) - 1);
    const float inverse = inverse_of(scale);
    uint codes[32];
#pragma unroll
    for (uint i = 0; i < 32; ++i) {
      codes[i] = min(uint((x[i] - low) * inverse + 0.5f), (1u << Bits) - 1);
    }
    store_half(bytes, scale);
    store_half(bytes + 2, low);
    if (Bits == 5) store_fifth_bits(bytes + 4, codes);
    store_nibbles(bytes + kBytes - 16, codes);
  }
};

using q8_0 = Q8_0Encoder;
using q4_0 = CentredEncoder<4>;
using q5_0 = CentredEncoder<5>;
using q4_1 = LeastEncoder<4>;
using q5_1 = LeastEncoder<5>;

template <class Format, class T>
kernel void encode(device const T* x, device uchar* y, device atomic_uint* refused,
                   constant uint& blocks, constant float& most,
                   uint block [[thread_position_in_grid]]) {
  if (block >= blocks) return;
  float values[32];
  load_values<32>(x + ulong(block) * 32, values);
  refuse<32>(values, most, refused);
  Format::store(values, y + ulong(block) * Format::kBytes);
}
