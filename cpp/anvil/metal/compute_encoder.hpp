// MTLComputeCommandEncoder: binds arguments and dispatches kernels.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include <Metal/MTLComputeCommandEncoder.hpp>

#include "anvil/abi/kernel_abi.h"
#include "anvil/backend/commands.hpp"
#include "anvil/backend/device.hpp"
#include "anvil/metal/command_encoder.hpp"
#include "anvil/metal/texture_bindings.hpp"
#include "anvil/metal/validation.hpp"

namespace anvil::metal {

class Capture;
struct MTL4ComputeCommandEncoder;
struct ComputePipelineState;
struct IndirectCommandBuffer;
struct IndirectExecution;
struct SamplerState;
struct Texture;
struct VisibleFunctionTable;

struct ComputeCommandEncoder : CommandEncoder {
  using Super = CommandEncoder;

  /// Dispatches run one after another, or, of a `Concurrent` encoder, together up to a barrier.
  ComputeCommandEncoder(objc::Ref<CommandBuffer> buffer, MTL::DispatchType type,
                        const char* class_name = "MTLComputeCommandEncoder");

  void set_pipeline(ComputePipelineState* pipeline);
  void set_buffer(Buffer* target, NS::UInteger offset, NS::UInteger index);
  void set_buffer_offset(NS::UInteger offset, NS::UInteger index);
  void set_buffers(Buffer* const* targets, const NS::UInteger* offsets, NS::Range range);
  void set_bytes(const void* bytes, NS::UInteger length, NS::UInteger index);
  void set_threadgroup_memory_length(NS::UInteger length, NS::UInteger index);

  // texture_bindings.cpp
  void set_texture(Texture* texture, NS::UInteger index);
  void set_textures(Texture* const* textures, NS::Range range);
  void set_sampler(SamplerState* sampler, NS::UInteger index);
  void set_clamped_sampler(SamplerState* sampler, float lod_min, float lod_max, NS::UInteger index);
  void set_samplers(SamplerState* const* samplers, NS::Range range);
  void set_clamped_samplers(SamplerState* const* samplers, const float* lod_mins,
                            const float* lod_maxes, NS::Range range);

  // visible_function_table.cpp
  void set_function_table(VisibleFunctionTable* table, NS::UInteger index);
  void set_function_tables(VisibleFunctionTable* const* tables, NS::Range range);

  void dispatch_threads(MTL::Size grid, MTL::Size threadgroup);
  void dispatch_threadgroups(MTL::Size threadgroups, MTL::Size threadgroup);
  void dispatch_indirect(Buffer* indirect, NS::UInteger offset, MTL::Size threadgroup);

  void memory_barrier(MTL::BarrierScope);
  void memory_barrier_for(Resource* const* resources, NS::UInteger count);
  void use_resource(Resource* resource, MTL::ResourceUsage);
  void use_resources(Resource* const* resources, NS::UInteger count, MTL::ResourceUsage);
  void use_heap(Heap* heap);
  void use_heaps(Heap* const* heaps, NS::UInteger count);

  // counter_sample_buffer.cpp
  void sample_counters(CounterSampleBuffer* samples, NS::UInteger index, bool barrier);

  // indirect_execution.cpp
  void execute_commands(IndirectCommandBuffer* commands, NS::Range range);
  void execute_commands_indirect(IndirectCommandBuffer* commands, Buffer* range,
                                 NS::UInteger offset);

  const MTL::DispatchType dispatch_type;

 private:
  friend MTL4ComputeCommandEncoder;  // which binds what is in a table

  struct Slot {
    uint64_t first = 0;        // as of a Binding; 0: nothing is bound
    uint64_t length = 0;       // from there to the end of the buffer or bytes
    Buffer* buffer = nullptr;  // null: bytes
  };

  void bind(const char* method, Buffer* target, size_t offset, size_t index);
  bool check_index(const char* method, size_t index);
  /// False, and the command buffer fails, if Metal's validation refuses the call.
  bool allowed(const char* method, const validation::Refusal& refusal) {
    if (refusal) fail(method, *refusal);
    return !refusal;
  }
  /// As allowed(), of an argument.
  bool allowed(const char* method, const service::ArgumentInfo& argument,
               const validation::Refusal& refusal) {
    if (refusal) refuse(method, argument, *refusal);
    return !refusal;
  }
  void refuse(const char* method, const service::ArgumentInfo& argument, const std::string& why);
  /// Whether nothing is to run, which validation refuses.
  bool is_empty(const char* method, const char* property, MTL::Size size) {
    if (size.width != 0 && size.height != 0 && size.depth != 0) return false;
    allowed(method, validation::of_extent(property, size));
    return true;
  }
  /// What the argument of the pipeline is bound to; false if it cannot be, and the buffer fails.
  bool bind_argument(const char* method, const service::ArgumentInfo& argument,
                     backend::Binding& binding);
  // texture_bindings.cpp
  TextureBindings& texture_bindings();
  bool check_index_below(const char* method, size_t index, size_t count);
  void bind_texture(const char* method, Texture* texture, size_t index);
  void bind_sampler(const char* method, std::optional<uint64_t> bits, size_t index);
  bool put_textures(const char* method, const service::ArgumentInfo& argument, uint64_t* handles);
  bool put_samplers(const char* method, const service::ArgumentInfo& argument, uint64_t* handles);
  /// Those of the pipeline's textures and samplers; null, and the buffer fails, if one is refused.
  const uint64_t* handles_of(const char* method);

  bool check_threadgroup(const char* method, MTL::Size threadgroup);
  /// Checks the pipeline's arguments against what is bound and records the dispatch.
  void record(const char* method, backend::Extent threadgroups, backend::Extent grid,
              backend::Extent threadgroup, backend::Address indirect = 0);
  /// What executes the commands, with what is bound now.
  objc::Ref<IndirectExecution> execution_of(IndirectCommandBuffer* commands);
  void execute(const objc::Ref<IndirectExecution>& execution);

  const backend::Facts& facts_;               // of the device
  Capture* const capture_;                    // null: nothing is captured
  ComputePipelineState* pipeline_ = nullptr;  // kept alive by the command buffer
  bool next_waits_ = true;                    // whether the next dispatch does
  std::array<Slot, ANVIL_MAX_BUFFERS> slots_;
  std::array<uint32_t, ANVIL_MAX_BUFFERS> threadgroup_memory_{};
  std::unique_ptr<TextureBindings> textures_;  // null until something is bound
};

}  // namespace anvil::metal
