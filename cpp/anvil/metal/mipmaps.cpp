#include "anvil/metal/mipmaps.hpp"

#include <map>
#include <mutex>
#include <new>

#include "anvil/foundation/string.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/library.hpp"
#include "anvil/metal/texture.hpp"
#include "anvil/objc/autorelease.hpp"

namespace anvil::metal {
namespace {

// A texel is the mean of those that it covers, or, where the larger level's extent is odd, what a
// linear filter gives at its centre. Textures of one and two dimensions, arrays and cubes are
// arrays of images.
constexpr const char* kSource = R"(
#include <metal_stdlib>
using namespace metal;

constexpr sampler between_texels(coord::normalized, address::clamp_to_edge, filter::linear,
                                 mip_filter::nearest);

kernel void images(texture2d_array<float> from [[texture(0)]],
                   texture2d_array<float, access::write> to [[texture(1)]],
                   constant uint& lod [[buffer(0)]], uint3 at [[thread_position_in_grid]]) {
  const float2 size(to.get_width(lod), to.get_height(lod));
  to.write(from.sample(between_texels, (float2(at.xy) + 0.5f) / size, at.z, level(float(lod - 1))),
           at.xy, at.z, lod);
}

kernel void volume(texture3d<float> from [[texture(0)]],
                   texture3d<float, access::write> to [[texture(1)]],
                   constant uint& lod [[buffer(0)]], uint3 at [[thread_position_in_grid]]) {
  const float3 size(to.get_width(lod), to.get_height(lod), to.get_depth(lod));
  to.write(from.sample(between_texels, (float3(at) + 0.5f) / size, level(float(lod - 1))), at, lod);
}
)";

struct Kernels {
  objc::Ref<ComputePipelineState> images, volume;
};

/// Made at the first need, and then kept. Null, and why, where that fails.
const Kernels* kernels_of(Device* device, std::string& why) {
  static std::mutex mutex;
  static auto& made = *new std::map<Device*, Kernels>;
  std::lock_guard lock(mutex);
  if (const auto found = made.find(device); found != made.end()) return &found->second;
  Error* error = nullptr;
  const auto pipeline = [&](Library& library, const char* name) {
    ComputePipelineDescriptor descriptor;
    descriptor.compute_function =
        objc::Ref<Function>::adopt(library.new_function(make_string(name).get()));
    return new_compute_pipeline(device, descriptor, nullptr, &error);
  };
  const auto library = new_library(device, make_string(kSource).get(), nullptr, &error);
  Kernels kernels;
  if (library) kernels.images = pipeline(*library, "images");
  if (library && kernels.images) kernels.volume = pipeline(*library, "volume");
  if (kernels.volume) return &made.emplace(device, std::move(kernels)).first->second;
  why = error ? text_of(*error) : "its kernels cannot be made";
  return nullptr;
}

backend::DispatchCommand dispatch_of(ComputePipelineState& pipeline, const Texture& texture,
                                     uint32_t lod, CommandArena& arena) {
  const TextureLevel& level = texture.layout.levels[lod];
  auto* handles = new (arena.allocate(2 * sizeof(uint64_t))) uint64_t[2];
  handles[0] = handles[1] = texture.descriptor;
  auto* number = new (arena.allocate(sizeof lod)) uint32_t(lod);
  const std::vector<service::ArgumentInfo>& arguments = pipeline.info().arguments;
  auto* bindings = reinterpret_cast<backend::Binding*>(
      arena.allocate(arguments.size() * sizeof(backend::Binding)));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool is_number = arguments[i].kind == service::ArgumentInfo::Kind::buffer;
    bindings[i] = is_number ? backend::Binding{reinterpret_cast<uint64_t>(number), sizeof lod,
                                               backend::Binding::Kind::bytes}
                            : backend::Binding{};
  }
  const bool is_volume = texture.shape.dimensions() == 3;
  const backend::Extent grid{
      level.width, level.height,
      is_volume ? level.depth : static_cast<uint32_t>(texture.shape.slices())};
  const backend::Extent group{32, 4, 1};
  const auto groups = [&](size_t axis) { return (grid[axis] + group[axis] - 1) / group[axis]; };
  return {.kernel = pipeline.kernel.get(),
          .bindings = bindings,
          .handles = handles,
          .threadgroups = {groups(0), groups(1), groups(2)},
          .threads_per_grid = grid,
          .threads_per_threadgroup = group};
}

}  // namespace

std::optional<std::string> generate_mipmaps(CommandBuffer& buffer, const Texture& texture) {
  const PixelFormat& format = *texture.shape.format;
  if (!format.filterable() || !format.writable)
    return std::string("unsupported pixel format ") + format.name +
           "; supported: those that are filtered and written";
  if (texture.swizzle != Swizzle()) return "unsupported view with a swizzle; supported: its parent";
  std::string why;
  const Kernels* const kernels = objc::lasting([&] { return kernels_of(buffer.device(), why); });
  if (!kernels) return why;
  ComputePipelineState& pipeline =
      texture.shape.dimensions() == 3 ? *kernels->volume : *kernels->images;
  for (uint32_t lod = 1; lod < texture.shape.levels; ++lod)
    buffer.commands().push_back(dispatch_of(pipeline, texture, lod, buffer.arena()));
  return {};
}

}  // namespace anvil::metal
