#include "anvil/metal/mtl4_compute_encoder.hpp"

#include <cstdio>

#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/texture.hpp"
#include "anvil/service/environment.hpp"

namespace anvil::metal {
namespace {

constexpr const char* kClass = "MTL4ComputeCommandEncoder";

std::string hexadecimal(uint64_t address) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

}  // namespace

MTL4ComputeCommandEncoder::MTL4ComputeCommandEncoder(objc::Ref<MTL4CommandBuffer> for_buffer)
    : buffer(std::move(for_buffer)),
      compute_(objc::make<ComputeCommandEncoder>(buffer->recording().commands,
                                                 MTL::DispatchTypeConcurrent, kClass)),
      blit_(objc::make<BlitCommandEncoder>(buffer->recording().commands, kClass)) {
  buffer->recording().commands->encoder_began(compute_.get());
}

void MTL4ComputeCommandEncoder::end_encoding() {
  blit_->end_encoding();
  compute_->end_encoding();
}

void MTL4ComputeCommandEncoder::barrier(MTL::Stages, MTL::Stages, MTL4::VisibilityOptions) {
  compute_->memory_barrier(MTL::BarrierScopeBuffers);
}

void MTL4ComputeCommandEncoder::set_label(String* label) {
  compute_->label = blit_->label = kept_copy(label);
}

objc::Ref<Buffer> MTL4ComputeCommandEncoder::buffer_at(const char* method, const std::string& what,
                                                       backend::Address address) {
  objc::Ref<Buffer> found = compute_->device()->addresses.buffer_at(address);
  if (!found)
    compute_->fail(method, what + " has address " + hexadecimal(address) +
                               ", where no buffer is: a buffer has to stay alive until the command "
                               "buffer is completed");
  return found;
}

bool MTL4ComputeCommandEncoder::bind_buffer(const char* method, size_t index) {
  const auto [address, is_resource] =
      index < table_->buffers.size() ? table_->buffers[index] : MTL4ArgumentTable::BufferPlace();
  if (address == 0) {
    compute_->bind(method, nullptr, 0, index);
    return true;
  }
  const objc::Ref<Buffer> found = buffer_at(
      method, "buffer " + std::to_string(index) + " of argument table" + quoted(table_->label),
      address);
  if (!found) return false;
  compute_->bind(method, found.get(), address - found->address, index);
  if (service::validation() && !is_resource) buffer->recording().addressed.push_back(found);
  return true;
}

bool MTL4ComputeCommandEncoder::bind_texture(const char* method, size_t index) {
  const backend::Address id = index < table_->textures.size() ? table_->textures[index] : 0;
  const objc::Ref<Texture> found =
      id ? compute_->device()->addresses.texture_of(id) : objc::Ref<Texture>();
  if (id && !found)
    compute_->fail(method, "texture " + std::to_string(index) + " of argument table" +
                               quoted(table_->label) + " has the gpuResourceID " + hexadecimal(id) +
                               ", which is no texture's");
  else
    compute_->bind_texture(method, found.get(), index);
  return !id || found;
}

void MTL4ComputeCommandEncoder::bind_sampler(const char* method, size_t index) {
  compute_->bind_sampler(
      method, index < table_->samplers.size() ? table_->samplers[index] : std::nullopt, index);
}

bool MTL4ComputeCommandEncoder::bind_arguments(const char* method) {
  if (!compute_->open(method)) return false;
  stages_ |= MTL::StageDispatch;
  if (!table_ || !compute_->pipeline_) return true;
  using Kind = service::ArgumentInfo::Kind;
  for (const service::ArgumentInfo& argument : compute_->pipeline_->info().arguments) {
    if (argument.kind == Kind::buffer && !bind_buffer(method, argument.index)) return false;
    for (size_t i = 0; i < argument.count; ++i) {
      if (argument.kind == Kind::texture && !bind_texture(method, argument.index + i)) return false;
      if (argument.kind == Kind::sampler) bind_sampler(method, argument.index + i);
    }
  }
  return true;
}

bool MTL4ComputeCommandEncoder::bind_everything(const char* method) {
  if (!compute_->open(method)) return false;
  stages_ |= MTL::StageDispatch;
  if (!table_) return true;
  for (size_t i = 0; i < table_->buffers.size(); ++i)
    if (!bind_buffer(method, i)) return false;
  for (size_t i = 0; i < table_->textures.size(); ++i)
    if (!bind_texture(method, i)) return false;
  for (size_t i = 0; i < table_->samplers.size(); ++i) bind_sampler(method, i);
  return true;
}

void MTL4ComputeCommandEncoder::dispatch_threads(MTL::Size grid, MTL::Size threadgroup) {
  if (bind_arguments("dispatchThreads:threadsPerThreadgroup:"))
    compute_->dispatch_threads(grid, threadgroup);
}

void MTL4ComputeCommandEncoder::dispatch_threadgroups(MTL::Size threadgroups,
                                                      MTL::Size threadgroup) {
  if (bind_arguments("dispatchThreadgroups:threadsPerThreadgroup:"))
    compute_->dispatch_threadgroups(threadgroups, threadgroup);
}

void MTL4ComputeCommandEncoder::dispatch_indirect(uint64_t address, MTL::Size threadgroup) {
  constexpr const char* method = "dispatchThreadgroupsWithIndirectBuffer:threadsPerThreadgroup:";
  if (!bind_arguments(method)) return;
  if (const objc::Ref<Buffer> indirect = buffer_at(method, "the indirect buffer", address))
    compute_->dispatch_indirect(indirect.get(), address - indirect->address, threadgroup);
}

void MTL4ComputeCommandEncoder::execute_commands(IndirectCommandBuffer* commands, NS::Range range) {
  if (bind_everything("executeCommandsInBuffer:withRange:"))
    compute_->execute_commands(commands, range);
}

void MTL4ComputeCommandEncoder::execute_commands_indirect(IndirectCommandBuffer* commands,
                                                          uint64_t address) {
  constexpr const char* method = "executeCommandsInBuffer:indirectBuffer:";
  if (!bind_everything(method)) return;
  if (const objc::Ref<Buffer> range = buffer_at(method, "the indirect buffer", address))
    compute_->execute_commands_indirect(commands, range.get(), address - range->address);
}

namespace {

/// A method of the blit encoder's under its own selector.
template <auto Method, class = decltype(Method)>
struct Blit;
template <auto Method, class... Args>
struct Blit<Method, void (BlitCommandEncoder::*)(Args...)> {
  static void send(MTL4ComputeCommandEncoder* self, Args... args) { self->blit<Method>(args...); }
};

ANVIL_OBJC_CLASS_DEFINITION<MTL4ComputeCommandEncoder> compute_command_encoder_definition{
    "MTL4ComputeCommandEncoder",
    {
        objc::property<&MTL4ComputeCommandEncoder::buffer>("commandBuffer"),
        objc::method<&MTL4ComputeCommandEncoder::label>("label"),
        objc::method<&MTL4ComputeCommandEncoder::set_label>("setLabel:"),
        objc::method<&MTL4ComputeCommandEncoder::end_encoding>("endEncoding"),
        objc::method<&MTL4ComputeCommandEncoder::push_debug_group>("pushDebugGroup:"),
        objc::method<&MTL4ComputeCommandEncoder::pop_debug_group>("popDebugGroup"),
        objc::method<&MTL4ComputeCommandEncoder::insert_debug_signpost>("insertDebugSignpost:"),
        objc::method<&MTL4ComputeCommandEncoder::barrier>(
            "barrierAfterEncoderStages:beforeEncoderStages:visibilityOptions:"),
        objc::method<&MTL4ComputeCommandEncoder::barrier>(
            "barrierAfterQueueStages:beforeStages:visibilityOptions:"),
        objc::method<&MTL4ComputeCommandEncoder::barrier>(
            "barrierAfterStages:beforeQueueStages:visibilityOptions:"),
        objc::method<&MTL4ComputeCommandEncoder::update_fence>("updateFence:afterEncoderStages:"),
        objc::method<&MTL4ComputeCommandEncoder::wait_for_fence>(
            "waitForFence:beforeEncoderStages:"),
        objc::method<&MTL4ComputeCommandEncoder::set_pipeline>("setComputePipelineState:"),
        objc::method<&MTL4ComputeCommandEncoder::set_argument_table>("setArgumentTable:"),
        objc::method<&MTL4ComputeCommandEncoder::set_threadgroup_memory_length>(
            "setThreadgroupMemoryLength:atIndex:"),
        objc::method<&MTL4ComputeCommandEncoder::dispatch_threads>(
            "dispatchThreads:threadsPerThreadgroup:"),
        objc::method<&MTL4ComputeCommandEncoder::dispatch_threadgroups>(
            "dispatchThreadgroups:threadsPerThreadgroup:"),
        objc::method<&MTL4ComputeCommandEncoder::dispatch_indirect>(
            "dispatchThreadgroupsWithIndirectBuffer:threadsPerThreadgroup:"),
        objc::method<&MTL4ComputeCommandEncoder::execute_commands>(
            "executeCommandsInBuffer:withRange:"),
        objc::method<&MTL4ComputeCommandEncoder::execute_commands_indirect>(
            "executeCommandsInBuffer:indirectBuffer:"),
        objc::method<&MTL4ComputeCommandEncoder::stages>("stages"),
        objc::function<&Blit<&BlitCommandEncoder::copy>::send>(
            "copyFromBuffer:sourceOffset:toBuffer:destinationOffset:size:"),
        objc::function<&Blit<&BlitCommandEncoder::fill>::send>("fillBuffer:range:value:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_to_texture>::send>(
            "copyFromBuffer:sourceOffset:sourceBytesPerRow:sourceBytesPerImage:sourceSize:"
            "toTexture:destinationSlice:destinationLevel:destinationOrigin:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_to_texture_with>::send>(
            "copyFromBuffer:sourceOffset:sourceBytesPerRow:sourceBytesPerImage:sourceSize:"
            "toTexture:destinationSlice:destinationLevel:destinationOrigin:options:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_to_buffer>::send>(
            "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toBuffer:"
            "destinationOffset:destinationBytesPerRow:destinationBytesPerImage:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_to_buffer_with>::send>(
            "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toBuffer:"
            "destinationOffset:destinationBytesPerRow:destinationBytesPerImage:options:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_texture>::send>(
            "copyFromTexture:sourceSlice:sourceLevel:sourceOrigin:sourceSize:toTexture:"
            "destinationSlice:destinationLevel:destinationOrigin:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_slices>::send>(
            "copyFromTexture:sourceSlice:sourceLevel:toTexture:destinationSlice:destinationLevel:"
            "sliceCount:levelCount:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_whole>::send>("copyFromTexture:toTexture:"),
        objc::function<&Blit<&BlitCommandEncoder::generate_mipmaps>::send>(
            "generateMipmapsForTexture:"),
        objc::function<&Blit<&BlitCommandEncoder::optimize>::send>("optimizeContentsForCPUAccess:"),
        objc::function<&Blit<&BlitCommandEncoder::optimize>::send>("optimizeContentsForGPUAccess:"),
        objc::function<&Blit<&BlitCommandEncoder::optimize_slice>::send>(
            "optimizeContentsForCPUAccess:slice:level:"),
        objc::function<&Blit<&BlitCommandEncoder::optimize_slice>::send>(
            "optimizeContentsForGPUAccess:slice:level:"),
        objc::function<&Blit<&BlitCommandEncoder::reset_commands>::send>(
            "resetCommandsInBuffer:withRange:"),
        objc::function<&Blit<&BlitCommandEncoder::copy_commands>::send>(
            "copyIndirectCommandBuffer:sourceRange:destination:destinationIndex:"),
        objc::function<&Blit<&BlitCommandEncoder::optimize_commands>::send>(
            "optimizeIndirectCommandBuffer:withRange:"),
    }};

}  // namespace
}  // namespace anvil::metal
