// MTLSamplerState and MTLSamplerDescriptor.
#pragma once

#include <cfloat>

#include <Metal/MTLSampler.hpp>

#include "anvil/metal/resource.hpp"

namespace anvil::metal {

struct SamplerDescriptor : objc::Object {
  using Super = RootObject;

  objc::Ref<String> label;
  MTL::SamplerMinMagFilter min_filter = MTL::SamplerMinMagFilterNearest;
  MTL::SamplerMinMagFilter mag_filter = MTL::SamplerMinMagFilterNearest;
  MTL::SamplerMipFilter mip_filter = MTL::SamplerMipFilterNotMipmapped;
  MTL::SamplerAddressMode s_address = MTL::SamplerAddressModeClampToEdge;
  MTL::SamplerAddressMode t_address = MTL::SamplerAddressModeClampToEdge;
  MTL::SamplerAddressMode r_address = MTL::SamplerAddressModeClampToEdge;
  MTL::SamplerBorderColor border_color = MTL::SamplerBorderColorTransparentBlack;
  MTL::CompareFunction compare_function = MTL::CompareFunctionNever;
  MTL::SamplerReductionMode reduction_mode = MTL::SamplerReductionModeWeightedAverage;
  bool normalized_coordinates = true;
  bool supports_argument_buffers = false;
  bool lod_average = false;         ///< a hint about quality
  NS::UInteger max_anisotropy = 1;  ///< likewise
  float lod_min_clamp = 0, lod_max_clamp = FLT_MAX, lod_bias = 0;
};

struct SamplerState : objc::Object {
  using Super = RootObject;

  SamplerState(Device* device, objc::Ref<String> label, uint64_t bits)
      : device(device), label(std::move(label)), bits(bits) {}

  MTL::ResourceID resource_id() const { return {bits}; }
  /// Its bits with other limits of the level of detail.
  uint64_t clamped(float lod_min, float lod_max) const;

  Device* const device;
  const objc::Ref<String> label;
  const uint64_t bits;  ///< as kernels see it: abi/texture_abi.h
};

}  // namespace anvil::metal
