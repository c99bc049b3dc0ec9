// Random weights in the formats that are compared, and their meaning, weight by weight.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

/// How a format's blocks lie in memory (GGUF's layouts, ggml-common.h).
struct Format {
  const char* name;
  std::size_t block_elements;
  std::size_t block_bytes;
  // Where a block's half-precision scales stand; the rest of a block may be any bytes, but for
  // those of other scales.
  std::vector<std::size_t> halves;
  std::vector<std::pair<std::size_t, std::uint8_t>> scales = {};

  std::size_t row_bytes(std::size_t columns) const {
    return columns / block_elements * block_bytes;
  }
};

inline const Format* find_format(std::string_view name) {
  static const Format formats[] = {
      {"f32", 1, 4, {}},
      {"f16", 1, 2, {}},
      {"bf16", 1, 2, {}},
      {"q8_0", 32, 34, {0}},
      {"q4_0", 32, 18, {0}},
      {"q4_1", 32, 20, {0, 2}},
      {"q5_0", 32, 22, {0}},
      {"q5_1", 32, 24, {0, 2}},
      {"q4_k", 256, 144, {0, 2}},
      {"q5_k", 256, 176, {0, 2}},
      {"q6_k", 256, 210, {208}},
      {"q2_k", 256, 84, {80, 82}},
      {"q3_k", 256, 110, {108}},
      {"iq1_s", 256, 50, {0}},
      {"iq1_m", 256, 56, {}, {{55, 0x1c}}},
      {"iq2_xxs", 256, 66, {0}},
      {"iq2_xs", 256, 74, {0}},
      {"iq2_s", 256, 82, {0}},
      {"iq3_xxs", 256, 98, {0}},
      {"iq3_s", 256, 110, {0}},
      {"iq4_nl", 32, 18, {0}},
      {"iq4_xs", 256, 136, {0}},
      {"tq1_0", 256, 54, {52}},
      {"tq2_0", 256, 66, {64}},
      {"mxfp4", 32, 17, {}, {{0, 119}}},
      {"nvfp4", 64, 36, {}, {{0, 8}, {1, 9}, {2, 10}, {3, 11}}},
  };
  for (const Format& format : formats)
    if (name == format.name) return &format;
  return nullptr;
}

inline std::uint16_t half_bits(float value) {
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(value));
}
inline float half_value(const std::byte* at) {
  _Float16 value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<float>(value);
}

/// Values of the size that trained weights have. Never zeros: they cost nothing on some machines.
inline std::vector<std::byte> random_weights(const Format& format, std::size_t rows,
                                             std::size_t columns) {
  std::mt19937_64 random(rows * 31 + columns);
  std::uniform_real_distribution<float> unit(-1.0f, 1.0f);
  std::vector<std::byte> bytes(rows * format.row_bytes(columns));
  const std::size_t blocks = bytes.size() / format.block_bytes;
  const std::string_view name = format.name;
  for (std::size_t i = 0; i < blocks; ++i) {
    std::byte* block = bytes.data() + i * format.block_bytes;
    if (name == "f32") {
      const float value = unit(random);
      std::memcpy(block, &value, 4);
    } else if (name == "f16") {
      const std::uint16_t value = half_bits(unit(random));
      std::memcpy(block, &value, 2);
    } else if (name == "bf16") {
      const std::uint16_t value = std::bit_cast<std::uint32_t>(unit(random)) >> 16;
      std::memcpy(block, &value, 2);
    } else {
      for (std::size_t at = 0; at < format.block_bytes; at += 8) {
        const std::uint64_t word = random();
        std::memcpy(block + at, &word, std::min<std::size_t>(8, format.block_bytes - at));
      }
      for (const std::size_t at : format.halves) {
        const std::uint16_t value = half_bits(0.005f + 0.002f * unit(random));
        std::memcpy(block + at, &value, 2);
      }
      for (const auto& [at, value] : format.scales) block[at] = std::byte{value};
    }
  }
  return bytes;
}

inline std::vector<float> random_input(std::size_t columns) {
  std::mt19937_64 random(columns);
  std::normal_distribution<float> normal;
  std::vector<float> x(columns);
  for (float& value : x) value = normal(random);
  return x;
}

/// The six-bit scale (which = 0) or minimum (1) of sub-block j, as q4_k and q5_k pack eight of
/// each.
inline unsigned packed_six_bits(const std::byte* packed, unsigned which, std::size_t j) {
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(packed[at]); };
  if (j < 4) return byte(4 * which + j) & 63;
  return (byte(j + 4) >> (4 * which) & 15) | byte(4 * which + j - 4) >> 6 << 4;
}

/// Weight k of a row, of the formats that have a hand-written product.
inline float weight_at(const Format& format, const std::byte* row, std::size_t k) {
  const std::byte* block = row + k / format.block_elements * format.block_bytes;
  const std::size_t i = k % format.block_elements;
  const std::string_view name = format.name;
  const auto bits = [&](std::size_t at, std::size_t shift, unsigned mask) {
    return std::to_integer<unsigned>(block[at]) >> shift & mask;
  };
  // Code i of a block of 32, its low four bits from `low` on, its fifth from `high` on.
  const auto four = [&](std::size_t low) {
    return static_cast<float>(bits(low + i % 16, i / 16 * 4, 15));
  };
  const auto five = [&](std::size_t high, std::size_t low) {
    return four(low) + static_cast<float>(bits(high + i / 8, i % 8, 1) * 16);
  };
  if (name == "f32") {
    float value;
    std::memcpy(&value, block, 4);
    return value;
  }
  if (name == "f16") return half_value(block);
  if (name == "bf16") {
    std::uint16_t value;
    std::memcpy(&value, block, 2);
    return std::bit_cast<float>(std::uint32_t{value} << 16);
  }
  if (name == "q8_0") return half_value(block) * static_cast<std::int8_t>(block[2 + i]);
  if (name == "q4_0") return half_value(block) * (four(2) - 8.0f);
  if (name == "q4_1") return half_value(block) * four(4) + half_value(block + 2);
  if (name == "q5_0") return half_value(block) * (five(2, 6) - 16.0f);
  if (name == "q5_1") return half_value(block) * five(4, 8) + half_value(block + 2);
  if (name == "q6_k") {
    const std::size_t half = i / 128, part = i % 128 / 32, l = i % 32;
    const unsigned low = bits(64 * half + part % 2 * 32 + l, part / 2 * 4, 15);
    const unsigned high = bits(128 + 32 * half + l, 2 * part, 3);
    const int code = static_cast<int>(low | high << 4) - 32;
    return half_value(block + 208) * static_cast<std::int8_t>(block[192 + i / 16]) * code;
  }
  const std::size_t j = i / 32, l = i % 32;
  const bool fifth = name == "q5_k";
  const unsigned low = bits((fifth ? 48 : 16) + j / 2 * 32 + l, j % 2 * 4, 15);
  const unsigned code = low | (fifth ? bits(16 + l, j, 1) << 4 : 0);
  return half_value(block) * packed_six_bits(block + 4, 0, j) * code -
         half_value(block + 2) * packed_six_bits(block + 4, 1, j);
}

}  // namespace bench
