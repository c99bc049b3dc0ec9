#include "anvil/metal/texture_descriptor.hpp"

#include <algorithm>
#include <bit>

namespace anvil::metal {

bool Swizzle::is_valid() const {
  return std::ranges::all_of(channels, [](uint8_t each) { return each <= ANVIL_SWIZZLE_ALPHA; });
}

Swizzle Swizzle::of(const Swizzle& inner) const {
  Swizzle result;
  for (size_t i = 0; i < 4; ++i)
    result.channels[i] = channels[i] >= ANVIL_SWIZZLE_RED
                             ? inner.channels[channels[i] - ANVIL_SWIZZLE_RED]
                             : channels[i];
  return result;
}

uint32_t Swizzle::bits() const {
  if (*this == Swizzle()) return 0;
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word |= uint32_t{channels[i]} << 4 * i;
  return word | 1u << 16;  // all zeros are a swizzle too
}

TextureDescriptor* TextureDescriptor::of_2d(MTL::PixelFormat format, NS::UInteger width,
                                            NS::UInteger height, bool mipmapped) {
  objc::Ref<TextureDescriptor> descriptor = objc::make<TextureDescriptor>();
  descriptor->format = format;
  descriptor->width = width;
  descriptor->height = height;
  if (mipmapped)
    descriptor->levels =
        static_cast<NS::UInteger>(std::bit_width(std::max<NS::UInteger>({width, height, 1})));
  return descriptor.autoreleased();
}

TextureDescriptor* TextureDescriptor::of_cube(MTL::PixelFormat format, NS::UInteger size,
                                              bool mipmapped) {
  TextureDescriptor* descriptor = of_2d(format, size, size, mipmapped);
  descriptor->type = MTL::TextureTypeCube;
  return descriptor;
}

TextureDescriptor* TextureDescriptor::of_buffer(MTL::PixelFormat format, NS::UInteger width,
                                                MTL::ResourceOptions options,
                                                MTL::TextureUsage usage) {
  TextureDescriptor* descriptor = of_2d(format, width, 1, false);
  descriptor->type = MTL::TextureTypeTextureBuffer;
  descriptor->set_resource_options(options);
  descriptor->usage = usage;
  return descriptor;
}

void TextureDescriptor::set_resource_options(MTL::ResourceOptions options) {
  storage_mode = metal::storage_mode(options);
  cpu_cache_mode = metal::cpu_cache_mode(options);
  hazard_tracking_mode = metal::hazard_tracking_mode(options);
}

TextureShape TextureDescriptor::shape() const {
  return {type, find_pixel_format(format), width, height, depth, levels, samples, array_length};
}

std::optional<std::string> refusal(const TextureDescriptor& descriptor) {
  if (!find_pixel_format(descriptor.format)) return unsupported_pixel_format(descriptor.format);
  if (descriptor.storage_mode > MTL::StorageModePrivate)
    return "unsupported storage mode " + std::to_string(descriptor.storage_mode) +
           "; supported: shared, managed and private";
  if (!descriptor.swizzle.is_valid()) return "the swizzle has a channel that is none";
  const PixelFormat& format = *find_pixel_format(descriptor.format);
  if ((descriptor.usage & MTL::TextureUsageShaderWrite) && !format.writable)
    return std::string("kernels cannot write pixel format ") + format.name;
  if ((descriptor.usage & MTL::TextureUsageShaderAtomic) && !format.atomic())
    return std::string("unsupported atomic operations on pixel format ") + format.name +
           "; supported: R32Uint, R32Sint and RG32Uint";
  return refusal(descriptor.shape());
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<TextureDescriptor> texture_descriptor_definition{
    "MTLTextureDescriptor",
    {
        objc::class_method<&TextureDescriptor::of_2d>(
            "texture2DDescriptorWithPixelFormat:width:height:mipmapped:"),
        objc::class_method<&TextureDescriptor::of_cube>(
            "textureCubeDescriptorWithPixelFormat:size:mipmapped:"),
        objc::class_method<&TextureDescriptor::of_buffer>(
            "textureBufferDescriptorWithPixelFormat:width:resourceOptions:usage:"),
        objc::property<&TextureDescriptor::type>("textureType", "setTextureType:"),
        objc::property<&TextureDescriptor::format>("pixelFormat", "setPixelFormat:"),
        objc::property<&TextureDescriptor::width>("width", "setWidth:"),
        objc::property<&TextureDescriptor::height>("height", "setHeight:"),
        objc::property<&TextureDescriptor::depth>("depth", "setDepth:"),
        objc::property<&TextureDescriptor::levels>("mipmapLevelCount", "setMipmapLevelCount:"),
        objc::property<&TextureDescriptor::samples>("sampleCount", "setSampleCount:"),
        objc::property<&TextureDescriptor::array_length>("arrayLength", "setArrayLength:"),
        objc::property<&TextureDescriptor::storage_mode>("storageMode", "setStorageMode:"),
        objc::property<&TextureDescriptor::cpu_cache_mode>("cpuCacheMode", "setCpuCacheMode:"),
        objc::property<&TextureDescriptor::hazard_tracking_mode>("hazardTrackingMode",
                                                                 "setHazardTrackingMode:"),
        objc::method<&TextureDescriptor::resource_options>("resourceOptions"),
        objc::method<&TextureDescriptor::set_resource_options>("setResourceOptions:"),
        objc::property<&TextureDescriptor::usage>("usage", "setUsage:"),
        objc::property<&TextureDescriptor::allows_optimized_contents>(
            "allowGPUOptimizedContents", "setAllowGPUOptimizedContents:"),
        objc::property<&TextureDescriptor::compression>("compressionType", "setCompressionType:"),
        objc::property<&TextureDescriptor::swizzle>("swizzle", "setSwizzle:"),
        objc::copying<TextureDescriptor>(),
    }};

ANVIL_OBJC_CLASS_DEFINITION<TextureViewDescriptor> texture_view_descriptor_definition{
    "MTLTextureViewDescriptor",
    {
        objc::property<&TextureViewDescriptor::format>("pixelFormat", "setPixelFormat:"),
        objc::property<&TextureViewDescriptor::type>("textureType", "setTextureType:"),
        objc::property<&TextureViewDescriptor::levels>("levelRange", "setLevelRange:"),
        objc::property<&TextureViewDescriptor::slices>("sliceRange", "setSliceRange:"),
        objc::property<&TextureViewDescriptor::swizzle>("swizzle", "setSwizzle:"),
        objc::copying<TextureViewDescriptor>(),
    }};

}  // namespace
}  // namespace anvil::metal
