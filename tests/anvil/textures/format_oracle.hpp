// format_oracle.hpp: texels to numbers in double, from what a format's name says alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <Metal/Metal.hpp>

namespace textures {

/// "RGB10A2Unorm": its channels from the lowest bit on, with their widths; then what they are.
struct NamedFormat {
  MTL::PixelFormat format;
  std::string name;

  struct Channel {
    char name;
    unsigned bits, first;
  };
  std::vector<Channel> channels() const {
    std::vector<Channel> list;
    unsigned first = 0;
    size_t i = 0;
    if (name.starts_with("Depth")) return {{'R', name.starts_with("Depth16") ? 16u : 32u, 0}};
    if (name.starts_with("Stencil")) return {{'R', 8, 0}};
    while (i < name.size() && std::string("RGBAE").find(name[i]) != std::string::npos) {
      const size_t begin = i;
      while (std::string("RGBAE").find(name[i]) != std::string::npos) ++i;
      const size_t end = i;
      unsigned bits = 0;
      for (; i < name.size() && name[i] >= '0' && name[i] <= '9'; ++i)
        bits = bits * 10 + static_cast<unsigned>(name[i] - '0');
      for (size_t at = begin; at < end; ++at, first += bits)
        list.push_back({name[at], bits, first});
    }
    return list;
  }
  unsigned bytes() const {
    const auto list = channels();
    return (list.back().first + list.back().bits) / 8;
  }
  bool is(const char* part) const { return name.find(part) != std::string::npos; }
  bool is_integer() const { return is("Uint") || is("Sint") || is("Stencil"); }
};

inline uint64_t bits_at(const uint8_t* texel, unsigned first, unsigned bits) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bits; ++i)
    value |= uint64_t{(texel[(first + i) / 8] >> (first + i) % 8) & 1u} << i;
  return value;
}

/// A float of 5 bits of exponent and `mantissa` bits, without a sign.
inline double small_float(uint64_t code, unsigned mantissa) {
  const uint64_t exponent = code >> mantissa, fraction = code & ((uint64_t{1} << mantissa) - 1);
  if (exponent == 31) return fraction ? NAN : INFINITY;
  const double step = std::ldexp(1.0, -static_cast<int>(mantissa));
  return exponent == 0 ? std::ldexp(static_cast<double>(fraction) * step, -14)
                       : std::ldexp(1 + static_cast<double>(fraction) * step,
                                    static_cast<int>(exponent) - 15);
}
inline double srgb_to_linear(double v) {
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}
inline double linear_to_srgb(double v) {
  return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
}

inline double channel_number(const NamedFormat& format, const NamedFormat::Channel& channel,
                             uint64_t code) {
  const double most = std::ldexp(1.0, static_cast<int>(channel.bits)) - 1;
  const auto as_signed = [&] {
    return static_cast<double>(static_cast<int64_t>(code << (64 - channel.bits)) >>
                               (64 - channel.bits));
  };
  if (format.is("Uint") || format.is("Stencil")) return static_cast<double>(code);
  if (format.is("Sint")) return as_signed();
  if (format.is("Snorm"))
    return std::max(as_signed() / (std::ldexp(1.0, static_cast<int>(channel.bits) - 1) - 1), -1.0);
  if (format.is("Float")) {
    if (channel.bits == 32) return std::bit_cast<float>(static_cast<uint32_t>(code));
    if (channel.bits == 16)
      return static_cast<double>(std::bit_cast<_Float16>(static_cast<uint16_t>(code)));
    return small_float(code, channel.bits - 5);
  }
  const double fraction = static_cast<double>(code) / most;
  return format.is("sRGB") && channel.name != 'A' ? srgb_to_linear(fraction) : fraction;
}

struct Numbers {
  double v[4] = {0, 0, 0, 1};
};
inline Numbers decoded(const NamedFormat& format, const uint8_t* texel) {
  Numbers numbers;
  double exponent = 0;
  for (const auto& channel : format.channels()) {
    const uint64_t code = bits_at(texel, channel.first, channel.bits);
    if (channel.name == 'E')
      exponent = static_cast<double>(code);
    else if (format.is("9E5"))
      numbers.v[std::string("RGBA").find(channel.name)] = static_cast<double>(code);
    else
      numbers.v[std::string("RGBA").find(channel.name)] = channel_number(format, channel, code);
  }
  if (format.is("9E5"))
    for (int i = 0; i < 3; ++i) numbers.v[i] *= std::exp2(exponent - 24);
  return numbers;
}

inline const std::vector<NamedFormat>& formats() {
#define FORMAT(name)              \
  {                               \
    MTL::PixelFormat##name, #name \
  }
  static const std::vector<NamedFormat> list{
      FORMAT(A8Unorm),       FORMAT(R8Unorm),         FORMAT(R8Unorm_sRGB),    FORMAT(R8Snorm),
      FORMAT(R8Uint),        FORMAT(R8Sint),          FORMAT(R16Unorm),        FORMAT(R16Snorm),
      FORMAT(R16Uint),       FORMAT(R16Sint),         FORMAT(R16Float),        FORMAT(RG8Unorm),
      FORMAT(RG8Unorm_sRGB), FORMAT(RG8Snorm),        FORMAT(RG8Uint),         FORMAT(RG8Sint),
      FORMAT(B5G6R5Unorm),   FORMAT(A1BGR5Unorm),     FORMAT(ABGR4Unorm),      FORMAT(BGR5A1Unorm),
      FORMAT(R32Uint),       FORMAT(R32Sint),         FORMAT(R32Float),        FORMAT(RG16Unorm),
      FORMAT(RG16Snorm),     FORMAT(RG16Uint),        FORMAT(RG16Sint),        FORMAT(RG16Float),
      FORMAT(RGBA8Unorm),    FORMAT(RGBA8Unorm_sRGB), FORMAT(RGBA8Snorm),      FORMAT(RGBA8Uint),
      FORMAT(RGBA8Sint),     FORMAT(BGRA8Unorm),      FORMAT(BGRA8Unorm_sRGB), FORMAT(RGB10A2Unorm),
      FORMAT(RGB10A2Uint),   FORMAT(RG11B10Float),    FORMAT(RGB9E5Float),     FORMAT(BGR10A2Unorm),
      FORMAT(RG32Uint),      FORMAT(RG32Sint),        FORMAT(RG32Float),       FORMAT(RGBA16Unorm),
      FORMAT(RGBA16Snorm),   FORMAT(RGBA16Uint),      FORMAT(RGBA16Sint),      FORMAT(RGBA16Float),
      FORMAT(RGBA32Uint),    FORMAT(RGBA32Sint),      FORMAT(RGBA32Float),     FORMAT(Depth16Unorm),
      FORMAT(Depth32Float),  FORMAT(Stencil8)};
#undef FORMAT
  return list;
}

/// Whether kernels write it ("Metal Feature Set Tables").
inline bool is_written(const NamedFormat& format) {
  return !format.is("B5G6R5") && !format.is("A1BGR5") && !format.is("ABGR4") &&
         !format.is("BGR5A1") && !format.is("Depth") && !format.is("Stencil");
}

}  // namespace textures
