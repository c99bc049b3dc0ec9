#include "anvil/metal/indirect_command_buffer.hpp"

#include <stdexcept>

#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/report.hpp"
#include "anvil/metal/validation.hpp"
#include "anvil/objc/errors.hpp"

namespace anvil::metal {
namespace {

constexpr MTL::IndirectCommandType kDispatches =
    MTL::IndirectCommandTypeConcurrentDispatch | MTL::IndirectCommandTypeConcurrentDispatchThreads;

void check_index(const char* method, size_t index) {
  if (index < ANVIL_MAX_BUFFERS) return;
  throw InvalidUse(std::string("-[MTLIndirectComputeCommand ") + method + "]: index " +
                   std::to_string(index) + " exceeds the last one, " +
                   std::to_string(ANVIL_MAX_BUFFERS - 1));
}

std::string text_of(NS::Range range, size_t size) {
  return "commands [" + std::to_string(range.location) + ", +" + std::to_string(range.length) +
         ") are not among the " + std::to_string(size) + " of the indirect command buffer";
}

}  // namespace

void IndirectComputeCommand::set_pipeline(ComputePipelineState* pipeline) {
  constexpr const char* method = "-[MTLIndirectComputeCommand setComputePipelineState:]: ";
  if (!pipeline) throw InvalidUse(std::string(method) + "nil pipeline");
  if (const auto refusal = validation::of_indirect_pipeline(pipeline->indirect_command_buffers))
    throw InvalidUse(method + *refusal);
  std::lock_guard lock(mutex_);
  state_.pipeline = objc::Ref<ComputePipelineState>(pipeline);
}

void IndirectComputeCommand::set_buffer(Buffer* buffer, NS::UInteger offset, NS::UInteger index) {
  check_index("setKernelBuffer:offset:atIndex:", index);
  std::lock_guard lock(mutex_);
  state_.slots[index] = {objc::Ref<Buffer>(buffer), offset};
}

void IndirectComputeCommand::set_threadgroup_memory_length(NS::UInteger length,
                                                           NS::UInteger index) {
  check_index("setThreadgroupMemoryLength:atIndex:", index);
  std::lock_guard lock(mutex_);
  state_.threadgroup_memory[index] = static_cast<uint32_t>(std::min<size_t>(length, UINT32_MAX));
}

void IndirectComputeCommand::dispatch(Kind kind, MTL::Size grid, MTL::Size threadgroup) {
  std::lock_guard lock(mutex_);
  state_.kind = kind;
  state_.grid = grid;
  state_.threadgroup = threadgroup;
}

void IndirectComputeCommand::dispatch_threadgroups(MTL::Size threadgroups, MTL::Size threadgroup) {
  dispatch(Kind::threadgroups, threadgroups, threadgroup);
}

void IndirectComputeCommand::dispatch_threads(MTL::Size grid, MTL::Size threadgroup) {
  dispatch(Kind::threads, grid, threadgroup);
}

void IndirectComputeCommand::set_barrier() {
  std::lock_guard lock(mutex_);
  state_.barrier = true;
}

void IndirectComputeCommand::clear_barrier() {
  std::lock_guard lock(mutex_);
  state_.barrier = false;
}

void IndirectComputeCommand::reset() {
  std::lock_guard lock(mutex_);
  state_ = {};
}

void IndirectComputeCommand::copy_from(const IndirectComputeCommand& other) {
  if (&other == this) return;
  std::scoped_lock lock(mutex_, other.mutex_);
  state_ = other.state_;
}

void IndirectComputeCommand::encode(ComputeCommandEncoder& encoder,
                                    const IndirectCommandBufferDescriptor& inherited) {
  std::lock_guard lock(mutex_);
  if (state_.kind == Kind::none) return;
  if (state_.barrier) encoder.memory_barrier(MTL::BarrierScopeBuffers);
  if (!inherited.inherit_pipeline) encoder.set_pipeline(state_.pipeline.get());
  for (size_t i = 0; i < ANVIL_MAX_BUFFERS; ++i) {
    if (!inherited.inherit_buffers)
      encoder.set_buffer(state_.slots[i].buffer.get(), state_.slots[i].offset, i);
    encoder.set_threadgroup_memory_length(state_.threadgroup_memory[i], i);
  }
  if (state_.kind == Kind::threads)
    encoder.dispatch_threads(state_.grid, state_.threadgroup);
  else
    encoder.dispatch_threadgroups(state_.grid, state_.threadgroup);
}

IndirectCommandBuffer::IndirectCommandBuffer(Device* device,
                                             const IndirectCommandBufferDescriptor& descriptor,
                                             size_t size, MTL::ResourceOptions options)
    : Resource(device, options), descriptor_(descriptor), commands_(size) {
  allocated_size = size * sizeof(IndirectComputeCommand);
}

IndirectComputeCommand* IndirectCommandBuffer::compute_command(NS::UInteger index) {
  if (index >= size())
    throw InvalidUse("-[MTLIndirectCommandBuffer indirectComputeCommandAtIndex:]: index " +
                     std::to_string(index) + " is beyond its " + std::to_string(size()) +
                     " commands");
  return find_or_make(index).autoreleased();
}

objc_object* IndirectCommandBuffer::render_command(NS::UInteger) {
  throw InvalidUse(
      "-[MTLIndirectCommandBuffer indirectRenderCommandAtIndex:]: unsupported render commands; "
      "supported: dispatches");
}

objc::Ref<IndirectComputeCommand> IndirectCommandBuffer::find(size_t index) const {
  std::lock_guard lock(mutex_);
  return commands_[index];
}

objc::Ref<IndirectComputeCommand> IndirectCommandBuffer::find_or_make(size_t index) {
  std::lock_guard lock(mutex_);
  if (!commands_[index]) commands_[index] = objc::make<IndirectComputeCommand>();
  return commands_[index];
}

bool IndirectCommandBuffer::has(NS::Range range) const {
  return range.location <= size() && range.length <= size() - range.location;
}

void IndirectCommandBuffer::reset(NS::Range range) {
  if (!has(range))
    throw InvalidUse("-[MTLIndirectCommandBuffer resetWithRange:]: " + text_of(range, size()));
  for (size_t i = range.location; i < range.location + range.length; ++i)
    if (const auto command = find(i)) command->reset();
}

void IndirectCommandBuffer::encode(NS::Range range, ComputeCommandEncoder& encoder) {
  if (!has(range)) throw std::out_of_range(text_of(range, size()));
  for (size_t i = range.location; i < range.location + range.length; ++i) {
    if (const auto command = find(i)) command->encode(encoder, descriptor_);
    if (!encoder.buffer->recording())
      throw std::runtime_error("indirect command " + std::to_string(i) + ": " +
                               encoder.buffer->mistake());
  }
}

void IndirectCommandBuffer::copy(NS::Range range, IndirectCommandBuffer& to, size_t index) {
  for (size_t i = 0; i < range.length; ++i) {
    const auto from = find(range.location + i);
    const auto target = to.find_or_make(index + i);
    from ? target->copy_from(*from) : target->reset();
  }
}

objc::Ref<IndirectCommandBuffer> new_indirect_command_buffer(
    Device* device, const IndirectCommandBufferDescriptor* descriptor, size_t size,
    MTL::ResourceOptions options) {
  constexpr const char* method =
      "-[MTLDevice newIndirectCommandBufferWithDescriptor:maxCommandCount:options:]: ";
  if (!descriptor) return report_nil(std::string(method) + "nil descriptor");
  if (descriptor->command_types == 0 || (descriptor->command_types & ~kDispatches) != 0)
    return report_nil(method +
                      ("unsupported command types " + std::to_string(descriptor->command_types)) +
                      "; supported: ConcurrentDispatch and ConcurrentDispatchThreads");
  return objc::make<IndirectCommandBuffer>(device, *descriptor, size, options);
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<IndirectCommandBufferDescriptor>
    indirect_command_buffer_descriptor_definition{
        "MTLIndirectCommandBufferDescriptor",
        {
            objc::property<&IndirectCommandBufferDescriptor::command_types>("commandTypes",
                                                                            "setCommandTypes:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_buffers>("inheritBuffers",
                                                                              "setInheritBuffers:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_pipeline>(
                "inheritPipelineState", "setInheritPipelineState:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_cull_mode>(
                "inheritCullMode", "setInheritCullMode:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_depth_bias>(
                "inheritDepthBias", "setInheritDepthBias:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_depth_clip_mode>(
                "inheritDepthClipMode", "setInheritDepthClipMode:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_depth_stencil_state>(
                "inheritDepthStencilState", "setInheritDepthStencilState:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_front_facing_winding>(
                "inheritFrontFacingWinding", "setInheritFrontFacingWinding:"),
            objc::property<&IndirectCommandBufferDescriptor::inherit_triangle_fill_mode>(
                "inheritTriangleFillMode", "setInheritTriangleFillMode:"),
            objc::property<&IndirectCommandBufferDescriptor::max_kernel_buffers>(
                "maxKernelBufferBindCount", "setMaxKernelBufferBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::max_kernel_threadgroup_memory>(
                "maxKernelThreadgroupMemoryBindCount", "setMaxKernelThreadgroupMemoryBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::max_vertex_buffers>(
                "maxVertexBufferBindCount", "setMaxVertexBufferBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::max_fragment_buffers>(
                "maxFragmentBufferBindCount", "setMaxFragmentBufferBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::max_object_buffers>(
                "maxObjectBufferBindCount", "setMaxObjectBufferBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::max_mesh_buffers>(
                "maxMeshBufferBindCount", "setMaxMeshBufferBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::max_object_threadgroup_memory>(
                "maxObjectThreadgroupMemoryBindCount", "setMaxObjectThreadgroupMemoryBindCount:"),
            objc::property<&IndirectCommandBufferDescriptor::color_attachment_mapping>(
                "supportColorAttachmentMapping", "setSupportColorAttachmentMapping:"),
            objc::property<&IndirectCommandBufferDescriptor::dynamic_attribute_stride>(
                "supportDynamicAttributeStride", "setSupportDynamicAttributeStride:"),
            objc::property<&IndirectCommandBufferDescriptor::ray_tracing>("supportRayTracing",
                                                                          "setSupportRayTracing:"),
            objc::copying<IndirectCommandBufferDescriptor>(),
        }};

ANVIL_OBJC_CLASS_DEFINITION<IndirectComputeCommand> indirect_compute_command_definition{
    "MTLIndirectComputeCommand",
    {
        objc::method<&IndirectComputeCommand::set_pipeline>("setComputePipelineState:"),
        objc::method<&IndirectComputeCommand::set_buffer>("setKernelBuffer:offset:atIndex:"),
        objc::method<&IndirectComputeCommand::set_threadgroup_memory_length>(
            "setThreadgroupMemoryLength:atIndex:"),
        objc::method<&IndirectComputeCommand::dispatch_threadgroups>(
            "concurrentDispatchThreadgroups:threadsPerThreadgroup:"),
        objc::method<&IndirectComputeCommand::dispatch_threads>(
            "concurrentDispatchThreads:threadsPerThreadgroup:"),
        objc::method<&IndirectComputeCommand::set_barrier>("setBarrier"),
        objc::method<&IndirectComputeCommand::clear_barrier>("clearBarrier"),
        objc::method<&IndirectComputeCommand::reset>("reset"),
        objc::method<&IndirectComputeCommand::set_imageblock>("setImageblockWidth:height:"),
        objc::method<&IndirectComputeCommand::set_stage_in_region>("setStageInRegion:"),
    }};

ANVIL_OBJC_CLASS_DEFINITION<IndirectCommandBuffer> indirect_command_buffer_definition{
    "MTLIndirectCommandBuffer",
    {
        objc::method<&IndirectCommandBuffer::size>("size"),
        objc::method<&IndirectCommandBuffer::compute_command>("indirectComputeCommandAtIndex:"),
        objc::method<&IndirectCommandBuffer::render_command>("indirectRenderCommandAtIndex:"),
        objc::method<&IndirectCommandBuffer::reset>("resetWithRange:"),
        objc::method<&IndirectCommandBuffer::resource_id>("gpuResourceID"),
    }};

}  // namespace
}  // namespace anvil::metal
