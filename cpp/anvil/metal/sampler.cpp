#include "anvil/metal/sampler.hpp"

#include <bit>
#include <cmath>

#include "anvil/abi/texture_abi.h"
#include "anvil/metal/device.hpp"
#include "anvil/metal/report.hpp"

namespace anvil::metal {
namespace {

void put(uint64_t& bits, uint64_t value, unsigned at, unsigned width) {
  const uint64_t mask = ((uint64_t{1} << width) - 1) << at;
  bits = (bits & ~mask) | (value << at & mask);
}

uint64_t half_bits(float level) {
  constexpr float kMost = 65504;
  if (!(level > 0)) return 0;
  return level > kMost ? 0x7c00 : std::bit_cast<uint16_t>(static_cast<_Float16>(level));
}

void put_lod(uint64_t& bits, float low, float high) {
  put(bits, half_bits(low), ANVIL_SAMPLER_LOD_MIN);
  put(bits, half_bits(high) ^ 0x7c00, ANVIL_SAMPLER_LOD_MAX);
}

uint64_t bits_of(const SamplerDescriptor& from) {
  uint64_t bits = 0;
  put(bits, !from.normalized_coordinates, ANVIL_SAMPLER_PIXEL_COORDINATES);
  put(bits, from.s_address, ANVIL_SAMPLER_ADDRESS_S);
  put(bits, from.t_address, ANVIL_SAMPLER_ADDRESS_T);
  put(bits, from.r_address, ANVIL_SAMPLER_ADDRESS_R);
  put(bits, from.mag_filter, ANVIL_SAMPLER_MAG_LINEAR);
  put(bits, from.min_filter, ANVIL_SAMPLER_MIN_LINEAR);
  put(bits, from.mip_filter, ANVIL_SAMPLER_MIP);
  put(bits, from.compare_function, ANVIL_SAMPLER_COMPARE);
  put(bits, from.border_color, ANVIL_SAMPLER_BORDER);
  put_lod(bits, from.lod_min_clamp, from.lod_max_clamp);
  return bits;
}

std::optional<std::string> refusal(const SamplerDescriptor& from) {
  if (from.s_address > MTL::SamplerAddressModeClampToBorderColor ||
      from.t_address > MTL::SamplerAddressModeClampToBorderColor ||
      from.r_address > MTL::SamplerAddressModeClampToBorderColor)
    return "unsupported address mode; supported: 0 to 5";
  if (from.reduction_mode != MTL::SamplerReductionModeWeightedAverage)
    return "unsupported reductionMode " + std::to_string(from.reduction_mode) +
           "; supported: weighted average";
  if (from.lod_bias != 0)
    return "unsupported lodBias " + std::to_string(from.lod_bias) + "; supported: 0";
  if (from.lod_min_clamp > from.lod_max_clamp)
    return "lodMinClamp " + std::to_string(from.lod_min_clamp) + " exceeds lodMaxClamp " +
           std::to_string(from.lod_max_clamp);
  if (from.max_anisotropy < 1 || from.max_anisotropy > 16)
    return "maxAnisotropy is " + std::to_string(from.max_anisotropy) + ", not between 1 and 16";
  const auto takes_pixels = [](MTL::SamplerAddressMode mode) {
    return mode == MTL::SamplerAddressModeClampToEdge ||
           mode == MTL::SamplerAddressModeClampToZero ||
           mode == MTL::SamplerAddressModeClampToBorderColor;
  };
  if (!from.normalized_coordinates &&
      (!takes_pixels(from.s_address) || !takes_pixels(from.t_address)))
    return "coordinates that are not normalized need an address mode that clamps";
  return {};
}

SamplerState* new_sampler(Device* device, const SamplerDescriptor* descriptor) {
  const std::string method = "-[MTLDevice newSamplerStateWithDescriptor:]: ";
  if (!descriptor) return report_nil(method + "nil descriptor");
  if (const auto why = refusal(*descriptor)) return report_nil(method + *why);
  return objc::make<SamplerState>(device, descriptor->label, bits_of(*descriptor)).detach();
}

}  // namespace

uint64_t SamplerState::clamped(float lod_min, float lod_max) const {
  uint64_t result = bits;
  put_lod(result, lod_min, lod_max);
  return result;
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<SamplerDescriptor> sampler_descriptor_definition{
    "MTLSamplerDescriptor",
    {
        objc::property<&SamplerDescriptor::label>("label", "setLabel:"),
        objc::property<&SamplerDescriptor::min_filter>("minFilter", "setMinFilter:"),
        objc::property<&SamplerDescriptor::mag_filter>("magFilter", "setMagFilter:"),
        objc::property<&SamplerDescriptor::mip_filter>("mipFilter", "setMipFilter:"),
        objc::property<&SamplerDescriptor::s_address>("sAddressMode", "setSAddressMode:"),
        objc::property<&SamplerDescriptor::t_address>("tAddressMode", "setTAddressMode:"),
        objc::property<&SamplerDescriptor::r_address>("rAddressMode", "setRAddressMode:"),
        objc::property<&SamplerDescriptor::border_color>("borderColor", "setBorderColor:"),
        objc::property<&SamplerDescriptor::compare_function>("compareFunction",
                                                             "setCompareFunction:"),
        objc::property<&SamplerDescriptor::reduction_mode>("reductionMode", "setReductionMode:"),
        objc::property<&SamplerDescriptor::normalized_coordinates>("normalizedCoordinates",
                                                                   "setNormalizedCoordinates:"),
        objc::property<&SamplerDescriptor::supports_argument_buffers>("supportArgumentBuffers",
                                                                      "setSupportArgumentBuffers:"),
        objc::property<&SamplerDescriptor::lod_average>("lodAverage", "setLodAverage:"),
        objc::property<&SamplerDescriptor::lod_min_clamp>("lodMinClamp", "setLodMinClamp:"),
        objc::property<&SamplerDescriptor::lod_max_clamp>("lodMaxClamp", "setLodMaxClamp:"),
        objc::property<&SamplerDescriptor::lod_bias>("lodBias", "setLodBias:"),
        objc::property<&SamplerDescriptor::max_anisotropy>("maxAnisotropy", "setMaxAnisotropy:"),
        objc::copying<SamplerDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<SamplerState> sampler_state_definition{
    "MTLSamplerState",
    {
        objc::property<&SamplerState::device>("device"),
        objc::property<&SamplerState::label>("label"),
        objc::method<&SamplerState::resource_id>("gpuResourceID"),
    }};

ANVIL_OBJC_CATEGORY<Device> device_samplers{{
    objc::function<&new_sampler>("newSamplerStateWithDescriptor:"),
}};

}  // namespace
}  // namespace anvil::metal
