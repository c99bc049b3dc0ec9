#include "anvil/metal/pixel_format.hpp"

#include <algorithm>
#include <array>

namespace anvil::metal {
namespace {

struct Channels {
  uint8_t bits[4], shift[4];
};

// Channels in the order of the word's bits, from the lowest on.
constexpr Channels kR8{{8, 0, 0, 0}, {0, 0, 0, 0}}, kA8{{0, 0, 0, 8}, {0, 0, 0, 0}},
    kRG8{{8, 8, 0, 0}, {0, 8, 0, 0}}, kRGBA8{{8, 8, 8, 8}, {0, 8, 16, 24}},
    kBGRA8{{8, 8, 8, 8}, {16, 8, 0, 24}}, kR16{{16, 0, 0, 0}, {0, 0, 0, 0}},
    kRG16{{16, 16, 0, 0}, {0, 16, 0, 0}}, kRGBA16{{16, 16, 16, 16}, {0, 0, 0, 0}},
    kR32{{32, 0, 0, 0}, {0, 0, 0, 0}}, kRG32{{32, 32, 0, 0}, {0, 0, 0, 0}},
    kRGBA32{{32, 32, 32, 32}, {0, 0, 0, 0}}, kB5G6R5{{5, 6, 5, 0}, {11, 5, 0, 0}},
    kA1BGR5{{5, 5, 5, 1}, {11, 6, 1, 0}}, kABGR4{{4, 4, 4, 4}, {12, 8, 4, 0}},
    kBGR5A1{{5, 5, 5, 1}, {10, 5, 0, 15}}, kRGB10A2{{10, 10, 10, 2}, {0, 10, 20, 30}},
    kBGR10A2{{10, 10, 10, 2}, {20, 10, 0, 30}}, kRG11B10{{11, 11, 10, 0}, {0, 11, 22, 0}},
    kRGB9E5{{9, 9, 9, 5}, {0, 9, 18, 27}};

constexpr auto k8 = ANVIL_TEXEL_PACKED_8, k16 = ANVIL_TEXEL_PACKED_16, k32 = ANVIL_TEXEL_PACKED_32;
constexpr auto k16x4 = ANVIL_TEXEL_16X4, k32x2 = ANVIL_TEXEL_32X2, k32x4 = ANVIL_TEXEL_32X4;
constexpr auto kUnorm = ANVIL_TEXEL_UNORM, kSnorm = ANVIL_TEXEL_SNORM, kUint = ANVIL_TEXEL_UINT,
               kSint = ANVIL_TEXEL_SINT, kSrgb = ANVIL_TEXEL_SRGB, kHalf = ANVIL_TEXEL_HALF,
               kFloat = ANVIL_TEXEL_FLOAT, kShared = ANVIL_TEXEL_SHARED_EXPONENT;

constexpr PixelFormat row(MTL::PixelFormat format, const char* name, AnvilTexelLayout layout,
                          AnvilTexelKind kind, Channels c, bool writable = true) {
  return {format,
          name,
          layout,
          kind,
          {c.bits[0], c.bits[1], c.bits[2], c.bits[3]},
          {c.shift[0], c.shift[1], c.shift[2], c.shift[3]},
          writable};
}

// "Metal Feature Set Tables" (Apple), Apple7 and later: ordinary, packed and depth formats.
#define ROW(name, ...) row(MTL::PixelFormat##name, #name, __VA_ARGS__)
constexpr auto kFormats = std::to_array<PixelFormat>({
    ROW(A8Unorm, k8, kUnorm, kA8),
    ROW(R8Unorm, k8, kUnorm, kR8),
    ROW(R8Unorm_sRGB, k8, kSrgb, kR8),
    ROW(R8Snorm, k8, kSnorm, kR8),
    ROW(R8Uint, k8, kUint, kR8),
    ROW(R8Sint, k8, kSint, kR8),
    ROW(R16Unorm, k16, kUnorm, kR16),
    ROW(R16Snorm, k16, kSnorm, kR16),
    ROW(R16Uint, k16, kUint, kR16),
    ROW(R16Sint, k16, kSint, kR16),
    ROW(R16Float, k16, kHalf, kR16),
    ROW(RG8Unorm, k16, kUnorm, kRG8),
    ROW(RG8Unorm_sRGB, k16, kSrgb, kRG8),
    ROW(RG8Snorm, k16, kSnorm, kRG8),
    ROW(RG8Uint, k16, kUint, kRG8),
    ROW(RG8Sint, k16, kSint, kRG8),
    ROW(B5G6R5Unorm, k16, kUnorm, kB5G6R5, false),
    ROW(A1BGR5Unorm, k16, kUnorm, kA1BGR5, false),
    ROW(ABGR4Unorm, k16, kUnorm, kABGR4, false),
    ROW(BGR5A1Unorm, k16, kUnorm, kBGR5A1, false),
    ROW(R32Uint, k32, kUint, kR32),
    ROW(R32Sint, k32, kSint, kR32),
    ROW(R32Float, k32, kFloat, kR32),
    ROW(RG16Unorm, k32, kUnorm, kRG16),
    ROW(RG16Snorm, k32, kSnorm, kRG16),
    ROW(RG16Uint, k32, kUint, kRG16),
    ROW(RG16Sint, k32, kSint, kRG16),
    ROW(RG16Float, k32, kHalf, kRG16),
    ROW(RGBA8Unorm, k32, kUnorm, kRGBA8),
    ROW(RGBA8Unorm_sRGB, k32, kSrgb, kRGBA8),
    ROW(RGBA8Snorm, k32, kSnorm, kRGBA8),
    ROW(RGBA8Uint, k32, kUint, kRGBA8),
    ROW(RGBA8Sint, k32, kSint, kRGBA8),
    ROW(BGRA8Unorm, k32, kUnorm, kBGRA8),
    ROW(BGRA8Unorm_sRGB, k32, kSrgb, kBGRA8),
    ROW(RGB10A2Unorm, k32, kUnorm, kRGB10A2),
    ROW(RGB10A2Uint, k32, kUint, kRGB10A2),
    ROW(RG11B10Float, k32, kHalf, kRG11B10),
    ROW(RGB9E5Float, k32, kShared, kRGB9E5),
    ROW(BGR10A2Unorm, k32, kUnorm, kBGR10A2),
    ROW(RG32Uint, k32x2, kUint, kRG32),
    ROW(RG32Sint, k32x2, kSint, kRG32),
    ROW(RG32Float, k32x2, kFloat, kRG32),
    ROW(RGBA16Unorm, k16x4, kUnorm, kRGBA16),
    ROW(RGBA16Snorm, k16x4, kSnorm, kRGBA16),
    ROW(RGBA16Uint, k16x4, kUint, kRGBA16),
    ROW(RGBA16Sint, k16x4, kSint, kRGBA16),
    ROW(RGBA16Float, k16x4, kHalf, kRGBA16),
    ROW(RGBA32Uint, k32x4, kUint, kRGBA32),
    ROW(RGBA32Sint, k32x4, kSint, kRGBA32),
    ROW(RGBA32Float, k32x4, kFloat, kRGBA32),
    ROW(Depth16Unorm, k16, kUnorm, kR16, false),
    ROW(Depth32Float, k32, kFloat, kR32, false),
    ROW(Stencil8, k8, kUint, kR8, false),
});
#undef ROW

struct Family {
  unsigned first, last;
  const char* name;
};
constexpr Family kAbsent[] = {
    {130, 159, "BC, compressed"},
    {160, 169, "PVRTC, compressed"},
    {170, 185, "EAC and ETC2, compressed"},
    {186, 236, "ASTC, compressed"},
    {240, 241, "subsampled"},
    {255, 262, "depth and stencil in one"},
    {552, 555, "extended range"},
};

}  // namespace

uint32_t PixelFormat::bytes() const {
  switch (layout) {
    case ANVIL_TEXEL_PACKED_8:
      return 1;
    case ANVIL_TEXEL_PACKED_16:
      return 2;
    case ANVIL_TEXEL_PACKED_32:
      return 4;
    case ANVIL_TEXEL_16X4:
    case ANVIL_TEXEL_32X2:
      return 8;
    case ANVIL_TEXEL_32X4:
      return 16;
  }
  return 0;
}

AnvilTexelShortcut PixelFormat::shortcut() const {
  switch (format) {
    case MTL::PixelFormatRGBA8Unorm:
      return ANVIL_SHORTCUT_RGBA8_UNORM;
    case MTL::PixelFormatBGRA8Unorm:
      return ANVIL_SHORTCUT_BGRA8_UNORM;
    case MTL::PixelFormatRGBA16Float:
      return ANVIL_SHORTCUT_RGBA16_FLOAT;
    case MTL::PixelFormatRGBA32Float:
      return ANVIL_SHORTCUT_RGBA32_FLOAT;
    default:
      return ANVIL_SHORTCUT_NONE;
  }
}

const PixelFormat* find_pixel_format(MTL::PixelFormat format) {
  const auto* found = std::ranges::lower_bound(kFormats, format, {}, &PixelFormat::format);
  return found != kFormats.end() && found->format == format ? found : nullptr;
}

std::string unsupported_pixel_format(MTL::PixelFormat format) {
  const auto number = static_cast<unsigned>(format);
  std::string text = "unsupported pixel format " + std::to_string(number);
  for (const Family& family : kAbsent)
    if (number >= family.first && number <= family.last)
      text += std::string(" (") + family.name + ")";
  return text +
         "; supported: Apple silicon's ordinary and packed formats, Depth16Unorm, Depth32Float and "
         "Stencil8";
}

}  // namespace anvil::metal
