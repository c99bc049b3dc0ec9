// MTLBlitCommandEncoder: copies and fills of buffers, copies of textures.
#pragma once

#include <Metal/MTLBlitCommandEncoder.hpp>

#include "anvil/metal/command_encoder.hpp"

namespace anvil::metal {

struct Image;
struct IndirectCommandBuffer;
struct Texture;

struct BlitCommandEncoder : CommandEncoder {
  using Super = CommandEncoder;

  explicit BlitCommandEncoder(objc::Ref<CommandBuffer> buffer,
                              const char* class_name = "MTLBlitCommandEncoder")
      : CommandEncoder(std::move(buffer), class_name) {}

  void copy(Buffer* from, NS::UInteger from_offset, Buffer* to, NS::UInteger to_offset,
            NS::UInteger size);
  void fill(Buffer* target, NS::Range range, uint8_t value);
  /// Memory of managed buffers is one and the same for host and device.
  void synchronize(Resource* resource);

  // counter_sample_buffer.cpp
  void sample_counters(CounterSampleBuffer* samples, NS::UInteger index, bool barrier);
  void resolve_counters(CounterSampleBuffer* samples, NS::Range range, Buffer* to,
                        NS::UInteger offset);

  // indirect_execution.cpp
  void reset_commands(IndirectCommandBuffer* commands, NS::Range range);
  void copy_commands(IndirectCommandBuffer* from, NS::Range range, IndirectCommandBuffer* to,
                     NS::UInteger index);
  /// There is nothing to do for it.
  void optimize_commands(IndirectCommandBuffer* commands, NS::Range range);

  // texture_blits.cpp
  void copy_to_texture(Buffer* from, NS::UInteger offset, NS::UInteger row_bytes,
                       NS::UInteger image_bytes, MTL::Size size, Texture* to, NS::UInteger slice,
                       NS::UInteger level, MTL::Origin origin);
  void copy_to_texture_with(Buffer* from, NS::UInteger offset, NS::UInteger row_bytes,
                            NS::UInteger image_bytes, MTL::Size size, Texture* to,
                            NS::UInteger slice, NS::UInteger level, MTL::Origin origin,
                            MTL::BlitOption);
  void copy_to_buffer(Texture* from, NS::UInteger slice, NS::UInteger level, MTL::Origin origin,
                      MTL::Size size, Buffer* to, NS::UInteger offset, NS::UInteger row_bytes,
                      NS::UInteger image_bytes);
  void copy_to_buffer_with(Texture* from, NS::UInteger slice, NS::UInteger level,
                           MTL::Origin origin, MTL::Size size, Buffer* to, NS::UInteger offset,
                           NS::UInteger row_bytes, NS::UInteger image_bytes, MTL::BlitOption);
  void copy_texture(Texture* from, NS::UInteger from_slice, NS::UInteger from_level,
                    MTL::Origin from_origin, MTL::Size size, Texture* to, NS::UInteger to_slice,
                    NS::UInteger to_level, MTL::Origin to_origin);
  void copy_slices(Texture* from, NS::UInteger from_slice, NS::UInteger from_level, Texture* to,
                   NS::UInteger to_slice, NS::UInteger to_level, NS::UInteger slices,
                   NS::UInteger levels);
  void copy_whole(Texture* from, Texture* to);
  void generate_mipmaps(Texture* texture);
  void synchronize_slice(Texture* texture, NS::UInteger slice, NS::UInteger level);
  void optimize(Texture* texture);
  void optimize_slice(Texture* texture, NS::UInteger slice, NS::UInteger level);

 private:
  bool check_commands(const char* method, IndirectCommandBuffer* commands, NS::Range range);
  /// As check_range().
  bool check_region(const char* method, const char* role, const Texture* texture,
                    MTL::Origin origin, MTL::Size size, size_t level, size_t slice);
  void transfer(const Texture& texture, const Image& from, const Image& to, MTL::Size size);
};

}  // namespace anvil::metal
