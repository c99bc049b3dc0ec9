// MTLPixelFormat: how texels lie in memory, and what can be done with them; one table.
#pragma once

#include <cstdint>
#include <string>

#include <Metal/MTLPixelFormat.hpp>

#include "anvil/abi/texture_abi.h"

namespace anvil::metal {

struct PixelFormat {
  MTL::PixelFormat format;
  const char* name;  ///< without "MTLPixelFormat"
  AnvilTexelLayout layout;
  AnvilTexelKind kind;
  uint8_t bits[4], shift[4];  ///< by channel: red, green, blue, alpha
  bool writable;              ///< by kernels

  /// Of a texel.
  uint32_t bytes() const;
  bool is_integer() const { return kind == ANVIL_TEXEL_UINT || kind == ANVIL_TEXEL_SINT; }
  bool is_depth() const {
    return format == MTL::PixelFormatDepth16Unorm || format == MTL::PixelFormatDepth32Float;
  }
  /// For a texture without a swizzle.
  AnvilTexelShortcut shortcut() const;
  /// Apple silicon filters whatever is no integer.
  bool filterable() const { return !is_integer(); }
  /// By kernels: one word, or two for minimum and maximum of 64 bits.
  bool atomic() const {
    return format == MTL::PixelFormatR32Uint || format == MTL::PixelFormatR32Sint ||
           format == MTL::PixelFormatRG32Uint;
  }
};

/// Null for those that textures cannot have here.
const PixelFormat* find_pixel_format(MTL::PixelFormat format);

/// "unsupported pixel format 130 (BC1_RGBA); supported: ...".
std::string unsupported_pixel_format(MTL::PixelFormat format);

}  // namespace anvil::metal
