#include "anvil/metal/compute_encoder.hpp"

#include <algorithm>
#include <utility>

#include "anvil/metal/buffer.hpp"
#include "anvil/metal/capture.hpp"
#include "anvil/metal/compute_pipeline.hpp"
#include "anvil/metal/device.hpp"
#include "anvil/metal/heap.hpp"

namespace anvil::metal {
namespace {

std::string to_string(MTL::Size size) {
  return std::to_string(size.width) + " x " + std::to_string(size.height) + " x " +
         std::to_string(size.depth);
}

backend::Extent extent(MTL::Size size) {
  return {static_cast<uint32_t>(size.width), static_cast<uint32_t>(size.height),
          static_cast<uint32_t>(size.depth)};
}

/// The argument as errors name it: "buffer 2 ('weights') of kernel gemv".
std::string describe(const ComputePipelineState& pipeline, const service::ArgumentInfo& argument) {
  constexpr const char* kKinds[] = {"buffer", "threadgroup memory", "texture", "sampler"};
  return std::string(kKinds[static_cast<size_t>(argument.kind)]) + " " +
         std::to_string(argument.index) + " ('" + argument.name + "') of kernel " +
         pipeline.info().name;
}

}  // namespace

ComputeCommandEncoder::ComputeCommandEncoder(objc::Ref<CommandBuffer> for_buffer,
                                             MTL::DispatchType type, const char* class_name)
    : CommandEncoder(std::move(for_buffer), class_name),
      dispatch_type(type),
      facts_(device()->facts),
      capture_(Capture::active()) {}

void ComputeCommandEncoder::set_pipeline(ComputePipelineState* pipeline) {
  constexpr const char* method = "setComputePipelineState:";
  if (!open(method)) return;
  if (!pipeline) return fail(method, "nil pipeline");
  if (pipeline == pipeline_) return;
  buffer->hold(pipeline);
  pipeline_ = pipeline;
}

void ComputeCommandEncoder::refuse(const char* method, const service::ArgumentInfo& argument,
                                   const std::string& why) {
  fail(method, describe(*pipeline_, argument) + " " + why);
}

bool ComputeCommandEncoder::check_index(const char* method, size_t index) {
  return index < ANVIL_MAX_BUFFERS || check_index_below(method, index, ANVIL_MAX_BUFFERS);
}

void ComputeCommandEncoder::bind(const char* method, Buffer* target, size_t offset, size_t index) {
  if (!check_index(method, index)) return;
  if (!target) {
    slots_[index] = {};
    return;
  }
  if (offset > target->length)
    return fail(method, "offset " + std::to_string(offset) + " is beyond the length " +
                            std::to_string(target->length) + " of buffer" + quoted(target->label) +
                            " at index " + std::to_string(index));
  if (slots_[index].buffer != target) buffer->hold(target);
  slots_[index] = {target->address + offset, target->length - offset, target};
}

void ComputeCommandEncoder::set_buffer(Buffer* target, NS::UInteger offset, NS::UInteger index) {
  constexpr const char* method = "setBuffer:offset:atIndex:";
  if (open(method)) bind(method, target, offset, index);
}

void ComputeCommandEncoder::set_buffer_offset(NS::UInteger offset, NS::UInteger index) {
  constexpr const char* method = "setBufferOffset:atIndex:";
  if (!open(method) || !check_index(method, index)) return;
  if (!slots_[index].buffer)
    return fail(method, "no buffer is bound at index " + std::to_string(index));
  bind(method, slots_[index].buffer, offset, index);
}

void ComputeCommandEncoder::set_buffers(Buffer* const* targets, const NS::UInteger* offsets,
                                        NS::Range range) {
  constexpr const char* method = "setBuffers:offsets:withRange:";
  if (!open(method)) return;
  for (NS::UInteger i = 0; i < range.length; ++i)
    bind(method, targets[i], offsets[i], range.location + i);
}

void ComputeCommandEncoder::set_bytes(const void* bytes, NS::UInteger length, NS::UInteger index) {
  constexpr const char* method = "setBytes:length:atIndex:";
  if (!open(method) || !check_index(method, index)) return;
  if (!bytes && length > 0) return fail(method, "no bytes for index " + std::to_string(index));
  if (!allowed(method, validation::of_bytes(length, index))) return;
  std::byte* copy = buffer->arena().allocate(std::max<size_t>(length, 1));
  std::copy_n(static_cast<const std::byte*>(bytes), length, copy);
  slots_[index] = {reinterpret_cast<uint64_t>(copy), length, nullptr};
}

void ComputeCommandEncoder::set_threadgroup_memory_length(NS::UInteger length, NS::UInteger index) {
  constexpr const char* method = "setThreadgroupMemoryLength:atIndex:";
  if (!open(method) || !check_index(method, index)) return;
  if (!allowed(method, validation::of_threadgroup_memory(length))) return;
  const size_t most = facts_.max_threadgroup_memory;
  if (length > most)
    return fail(method, "length " + std::to_string(length) + " exceeds " + std::to_string(most));
  threadgroup_memory_[index] =
      static_cast<uint32_t>((length + validation::kThreadgroupMemoryStep - 1) &
                            ~(validation::kThreadgroupMemoryStep - 1));
}

bool ComputeCommandEncoder::check_threadgroup(const char* method, MTL::Size threadgroup) {
  if (!pipeline_) {
    fail(method, "no compute pipeline state is set");
    return false;
  }
  // Each is checked first, so that the product of the three cannot overflow.
  const NS::UInteger limit = facts_.max_threads_per_threadgroup;
  const NS::UInteger most = pipeline_->max_total_threads();
  const bool possible =
      threadgroup.width <= limit && threadgroup.height <= limit && threadgroup.depth <= limit;
  const NS::UInteger threads = threadgroup.width * threadgroup.height * threadgroup.depth;
  if (!possible || threads > most) {
    fail(method, "threadsPerThreadgroup " + to_string(threadgroup) + " exceeds the " +
                     std::to_string(most) + " threads of kernel " + pipeline_->info().name);
    return false;
  }
  const MTL::Size required = pipeline_->required_threads;
  if (required.width != 0 &&
      (threadgroup.width != required.width || threadgroup.height != required.height ||
       threadgroup.depth != required.depth)) {
    fail(method, "threadsPerThreadgroup is " + to_string(threadgroup) + ", the pipeline requires " +
                     to_string(required));
    return false;
  }
  return true;
}

void ComputeCommandEncoder::dispatch_threads(MTL::Size grid, MTL::Size threadgroup) {
  constexpr const char* method = "dispatchThreads:threadsPerThreadgroup:";
  if (!open(method) || is_empty(method, "threadsPerThreadgroup", threadgroup) ||
      is_empty(method, "threadsPerGrid", grid) || !check_threadgroup(method, threadgroup))
    return;
  if (grid.width > UINT32_MAX || grid.height > UINT32_MAX || grid.depth > UINT32_MAX)
    return fail(method, "threadsPerGrid " + to_string(grid) + " exceeds 2^32 - 1");
  const auto groups = [](NS::UInteger threads, NS::UInteger group) {
    return (threads + group - 1) / group;
  };
  const MTL::Size threadgroups(groups(grid.width, threadgroup.width),
                               groups(grid.height, threadgroup.height),
                               groups(grid.depth, threadgroup.depth));
  record(method, extent(threadgroups), extent(grid), extent(threadgroup));
}

void ComputeCommandEncoder::dispatch_threadgroups(MTL::Size threadgroups, MTL::Size threadgroup) {
  constexpr const char* method = "dispatchThreadgroups:threadsPerThreadgroup:";
  if (!open(method) || is_empty(method, "threadsPerThreadgroup", threadgroup) ||
      is_empty(method, "threadgroupsPerGrid", threadgroups) ||
      !check_threadgroup(method, threadgroup))
    return;
  const auto fits = [](NS::UInteger groups, NS::UInteger group) {
    return groups <= UINT32_MAX / group;
  };
  if (!fits(threadgroups.width, threadgroup.width) ||
      !fits(threadgroups.height, threadgroup.height) ||
      !fits(threadgroups.depth, threadgroup.depth))
    return fail(method, "threadgroupsPerGrid " + to_string(threadgroups) + " of " +
                            to_string(threadgroup) + " threads exceeds 2^32 - 1 threads");
  const MTL::Size grid(threadgroups.width * threadgroup.width,
                       threadgroups.height * threadgroup.height,
                       threadgroups.depth * threadgroup.depth);
  record(method, extent(threadgroups), extent(grid), extent(threadgroup));
}

void ComputeCommandEncoder::dispatch_indirect(Buffer* indirect, NS::UInteger offset,
                                              MTL::Size threadgroup) {
  constexpr const char* method =
      "dispatchThreadgroupsWithIndirectBuffer:indirectBufferOffset:threadsPerThreadgroup:";
  if (!open(method) || is_empty(method, "threadsPerThreadgroup", threadgroup) ||
      !check_threadgroup(method, threadgroup) ||
      !check_range(method, "indirect buffer", indirect, offset,
                   sizeof(MTL::DispatchThreadgroupsIndirectArguments)))
    return;
  if (offset % 4 != 0)
    return fail(method,
                "indirectBufferOffset " + std::to_string(offset) + " is not a multiple of 4");
  buffer->hold(indirect);
  record(method, {}, {}, extent(threadgroup), indirect->address + offset);
}

bool ComputeCommandEncoder::bind_argument(const char* method, const service::ArgumentInfo& argument,
                                          backend::Binding& binding) {
  using Kind = backend::Binding::Kind;
  if (argument.kind == service::ArgumentInfo::Kind::threadgroup) {
    const size_t length = threadgroup_memory_[argument.index];
    binding = {0, length, Kind::threadgroup};
    return length > 0 || allowed(method, argument, validation::of_unbound(argument));
  }
  if (argument.kind != service::ArgumentInfo::Kind::buffer) {
    binding = {};
    return true;
  }
  const Slot& slot = slots_[argument.index];
  binding = {slot.first, slot.length, slot.buffer || !slot.first ? Kind::memory : Kind::bytes};
  if (slot.first == 0) return allowed(method, argument, validation::of_unbound(argument));
  if (!allowed(method, argument, validation::of_bound_bytes(argument, slot.length))) return false;
  if (argument.alignment <= 1 || slot.first % argument.alignment == 0) return true;
  fail(method, describe(*pipeline_, argument) + ": the bound offset is not aligned to " +
                   std::to_string(argument.alignment) + " bytes, as " + argument.type + " needs");
  return false;
}

void ComputeCommandEncoder::record(const char* method, backend::Extent threadgroups,
                                   backend::Extent grid, backend::Extent threadgroup,
                                   backend::Address indirect) {
  const std::vector<service::ArgumentInfo>& arguments = pipeline_->info().arguments;
  auto* bindings = reinterpret_cast<backend::Binding*>(
      buffer->arena().allocate(arguments.size() * sizeof(backend::Binding)));
  size_t threadgroup_memory = pipeline_->info().static_memory;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!bind_argument(method, arguments[i], bindings[i])) return;
    if (arguments[i].kind == service::ArgumentInfo::Kind::threadgroup)
      threadgroup_memory += bindings[i].length;
  }
  const size_t most = facts_.max_threadgroup_memory;
  if (threadgroup_memory > most)
    return fail(method, "kernel " + pipeline_->info().name + " would use " +
                            std::to_string(threadgroup_memory) + " bytes of threadgroup memory, " +
                            std::to_string(most) + " are there");
  const bool has_handles = pipeline_->info().handles > 0;
  const uint64_t* handles = has_handles ? handles_of(method) : nullptr;
  if (has_handles && !handles) return;
  // Written where it stays: a copy would wait for the parts that it was just put together from.
  std::vector<backend::Command>& commands = buffer->commands();
  auto& command = std::get<backend::DispatchCommand>(
      commands.emplace_back(std::in_place_type<backend::DispatchCommand>));
  command.kernel = pipeline_->kernel.get();
  command.bindings = bindings;
  command.handles = handles;
  command.threadgroups = threadgroups;
  command.threads_per_grid = grid;
  command.threads_per_threadgroup = threadgroup;
  command.indirect = indirect;
  command.waits = std::exchange(next_waits_, dispatch_type != MTL::DispatchTypeConcurrent);
  if (!capture_) return;
  command.waits = true;
  commands.insert(commands.end() - 1, capture_->before(command, *pipeline_, buffer->arena()));
}

