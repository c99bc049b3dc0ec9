// sampling_oracle.hpp: what samples are by definition, in double.
#pragma once

#include <array>
#include <cmath>
#include <random>

#include "device.hpp"

namespace textures {

struct Sampler {
  MTL::SamplerAddressMode address = MTL::SamplerAddressModeClampToEdge;
  bool linear = false, normalized = true;
  MTL::SamplerMipFilter mip = MTL::SamplerMipFilterNotMipmapped;
  MTL::SamplerBorderColor border = MTL::SamplerBorderColorTransparentBlack;
  MTL::CompareFunction compare = MTL::CompareFunctionNever;
  float lod_min = 0, lod_max = 1000;
};

inline Ref<MTL::SamplerState> state_of(const Device& device, const Sampler& s) {
  auto descriptor = NS::TransferPtr(MTL::SamplerDescriptor::alloc()->init());
  descriptor->setSAddressMode(s.address);
  descriptor->setTAddressMode(s.address);
  descriptor->setRAddressMode(s.address);
  const auto filter = s.linear ? MTL::SamplerMinMagFilterLinear : MTL::SamplerMinMagFilterNearest;
  descriptor->setMinFilter(filter);
  descriptor->setMagFilter(filter);
  descriptor->setMipFilter(s.mip);
  descriptor->setNormalizedCoordinates(s.normalized);
  descriptor->setBorderColor(s.border);
  descriptor->setCompareFunction(s.compare);
  descriptor->setLodMinClamp(s.lod_min);
  descriptor->setLodMaxClamp(s.lod_max);
  auto state = NS::TransferPtr(device->newSamplerState(descriptor.get()));
  REQUIRE(state);
  return state;
}

using Texel = std::array<double, 4>;

/// Levels of texels, x fastest.
struct Image {
  struct Level {
    std::array<int, 3> size;
    std::vector<float> texels;  // of RGBA
  };
  std::vector<Level> levels;
  int dimensions = 2;
};

inline Image random_image(int dimensions, std::array<int, 3> size, int levels, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> number(-1, 1);
  Image image{.levels = {}, .dimensions = dimensions};
  for (int level = 0; level < levels; ++level) {
    Image::Level made{{std::max(size[0] >> level, 1), std::max(size[1] >> level, 1),
                       std::max(size[2] >> level, 1)},
                      {}};
    made.texels.resize(static_cast<size_t>(made.size[0] * made.size[1] * made.size[2] * 4));
    for (float& each : made.texels) each = number(random);
    image.levels.push_back(made);
  }
  return image;
}

inline Ref<MTL::Texture> texture_of(const Device& device, const Image& image) {
  const auto& size = image.levels[0].size;
  auto texture = device.texture({.type = image.dimensions == 1   ? MTL::TextureType1D
                                         : image.dimensions == 2 ? MTL::TextureType2D
                                                                 : MTL::TextureType3D,
                                 .format = MTL::PixelFormatRGBA32Float,
                                 .width = NS::UInteger(size[0]),
                                 .height = NS::UInteger(size[1]),
                                 .depth = NS::UInteger(size[2]),
                                 .levels = image.levels.size(),
                                 .usage = MTL::TextureUsageShaderRead});
  for (size_t level = 0; level < image.levels.size(); ++level)
    fill(texture.get(), image.levels[level].texels, level);
  return texture;
}

/// Which texel index an address mode makes of one; -1: the border. One step at a time.
inline int addressed(int i, int size, MTL::SamplerAddressMode mode) {
  switch (mode) {
    case MTL::SamplerAddressModeRepeat:
      while (i < 0) i += size;
      while (i >= size) i -= size;
      return i;
    case MTL::SamplerAddressModeMirrorRepeat:
      while (i < 0 || i >= size) i = i < 0 ? -1 - i : 2 * size - 1 - i;
      return i;
    case MTL::SamplerAddressModeMirrorClampToEdge:
      return std::min(i < 0 ? -1 - i : i, size - 1);
    case MTL::SamplerAddressModeClampToZero:
    case MTL::SamplerAddressModeClampToBorderColor:
      return i < 0 || i >= size ? -1 : i;
    default:
      return std::clamp(i, 0, size - 1);
  }
}

/// How far the sample is from jumping to another texel; for nearest filters.
struct Expected {
  Texel texel{};
  double margin = 1;
};

inline Expected sample_level(const Image::Level& level, int dimensions, const Sampler& s,
                             std::array<double, 3> c, std::array<int, 3> offset) {
  Expected result;
  std::array<int, 3> first{};
  std::array<double, 3> weight{};
  for (int d = 0; d < dimensions; ++d) {
    const auto i = static_cast<size_t>(d);
    const double u =
        (s.normalized ? c[i] * level.size[i] : c[i]) + offset[i] - (s.linear ? 0.5 : 0);
    first[i] = static_cast<int>(std::floor(u));
    weight[i] = s.linear ? u - std::floor(u) : 0;
    if (!s.linear) result.margin = std::min(result.margin, std::fabs(u - std::round(u)));
  }
  for (int tap = 0; tap < (s.linear ? 1 << dimensions : 1); ++tap) {
    double w = 1;
    std::array<int, 3> at{};
    bool outside = false;
    for (int d = 0; d < dimensions; ++d) {
      const auto i = static_cast<size_t>(d);
      const int upper = tap >> d & 1;
      w *= upper ? weight[i] : 1 - weight[i];
      at[i] = addressed(first[i] + upper, level.size[i], s.address);
      outside |= at[i] < 0;
    }
    for (size_t k = 0; k < 4; ++k) {
      double texel = 0;
      if (outside && s.address == MTL::SamplerAddressModeClampToBorderColor)
        texel = s.border == MTL::SamplerBorderColorOpaqueWhite             ? 1
                : s.border == MTL::SamplerBorderColorOpaqueBlack && k == 3 ? 1
                                                                           : 0;
      else if (!outside)
        texel = level.texels[static_cast<size_t>(
                                 ((at[2] * level.size[1] + at[1]) * level.size[0] + at[0]) * 4) +
                             k];
      result.texel[k] += w * texel;
    }
  }
  return result;
}

inline Expected sample(const Image& image, const Sampler& s, std::array<double, 3> c, double lod,
                       std::array<int, 3> offset = {}) {
  lod = std::clamp(lod, double{s.lod_min}, double{s.lod_max});
  const int last = static_cast<int>(image.levels.size()) - 1;
  const auto at = [&](int level) {
    return sample_level(image.levels[static_cast<size_t>(std::clamp(level, 0, last))],
                        image.dimensions, s, c, offset);
  };
  if (s.mip == MTL::SamplerMipFilterNotMipmapped) return at(0);
  lod = std::clamp(lod, 0.0, double(last));
  if (s.mip == MTL::SamplerMipFilterNearest) {
    Expected result = at(static_cast<int>(std::floor(lod + 0.5)));
    result.margin = std::min(result.margin, std::fabs(lod + 0.5 - std::round(lod + 0.5)));
    return result;
  }
  const int lower = static_cast<int>(std::floor(lod));
  const Expected a = at(lower), b = at(lower + 1);
  Expected result;
  result.margin = std::min(a.margin, b.margin);
  for (size_t k = 0; k < 4; ++k)
    result.texel[k] = a.texel[k] + (b.texel[k] - a.texel[k]) * (lod - lower);
  return result;
}

}  // namespace textures
