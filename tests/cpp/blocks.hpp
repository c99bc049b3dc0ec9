// Random blocks of the quantised dtypes that are built in; of those that have a C++ type their
// values by ggml's definition (dequantize_row_* in ggml-quants.c), in double.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "foundry/core/error.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry::test {

using Values = std::vector<double>;

inline double number(f16 value) {
  return static_cast<double>(static_cast<float>(value));
}

/// Code i of 32 in 16 bytes: low halves first, then high halves.
inline int nibble(const std::uint8_t* bytes, std::size_t i) {
  return i < 16 ? bytes[i] & 15 : bytes[i - 16] >> 4;
}
inline int bit(const std::uint8_t* bytes, std::size_t i) {
  return bytes[i / 8] >> i % 8 & 1;
}

inline double value_of(const q4_0& b, std::size_t i) {
  return number(b.scale) * (nibble(b.codes, i) - 8);
}
inline double value_of(const q4_1& b, std::size_t i) {
  return number(b.scale) * nibble(b.codes, i) + number(b.minimum);
}
inline double value_of(const q5_0& b, std::size_t i) {
  return number(b.scale) * (nibble(b.low, i) + 16 * bit(b.high, i) - 16);
}
inline double value_of(const q5_1& b, std::size_t i) {
  return number(b.scale) * (nibble(b.low, i) + 16 * bit(b.high, i)) + number(b.minimum);
}
inline double value_of(const q8_0& b, std::size_t i) {
  return number(b.scale) * b.codes[i];
}

/// get_scale_min_k4.
inline void scale_and_minimum(const std::uint8_t* q, std::size_t j, int& scale, int& minimum) {
  scale = j < 4 ? q[j] & 63 : (q[j + 4] & 15) | (q[j - 4] >> 6) << 4;
  minimum = j < 4 ? q[j + 4] & 63 : q[j + 4] >> 4 | (q[j] >> 6) << 4;
}
template <class Block>
double value_of_k(const Block& b, std::size_t i, int code) {
  int scale = 0, minimum = 0;
  scale_and_minimum(b.sub_scales, i / 32, scale, minimum);
  return number(b.scale) * scale * code - number(b.minimum) * minimum;
}
inline int k_nibble(const std::uint8_t* bytes, std::size_t i) {
  return bytes[i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15;
}
inline double value_of(const q4_k& b, std::size_t i) {
  return value_of_k(b, i, k_nibble(b.codes, i));
}
inline double value_of(const q5_k& b, std::size_t i) {
  return value_of_k(b, i, k_nibble(b.low, i) + 16 * (b.high[i % 32] >> i / 32 & 1));
}
inline double value_of(const q6_k& b, std::size_t i) {
  const std::size_t half = i / 128, run = i % 128 / 32, l = i % 32;
  const int low = b.low[half * 64 + run % 2 * 32 + l] >> (run / 2 * 4) & 15;
  const int high = b.high[half * 32 + l] >> run * 2 & 3;
  return number(b.scale) * b.sub_scales[i / 16] * (low + 16 * high - 32);
}

/// `count` elements: all codes at random, scales that keep values around one.
template <class Block>
std::vector<std::byte> random_blocks_of(std::size_t count, std::mt19937& engine, Values& values) {
  const std::size_t elements = info(dtype_of<Block>).block_elements;
  const double largest = elements == 256 ? 0.1 / 32 : 0.1;
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_real_distribution<double> scale(-largest, largest);
  std::vector<Block> blocks(count / elements);
  std::vector<std::byte> bytes(count / elements * sizeof(Block));
  for (auto& b : bytes) b = static_cast<std::byte>(byte(engine));
  std::memcpy(blocks.data(), bytes.data(), bytes.size());
  values.clear();
  for (Block& block : blocks) {
    block.scale = f16(static_cast<float>(scale(engine)));
    if constexpr (requires { block.minimum; }) {
      block.minimum = f16(static_cast<float>(5.0 * scale(engine)));
    }
    for (std::size_t i = 0; i < elements; ++i) values.push_back(value_of(block, i));
  }
  std::memcpy(bytes.data(), blocks.data(), bytes.size());
  return bytes;
}

inline std::vector<std::byte> random_blocks(DType dtype, std::size_t count, std::mt19937& engine,
                                            Values& values) {
  switch (dtype) {
    case DType::q4_0:
      return random_blocks_of<q4_0>(count, engine, values);
    case DType::q4_1:
      return random_blocks_of<q4_1>(count, engine, values);
    case DType::q5_0:
      return random_blocks_of<q5_0>(count, engine, values);
    case DType::q5_1:
      return random_blocks_of<q5_1>(count, engine, values);
    case DType::q8_0:
      return random_blocks_of<q8_0>(count, engine, values);
    case DType::q4_k:
      return random_blocks_of<q4_k>(count, engine, values);
    case DType::q5_k:
      return random_blocks_of<q5_k>(count, engine, values);
    case DType::q6_k:
      return random_blocks_of<q6_k>(count, engine, values);
    default:
      throw ArgumentError(concat("no values of random blocks of ", name_of(dtype)));
  }
}

/// A byte of a block's scales that keeps weights near one: `least` or up to `range` more, above the
/// bits that `kept` leaves to codes.
struct ScaleByte {
  std::size_t at;
  int least, range, kept;
};

/// Of the formats without a C++ type: the high byte of each half, IQ1_M's highest nibble, MXFP4's
/// exponent and NVFP4's scales.
inline std::vector<ScaleByte> scale_bytes(DType dtype) {
  switch (dtype) {
    case DType::q2_k:
      return {{81, 0x18, 4, 0}, {83, 0x18, 4, 0}};
    case DType::q3_k:
      return {{109, 0x18, 4, 0}};
    case DType::iq1_s:
    case DType::iq2_xxs:
    case DType::iq2_xs:
    case DType::iq2_s:
    case DType::iq3_xxs:
    case DType::iq3_s:
    case DType::iq4_nl:
    case DType::iq4_xs:
      return {{1, 0x18, 4, 0}};
    case DType::iq1_m:
      return {{55, 0x20, 1, 15}};
    case DType::tq1_0:
      return {{53, 0x38, 4, 0}};
    case DType::tq2_0:
      return {{65, 0x38, 4, 0}};
    case DType::mxfp4:
      return {{0, 122, 5, 0}};
    case DType::nvfp4:
      return {{0, 24, 24, 0}, {1, 24, 24, 0}, {2, 24, 24, 0}, {3, 24, 24, 0}};
    default:
      return {};
  }
}

/// `count` elements of such a format: any codes.
inline std::vector<std::byte> random_codes(DType dtype, std::size_t count, std::mt19937& engine) {
  const DTypeInfo& row = info(dtype);
  std::uniform_int_distribution<int> byte(0, 255);
  std::vector<std::byte> bytes(count / row.block_elements * row.block_bytes);
  for (auto& b : bytes) b = static_cast<std::byte>(byte(engine));
  for (std::size_t block = 0; block < bytes.size(); block += row.block_bytes) {
    for (const auto& [at, least, range, kept] : scale_bytes(dtype)) {
      std::byte& scale = bytes[block + at];
      const int rest = std::to_integer<int>(scale) & kept;
      scale = static_cast<std::byte>((least + byte(engine) % range) | rest);
    }
  }
  return bytes;
}

}  // namespace foundry::test
