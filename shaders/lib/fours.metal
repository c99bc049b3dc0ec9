// Policies of formats whose codes are bytes or less, from one description of the format: `Fours` is
// the policy, `IntegerFours` its integer form (lib/policy.metal).
//
// A four is four neighbouring weights. `struct Format` has
//   Block, kBlock             as a policy has them
//   Numbers                   what codes stand for: themselves, or entries of a table
//   kOffset                   weight = scale * (number - kOffset) - minimum
//   kRun                      weights that have one scale and minimum: 16, or 32 and more
//   kApart                    a lane of a GPU takes two fours at this distance: those that share bytes
//   kHasMinimum               whether there are minima
//   codes<Bytes>(block, four) the codes of the weights 4 * four to 4 * four + 3, a byte each, the
//                             first in the low bits. Words of the block are read as `Bytes` does it
//   scale(block, four), minimum(block, four)
#pragma once
#include "lib/gemv_input.metal"
#include "lib/policy.metal"

/// How four neighbouring bytes of a block are read: by its alignment on GPUs, in one piece on CPUs.
struct BytesAnywhere {
  static uint four(device const uchar* bytes) { return any_uint(bytes); }
};
struct BytesAtEven {
  static uint four(device const uchar* bytes) { return even_uint(bytes); }
};
template <uint Alignment>
struct BytesAt : BytesAtEven {};
template <>
struct BytesAt<1> : BytesAnywhere {};

/// Codes that are numbers.
struct PlainNumbers {
  static uint one(uint code) { return code; }
  /// Of two fours.
  static uint2 eight(uint low, uint high) { return uint2(low, high); }
};

/// What a format has unless it says otherwise.
struct FormatDefaults {
  using Numbers = PlainNumbers;
  FOUNDRY_CONSTANT bool kHasMinimum = false;
  template <class Block>
  static float minimum(device const Block&, uint) {
    return 0.0f;
  }
};

/// What one of four codes stands for.
template <class Format>
inline float number_of(uint codes, uint j) {
  return float(short(Format::Numbers::one(codes >> 8 * j & 255)) - Format::kOffset);
}

template <class Format, uint Width>
struct Fours {
  static_assert(Width == 8, "two fours a lane");
  using Block = typename Format::Block;
  FOUNDRY_CONSTANT uint kBlock = Format::kBlock;
  FOUNDRY_CONSTANT uint kApart = Format::kApart;

  static uint first_four(uint lane) { return lane / kApart * 2 * kApart + lane % kApart; }
  static uint position(uint lane, uint j) {
    return 4 * (first_four(lane) + j / 4 * kApart) + j % 4;
  }

  static float dot(device const Block* step, uint lane, thread const float* x) {
    using Bytes = BytesAt<alignof(Block)>;
    const uint first = first_four(lane);
    device const Block& block = step[first / (kBlock / 4)];
    const uint four = first % (kBlock / 4);
    const uint low = Format::template codes<Bytes>(block, four);
    const uint high = Format::template codes<Bytes>(block, four + kApart);
    float2 sum = 0.0f;
    float2 total = 0.0f;
#pragma unroll
    for (uint j = 0; j < 4; ++j) {
      const float2 pair = float2(x[j], x[j + 4]);
      sum += float2(number_of<Format>(low, j), number_of<Format>(high, j)) * pair;
      total += pair;
    }
    float result = Format::scale(block, four) * sum.x + Format::scale(block, four + kApart) * sum.y;
    if (Format::kHasMinimum) {
      result -= Format::minimum(block, four) * total.x +
                Format::minimum(block, four + kApart) * total.y;
    }
    return result;
  }

  static float value(device const Block& block, uint i) {
    const uint codes = Format::template codes<BytesAnywhere>(block, i / 4);
    return Format::scale(block, i / 4) * number_of<Format>(codes, i % 4) -
           Format::minimum(block, i / 4);
  }
};

/// The integer form: sums of (number - kOffset) * x in 32-bit integers.
template <class Format>
struct IntegerFours {
  using Block = typename Format::Block;

  static float dot(device const Block* step, uint lane, threadgroup const short2* pairs,
                   float x_scale, float x_sum) {
    const uint first = lane / 4 * 8 + lane % 4;
    device const Block& block = step[first / (Format::kBlock / 4)];
    const uint four = first % (Format::kBlock / 4);
    const uint2 numbers =
        Format::Numbers::eight(Format::template codes<BytesAnywhere>(block, four),
                               Format::template codes<BytesAnywhere>(block, four + 4));
    const int low = dot_bytes(numbers.x, Format::kOffset, pairs);
    const int high = dot_bytes(numbers.y, Format::kOffset, pairs + 32);
    float result;
    if (Format::kRun >= 32) {
      result = Format::scale(block, four) * x_scale * float(low + high);
      if (Format::kHasMinimum) result -= Format::minimum(block, four) * x_sum;
    } else {
      result = x_scale * (Format::scale(block, four) * float(low) +
                          Format::scale(block, four + 4) * float(high));
      if (Format::kHasMinimum) {
        const float x_low = x_scale * float(dot_bytes(0x01010101, 0, pairs));
        result -= Format::minimum(block, four) * x_low +
                  Format::minimum(block, four + 4) * (x_sum - x_low);
      }
    }
    return result;
  }
};
