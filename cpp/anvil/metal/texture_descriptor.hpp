// MTLTextureDescriptor and MTLTextureViewDescriptor.
#pragma once

#include <Metal/MTLTexture.hpp>

#include "anvil/metal/resource.hpp"
#include "anvil/metal/texture_layout.hpp"

namespace anvil::metal {

/// What metal-cpp packs, as a value of its own.
struct Swizzle {
  uint8_t channels[4] = {ANVIL_SWIZZLE_RED, ANVIL_SWIZZLE_GREEN, ANVIL_SWIZZLE_BLUE,
                         ANVIL_SWIZZLE_ALPHA};

  bool operator==(const Swizzle&) const = default;
  bool is_valid() const;
  /// Channels of `inner`, by which those of this are meant.
  Swizzle of(const Swizzle& inner) const;
  /// As an AnvilTexture has it.
  uint32_t bits() const;
};

struct TextureDescriptor : objc::Object {
  using Super = RootObject;

  static TextureDescriptor* of_2d(MTL::PixelFormat format, NS::UInteger width, NS::UInteger height,
                                  bool mipmapped);
  static TextureDescriptor* of_cube(MTL::PixelFormat format, NS::UInteger size, bool mipmapped);
  static TextureDescriptor* of_buffer(MTL::PixelFormat format, NS::UInteger width,
                                      MTL::ResourceOptions options, MTL::TextureUsage usage);

  MTL::ResourceOptions resource_options() const {
    return static_cast<MTL::ResourceOptions>(storage_mode) << 4 | cpu_cache_mode |
           static_cast<MTL::ResourceOptions>(hazard_tracking_mode) << 8;
  }
  void set_resource_options(MTL::ResourceOptions options);
  TextureShape shape() const;

  MTL::TextureType type = MTL::TextureType2D;
  MTL::PixelFormat format = MTL::PixelFormatRGBA8Unorm;
  NS::UInteger width = 1, height = 1, depth = 1, levels = 1, samples = 1, array_length = 1;
  MTL::StorageMode storage_mode = MTL::StorageModeShared;
  MTL::CPUCacheMode cpu_cache_mode = MTL::CPUCacheModeDefaultCache;
  MTL::HazardTrackingMode hazard_tracking_mode = MTL::HazardTrackingModeDefault;
  MTL::TextureUsage usage = MTL::TextureUsageShaderRead;
  bool allows_optimized_contents = true;
  MTL::TextureCompressionType compression = MTL::TextureCompressionTypeLossless;
  Swizzle swizzle;
};

struct TextureViewDescriptor : objc::Object {
  using Super = RootObject;

  MTL::PixelFormat format = MTL::PixelFormatInvalid;
  MTL::TextureType type = MTL::TextureType2D;
  NS::Range levels{0, 1}, slices{0, 1};
  Swizzle swizzle;
};

/// Why there can be no texture; nothing if there can.
std::optional<std::string> refusal(const TextureDescriptor& descriptor);

}  // namespace anvil::metal
