// device.hpp: the default device, its textures and kernels, as these tests use them.
#pragma once

#include <doctest/doctest.h>

#include <Metal/Metal.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace textures {

template <class T>
using Ref = NS::SharedPtr<T>;

inline NS::String* string(const std::string& text) {
  return NS::String::string(text.c_str(), NS::UTF8StringEncoding);
}
inline std::string text(const NS::Error* error) {
  return error ? error->localizedDescription()->utf8String() : "(no error)";
}

struct Description {
  MTL::TextureType type = MTL::TextureType2D;
  MTL::PixelFormat format = MTL::PixelFormatRGBA8Unorm;
  NS::UInteger width = 1, height = 1, depth = 1, levels = 1, slices = 1, samples = 1;
  MTL::TextureUsage usage = MTL::TextureUsageShaderRead | MTL::TextureUsageShaderWrite;
  MTL::StorageMode storage = MTL::StorageModeShared;
};

class Device {
 public:
  using Encode = std::function<void(MTL::ComputeCommandEncoder*)>;

  Device();
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  MTL::Device* operator->() const { return device_.get(); }
  MTL::CommandQueue* queue() const { return queue_.get(); }

  Ref<MTL::TextureDescriptor> descriptor(const Description& wanted) const;
  Ref<MTL::Texture> texture(const Description& wanted) const;
  template <class T>
  Ref<MTL::Buffer> buffer(const std::vector<T>& values) const {
    return NS::TransferPtr(device_->newBuffer(values.data(), values.size() * sizeof(T),
                                              MTL::ResourceStorageModeShared));
  }

  /// The test fails, with the compiler's log, where there is none.
  Ref<MTL::ComputePipelineState> pipeline(const std::string& source, const char* name,
                                          MTL::MathMode math = MTL::MathModeSafe) const;
  /// Its log otherwise; empty if it compiles.
  std::string compile_error(const std::string& source) const;

  /// Dispatches the pipeline; gives the command buffer's error, empty without one.
  std::string try_run(MTL::ComputePipelineState* pipeline, MTL::Size grid, MTL::Size group,
                      const Encode& encode) const;
  void run(MTL::ComputePipelineState* pipeline, MTL::Size grid, MTL::Size group,
           const Encode& encode) const;

 private:
  NS::AutoreleasePool* pool_;
  Ref<MTL::Device> device_;
  Ref<MTL::CommandQueue> queue_;
};

template <class T>
std::vector<T> values(MTL::Buffer* buffer) {
  const T* first = static_cast<const T*>(buffer->contents());
  return {first, first + buffer->length() / sizeof(T)};
}

/// All of a slice's texels, row after row.
template <class T>
std::vector<T> texels(MTL::Texture* texture, size_t per_texel = 1, NS::UInteger level = 0,
                      NS::UInteger slice = 0) {
  const auto at_level = [&](NS::UInteger size) { return std::max<NS::UInteger>(size >> level, 1); };
  const NS::UInteger width = at_level(texture->width()), height = at_level(texture->height()),
                     depth = at_level(texture->depth());
  std::vector<T> all(width * height * depth * per_texel);
  const NS::UInteger row = width * per_texel * sizeof(T);
  texture->getBytes(all.data(), row, row * height, MTL::Region(0, 0, 0, width, height, depth),
                    level, slice);
  return all;
}
template <class T>
void fill(MTL::Texture* texture, const std::vector<T>& all, NS::UInteger level = 0,
          NS::UInteger slice = 0) {
  const auto at_level = [&](NS::UInteger size) { return std::max<NS::UInteger>(size >> level, 1); };
  const NS::UInteger width = at_level(texture->width()), height = at_level(texture->height()),
                     depth = at_level(texture->depth());
  const NS::UInteger row = all.size() * sizeof(T) / (height * depth);
  texture->replaceRegion(MTL::Region(0, 0, 0, width, height, depth), level, slice, all.data(), row,
                         row * height);
}

}  // namespace textures
