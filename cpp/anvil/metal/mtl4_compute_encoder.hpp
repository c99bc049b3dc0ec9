// MTL4ComputeCommandEncoder: dispatches with the arguments of a table, copies and fills, in any
// order up to a barrier.
#pragma once

#include <Metal/MTL4ComputeCommandEncoder.hpp>

#include "anvil/metal/blit_encoder.hpp"
#include "anvil/metal/compute_encoder.hpp"
#include "anvil/metal/mtl4_argument_table.hpp"
#include "anvil/metal/mtl4_command_buffer.hpp"

namespace anvil::metal {

struct MTL4ComputeCommandEncoder : objc::Object {
  using Super = RootObject;

  explicit MTL4ComputeCommandEncoder(objc::Ref<MTL4CommandBuffer> buffer);

  // MTL4CommandEncoder
  void end_encoding();
  void barrier(MTL::Stages after, MTL::Stages before, MTL4::VisibilityOptions);
  void update_fence(Fence* fence, MTL::Stages) { compute_->update_fence(fence); }
  void wait_for_fence(Fence* fence, MTL::Stages) { compute_->wait_for_fence(fence); }
  void push_debug_group(String* name) { compute_->push_debug_group(name); }
  void pop_debug_group() { compute_->pop_debug_group(); }
  void insert_debug_signpost(String*) {}
  String* label() const { return objc::Ref<String>(compute_->label).autoreleased(); }
  void set_label(String* label);

  // Dispatches.
  void set_pipeline(ComputePipelineState* pipeline) { compute_->set_pipeline(pipeline); }
  void set_argument_table(MTL4ArgumentTable* table) { table_ = objc::Ref(table); }
  void set_threadgroup_memory_length(NS::UInteger length, NS::UInteger index) {
    compute_->set_threadgroup_memory_length(length, index);
  }
  void dispatch_threads(MTL::Size grid, MTL::Size threadgroup);
  void dispatch_threadgroups(MTL::Size threadgroups, MTL::Size threadgroup);
  void dispatch_indirect(uint64_t address, MTL::Size threadgroup);
  void execute_commands(IndirectCommandBuffer* commands, NS::Range range);
  void execute_commands_indirect(IndirectCommandBuffer* commands, uint64_t range);
  // mtl4_counter_heap.cpp
  void write_timestamp(MTL4::TimestampGranularity, const MTL4CounterHeap* heap, NS::UInteger index);
  MTL::Stages stages() const { return stages_; }

  /// What MTLBlitCommandEncoder has, too: nothing that follows begins before it is done.
  template <auto Method, class... Args>
  void blit(Args... args) {
    ((*blit_).*Method)(args...);
    compute_->memory_barrier(MTL::BarrierScopeBuffers);
    stages_ |= MTL::StageBlit;
  }

  const objc::Ref<MTL4CommandBuffer> buffer;

 private:
  /// Binds what the table has for the pipeline's arguments, or all of it. False, and the command
  /// buffer fails, where it names what is not there.
  bool bind_arguments(const char* method);
  bool bind_everything(const char* method);
  bool bind_buffer(const char* method, size_t index);
  bool bind_texture(const char* method, size_t index);
  void bind_sampler(const char* method, size_t index);
  /// Null, and the command buffer fails, where there is none.
  objc::Ref<Buffer> buffer_at(const char* method, const std::string& what,
                              backend::Address address);

  const objc::Ref<ComputeCommandEncoder> compute_;
  const objc::Ref<BlitCommandEncoder> blit_;
  objc::Ref<MTL4ArgumentTable> table_;
  MTL::Stages stages_ = 0;
};

}  // namespace anvil::metal
