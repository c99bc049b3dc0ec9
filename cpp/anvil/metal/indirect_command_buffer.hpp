// MTLIndirectCommandBuffer and its compute commands: dispatches that are kept, changed, and read
// when they are executed.
#pragma once

#include <array>
#include <mutex>
#include <vector>

#include <Metal/MTLIndirectCommandBuffer.hpp>
#include <Metal/MTLIndirectCommandEncoder.hpp>

#include "anvil/abi/kernel_abi.h"
#include "anvil/metal/buffer.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/resource.hpp"

namespace anvil::metal {

struct ComputeCommandEncoder;

struct IndirectCommandBufferDescriptor : objc::Object {
  using Super = RootObject;

  MTL::IndirectCommandType command_types = 0;
  bool inherit_buffers = true;
  bool inherit_pipeline = true;
  NS::UInteger max_kernel_buffers = ANVIL_MAX_BUFFERS;
  NS::UInteger max_kernel_threadgroup_memory = ANVIL_MAX_BUFFERS;
  /// Of render commands, which are not there: kept, and without effect.
  bool inherit_cull_mode = true, inherit_depth_bias = true, inherit_depth_clip_mode = true,
       inherit_depth_stencil_state = true, inherit_front_facing_winding = true,
       inherit_triangle_fill_mode = true;
  bool color_attachment_mapping = false, dynamic_attribute_stride = false, ray_tracing = false;
  NS::UInteger max_vertex_buffers = 0, max_fragment_buffers = 0, max_object_buffers = 0,
               max_mesh_buffers = 0, max_object_threadgroup_memory = 0;
};

/// Any thread may change it; a change while it is executed takes effect then or the next time.
struct IndirectComputeCommand : objc::Object {
  using Super = RootObject;

  void set_pipeline(ComputePipelineState* pipeline);
  void set_buffer(Buffer* buffer, NS::UInteger offset, NS::UInteger index);
  void set_threadgroup_memory_length(NS::UInteger length, NS::UInteger index);
  void dispatch_threadgroups(MTL::Size threadgroups, MTL::Size threadgroup);
  void dispatch_threads(MTL::Size grid, MTL::Size threadgroup);
  void set_barrier();
  void clear_barrier();
  void reset();
  /// Without effect: there are no imageblocks, and no kernel has a stage's input.
  void set_imageblock(NS::UInteger, NS::UInteger) {}
  void set_stage_in_region(MTL::Region) {}

  void copy_from(const IndirectComputeCommand& other);
  /// Encodes it; nothing of a command that dispatches nothing.
  void encode(ComputeCommandEncoder& encoder, const IndirectCommandBufferDescriptor& inherited);

 private:
  enum class Kind : uint8_t { none, threadgroups, threads };
  struct Slot {
    objc::Ref<Buffer> buffer;
    size_t offset = 0;
  };
  struct State {
    objc::Ref<ComputePipelineState> pipeline;
    std::array<Slot, ANVIL_MAX_BUFFERS> slots;
    std::array<uint32_t, ANVIL_MAX_BUFFERS> threadgroup_memory{};
    MTL::Size grid = {0, 0, 0}, threadgroup = {0, 0, 0};
    Kind kind = Kind::none;
    bool barrier = false;
  };
  void dispatch(Kind kind, MTL::Size grid, MTL::Size threadgroup);

  mutable std::mutex mutex_;  // guards the rest
  State state_;
};

struct IndirectCommandBuffer : Resource {
  using Super = Resource;

  IndirectCommandBuffer(Device* device, const IndirectCommandBufferDescriptor& descriptor,
                        size_t size, MTL::ResourceOptions options);

  NS::UInteger size() const { return commands_.size(); }
  IndirectComputeCommand* compute_command(NS::UInteger index);
  objc_object* render_command(NS::UInteger index);
  void reset(NS::Range range);
  MTL::ResourceID resource_id() const { return {reinterpret_cast<uint64_t>(this)}; }

  /// Encodes those of the range; throws std::out_of_range beyond the last, and std::runtime_error
  /// with what the encoder refuses.
  void encode(NS::Range range, ComputeCommandEncoder& encoder);
  void copy(NS::Range range, IndirectCommandBuffer& to, size_t index);
  bool has(NS::Range range) const;

 private:
  /// Null if it was never asked for.
  objc::Ref<IndirectComputeCommand> find(size_t index) const;
  objc::Ref<IndirectComputeCommand> find_or_make(size_t index);

  const IndirectCommandBufferDescriptor descriptor_;
  mutable std::mutex mutex_;  // guards the rest
  std::vector<objc::Ref<IndirectComputeCommand>> commands_;
};

/// Null, with the reason on stderr, for commands other than dispatches.
objc::Ref<IndirectCommandBuffer> new_indirect_command_buffer(
    Device* device, const IndirectCommandBufferDescriptor* descriptor, size_t size,
    MTL::ResourceOptions options);

}  // namespace anvil::metal
