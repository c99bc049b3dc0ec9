#include "anvil/metal/texture_bindings.hpp"

#include <algorithm>

#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/sampler.hpp"
#include "anvil/metal/texture.hpp"

namespace anvil::metal {
namespace {

using ArgumentInfo = service::ArgumentInfo;

struct TextureClass {
  std::string_view name;
  MTL::TextureType type;
};
constexpr TextureClass kClasses[] = {
    {"texture1d", MTL::TextureType1D},
    {"texture1d_array", MTL::TextureType1DArray},
    {"texture2d", MTL::TextureType2D},
    {"texture2d_array", MTL::TextureType2DArray},
    {"texture3d", MTL::TextureType3D},
    {"texturecube", MTL::TextureTypeCube},
    {"texturecube_array", MTL::TextureTypeCubeArray},
    {"texture2d_ms", MTL::TextureType2DMultisample},
    {"texture2d_ms_array", MTL::TextureType2DMultisampleArray},
    {"texture_buffer", MTL::TextureTypeTextureBuffer},
    {"depth2d", MTL::TextureType2D},
    {"depth2d_array", MTL::TextureType2DArray},
    {"depthcube", MTL::TextureTypeCube},
    {"depthcube_array", MTL::TextureTypeCubeArray},
    {"depth2d_ms", MTL::TextureType2DMultisample},
    {"depth2d_ms_array", MTL::TextureType2DMultisampleArray},
};

/// Which numbers a kernel's element type, or a format, stands for.
const char* numbers_of(const std::string& element) {
  return element == "float" || element == "half" ? "floating-point numbers"
         : element.starts_with('u')              ? "unsigned integers"
                                                 : "signed integers";
}
const char* numbers_of(const PixelFormat& format) {
  return format.kind == ANVIL_TEXEL_UINT   ? "unsigned integers"
         : format.kind == ANVIL_TEXEL_SINT ? "signed integers"
                                           : "floating-point numbers";
}

}  // namespace

MTL::TextureType texture_type(std::string_view class_name) {
  const auto* found = std::ranges::find(kClasses, class_name, &TextureClass::name);
  return found == std::end(kClasses) ? MTL::TextureType2D : found->type;
}

bool is_texture_class(std::string_view name) {
  return std::ranges::find(kClasses, name, &TextureClass::name) != std::end(kClasses);
}

std::optional<std::string> mismatch(const ArgumentInfo& argument, const Texture& texture) {
  const PixelFormat& format = *texture.shape.format;
  const MTL::TextureType type = texture_type(argument.texture);
  const std::string bound = "texture" + quoted(texture.label);
  if (texture.shape.type != type)
    return "is " + argument.texture + ", bound is a " + type_name(texture.shape.type) + " " + bound;
  if (numbers_of(argument.type) != numbers_of(format))
    return "has " + std::string(numbers_of(argument.type)) + ", the pixel format " + format.name +
           " of the bound " + bound + " " + numbers_of(format);
  if (texture.usage == MTL::TextureUsageUnknown) return {};
  if (argument.access != "write" && !(texture.usage & MTL::TextureUsageShaderRead))
    return "is read, the usage of the bound " + bound + " lacks MTLTextureUsageShaderRead";
  if (argument.access != "read" && !(texture.usage & MTL::TextureUsageShaderWrite))
    return "is written, the usage of the bound " + bound + " lacks MTLTextureUsageShaderWrite";
  return {};
}

TextureBindings& ComputeCommandEncoder::texture_bindings() {
  if (!textures_) textures_ = std::make_unique<TextureBindings>();
  return *textures_;
}

bool ComputeCommandEncoder::check_index_below(const char* method, size_t index, size_t count) {
  if (index < count) return true;
  fail(method,
       "index " + std::to_string(index) + " exceeds the last one, " + std::to_string(count - 1));
  return false;
}

void ComputeCommandEncoder::bind_texture(const char* method, Texture* texture, size_t index) {
  if (!check_index_below(method, index, ANVIL_MAX_TEXTURES)) return;
  if (texture && texture_bindings().textures[index] != texture) buffer->hold(texture);
  texture_bindings().textures[index] = texture;
}

void ComputeCommandEncoder::set_texture(Texture* texture, NS::UInteger index) {
  constexpr const char* method = "setTexture:atIndex:";
  if (open(method)) bind_texture(method, texture, index);
}

void ComputeCommandEncoder::set_textures(Texture* const* textures, NS::Range range) {
  constexpr const char* method = "setTextures:withRange:";
  if (!open(method)) return;
  for (NS::UInteger i = 0; i < range.length; ++i)
    bind_texture(method, textures[i], range.location + i);
}

void ComputeCommandEncoder::bind_sampler(const char* method, std::optional<uint64_t> bits,
                                         size_t index) {
  if (check_index_below(method, index, ANVIL_MAX_SAMPLERS))
    texture_bindings().samplers[index] = bits;
}

namespace {

std::optional<uint64_t> bits_of(const SamplerState* sampler) {
  return sampler ? std::optional(sampler->bits) : std::nullopt;
}

}  // namespace

void ComputeCommandEncoder::set_sampler(SamplerState* sampler, NS::UInteger index) {
  constexpr const char* method = "setSamplerState:atIndex:";
  if (open(method)) bind_sampler(method, bits_of(sampler), index);
}

void ComputeCommandEncoder::set_clamped_sampler(SamplerState* sampler, float lod_min, float lod_max,
                                                NS::UInteger index) {
  constexpr const char* method = "setSamplerState:lodMinClamp:lodMaxClamp:atIndex:";
  if (!open(method)) return;
  bind_sampler(method, sampler ? std::optional(sampler->clamped(lod_min, lod_max)) : std::nullopt,
               index);
}

void ComputeCommandEncoder::set_samplers(SamplerState* const* samplers, NS::Range range) {
  constexpr const char* method = "setSamplerStates:withRange:";
  if (!open(method)) return;
  for (NS::UInteger i = 0; i < range.length; ++i)
    bind_sampler(method, bits_of(samplers[i]), range.location + i);
}

void ComputeCommandEncoder::set_clamped_samplers(SamplerState* const* samplers,
                                                 const float* lod_mins, const float* lod_maxes,
                                                 NS::Range range) {
  for (NS::UInteger i = 0; i < range.length; ++i)
    set_clamped_sampler(samplers[i], lod_mins[i], lod_maxes[i], range.location + i);
}

bool ComputeCommandEncoder::put_textures(const char* method, const ArgumentInfo& argument,
                                         uint64_t* handles) {
  for (size_t i = 0; i < argument.count; ++i) {
    const Texture* bound = textures_ ? textures_->textures[argument.index + i] : nullptr;
    if (!allowed(
            method, argument,
            bound ? validation::of_texture(argument, *bound) : validation::of_unbound(argument)))
      return false;
    handles[i] = bound ? bound->descriptor : device()->descriptors.none();
    if (handles[i] != 0) continue;
    fail(method, "no memory for a texture's descriptor", MTL::CommandBufferErrorOutOfMemory);
    return false;
  }
  return true;
}

bool ComputeCommandEncoder::put_samplers(const char* method, const ArgumentInfo& argument,
                                         uint64_t* handles) {
  for (size_t i = 0; i < argument.count; ++i) {
    const auto bound = textures_ ? textures_->samplers[argument.index + i] : std::nullopt;
    if (!bound && !allowed(method, argument, validation::of_unbound(argument))) return false;
    handles[i] = bound.value_or(0);
  }
  return true;
}

const uint64_t* ComputeCommandEncoder::handles_of(const char* method) {
  const service::KernelInfo& info = pipeline_->info();
  auto* handles =
      reinterpret_cast<uint64_t*>(buffer->arena().allocate(info.handles * sizeof(uint64_t)));
  std::fill_n(handles, info.handles, 0);  // of arguments that are switched off
  for (const ArgumentInfo& argument : info.arguments) {
    if (argument.kind == ArgumentInfo::Kind::texture &&
        !put_textures(method, argument, handles + argument.slot))
      return nullptr;
    if (argument.kind == ArgumentInfo::Kind::sampler &&
        !put_samplers(method, argument, handles + argument.slot))
      return nullptr;
  }
  return handles;
}

namespace {

ANVIL_OBJC_CATEGORY<ComputeCommandEncoder> compute_encoder_textures{{
    objc::method<&ComputeCommandEncoder::set_texture>("setTexture:atIndex:"),
    objc::method<&ComputeCommandEncoder::set_textures>("setTextures:withRange:"),
    objc::method<&ComputeCommandEncoder::set_sampler>("setSamplerState:atIndex:"),
    objc::method<&ComputeCommandEncoder::set_clamped_sampler>(
        "setSamplerState:lodMinClamp:lodMaxClamp:atIndex:"),
    objc::method<&ComputeCommandEncoder::set_samplers>("setSamplerStates:withRange:"),
    objc::method<&ComputeCommandEncoder::set_clamped_samplers>(
        "setSamplerStates:lodMinClamps:lodMaxClamps:withRange:"),
}};

}  // namespace
}  // namespace anvil::metal