void ComputeCommandEncoder::memory_barrier(MTL::BarrierScope) {
  if (open("memoryBarrierWithScope:")) next_waits_ = true;
}

void ComputeCommandEncoder::memory_barrier_for(Resource* const*, NS::UInteger) {
  if (open("memoryBarrierWithResources:count:")) next_waits_ = true;
}

void ComputeCommandEncoder::use_resource(Resource* resource, MTL::ResourceUsage) {
  if (!open("useResource:usage:")) return;
  if (!resource) return fail("useResource:usage:", "nil resource");
  buffer->hold(resource);
}

void ComputeCommandEncoder::use_resources(Resource* const* resources, NS::UInteger count,
                                          MTL::ResourceUsage usage) {
  for (NS::UInteger i = 0; i < count; ++i) use_resource(resources[i], usage);
}

void ComputeCommandEncoder::use_heap(Heap* heap) {
  if (!open("useHeap:")) return;
  if (!heap) return fail("useHeap:", "nil heap");
  buffer->hold(static_cast<objc_object*>(heap));
}

void ComputeCommandEncoder::use_heaps(Heap* const* heaps, NS::UInteger count) {
  for (NS::UInteger i = 0; i < count; ++i) use_heap(heaps[i]);
}

namespace {

ANVIL_OBJC_CLASS_DEFINITION<ComputeCommandEncoder> compute_command_encoder_definition{
    "MTLComputeCommandEncoder",
    {
        objc::property<&ComputeCommandEncoder::dispatch_type>("dispatchType"),
        objc::method<&ComputeCommandEncoder::set_pipeline>("setComputePipelineState:"),
        objc::method<&ComputeCommandEncoder::set_buffer>("setBuffer:offset:atIndex:"),
        objc::method<&ComputeCommandEncoder::set_buffer_offset>("setBufferOffset:atIndex:"),
        objc::method<&ComputeCommandEncoder::set_buffers>("setBuffers:offsets:withRange:"),
        objc::method<&ComputeCommandEncoder::set_bytes>("setBytes:length:atIndex:"),
        objc::method<&ComputeCommandEncoder::set_threadgroup_memory_length>(
            "setThreadgroupMemoryLength:atIndex:"),
        objc::method<&ComputeCommandEncoder::dispatch_threads>(
            "dispatchThreads:threadsPerThreadgroup:"),
        objc::method<&ComputeCommandEncoder::dispatch_threadgroups>(
            "dispatchThreadgroups:threadsPerThreadgroup:"),
        objc::method<&ComputeCommandEncoder::dispatch_indirect>(
            "dispatchThreadgroupsWithIndirectBuffer:indirectBufferOffset:threadsPerThreadgroup:"),
        objc::method<&ComputeCommandEncoder::memory_barrier>("memoryBarrierWithScope:"),
        objc::method<&ComputeCommandEncoder::memory_barrier_for>(
            "memoryBarrierWithResources:count:"),
        objc::method<&ComputeCommandEncoder::use_resource>("useResource:usage:"),
        objc::method<&ComputeCommandEncoder::use_resources>("useResources:count:usage:"),
        objc::method<&ComputeCommandEncoder::use_heap>("useHeap:"),
        objc::method<&ComputeCommandEncoder::use_heaps>("useHeaps:count:"),
    }};

}  // namespace
}  // namespace anvil::metal
