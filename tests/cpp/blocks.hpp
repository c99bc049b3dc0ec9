// Random blocks of every quantised dtype that is built in, and their values by ggml's definition
// (dequantize_row_* in ggml-quants.c), in double.
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
      throw ArgumentError(concat("no random blocks of ", name_of(dtype)));
  }
}

}  // namespace foundry::test
