#include "foundry/device/dispatch_check.hpp"

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"
#include "foundry/device/limits.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry::detail {

void check_range(const BufferRange& range, const std::string& what) {
  if (!range.buffer || !*range.buffer) throw DispatchError(concat(what, " has no buffer"));
  if (range.length == 0 || !range_fits(range.offset, range.length, range.buffer->length())) {
    throw DispatchError(concat(what, ": bytes [", range.offset, ", ", range.offset, " + ",
                               range.length, ") are not in ", range.buffer->describe(), " (",
                               range.buffer->length(), " bytes)"));
  }
}

void check_writable(const BufferRange& range, const std::string& what) {
  if (range.buffer->is_read_only()) {
    throw StorageError(concat(what, " is written, but it is ", range.buffer->describe()));
  }
}

namespace {

/// Indices bound so far, by kind.
struct BoundIndices {
  std::uint32_t buffers = 0, threadgroup_memory = 0;
  std::uint64_t threadgroup_bytes = 0;
};

/// The message's subject is built only when there is one: dispatch is a hot path.
void check_binding(const Pipeline& pipeline, const Binding& binding, BoundIndices& bound) {
  const bool is_threadgroup = binding.kind == Binding::Kind::threadgroup_memory;
  const auto what = [&] {
    return concat(pipeline.name(), ": ", is_threadgroup ? "threadgroup " : "buffer ",
                  binding.index);
  };
  if (binding.index >= kMaxArgumentIndices) {
    throw DispatchError(concat(what(), ": the largest index is ", kMaxArgumentIndices - 1));
  }
  std::uint32_t& used = is_threadgroup ? bound.threadgroup_memory : bound.buffers;
  const std::uint32_t bit = 1u << binding.index;
  if (used & bit) throw DispatchError(what() + " is bound twice");
  used |= bit;
  switch (binding.kind) {
    case Binding::Kind::buffer:
      if (!binding.range.buffer || binding.range.length == 0 ||
          !range_fits(binding.range.offset, binding.range.length, binding.range.buffer->length())) {
        check_range(binding.range, what());
      }
      if (writes(binding.access) && binding.range.buffer->is_read_only()) {
        check_writable(binding.range, what());
      }
      break;
    case Binding::Kind::bytes:
      if (binding.constant.empty() || binding.constant.size() > kMaxBindingBytes) {
        throw DispatchError(concat(what(), ": ", binding.constant.size(),
                                   " bytes of constants, 1 to ", kMaxBindingBytes, " are allowed"));
      }
      break;
    case Binding::Kind::threadgroup_memory:
      if (binding.threadgroup_length == 0 ||
          binding.threadgroup_length % kThreadgroupMemoryUnit != 0) {
        throw DispatchError(concat(what(), ": ", binding.threadgroup_length,
                                   " bytes are no positive multiple of ", kThreadgroupMemoryUnit));
      }
      bound.threadgroup_bytes += binding.threadgroup_length;
      break;
  }
}

[[noreturn]] void fail_unbound(const Pipeline& pipeline, const BoundIndices& bound) {
  for (const ReflectedArgument& argument : pipeline.reflection().arguments) {
    if (!argument.is_used || argument.index >= kMaxArgumentIndices) continue;
    const std::uint32_t there =
        argument.kind == ReflectedArgument::Kind::buffer ? bound.buffers : bound.threadgroup_memory;
    if (!(there >> argument.index & 1u)) {
      throw DispatchError(concat(pipeline.name(), ": ", to_string(argument), " is not bound"));
    }
  }
  throw DispatchError(concat(pipeline.name(), ": an argument is not bound"));
}

}  // namespace

void check_dispatch(const Device& device, const Pipeline& pipeline,
                    std::span<const Binding> bindings, const ThreadgroupSize& threadgroup) {
  if (!pipeline) throw DispatchError("the pipeline is empty");
  if (threadgroup.count() > pipeline.max_threads_per_threadgroup()) {
    throw DispatchError(concat("threadgroup of ", threadgroup.count(),
                               " threads, the pipeline allows ",
                               pipeline.max_threads_per_threadgroup()));
  }
  const ThreadgroupSize& most = device.limits().max_threads_per_threadgroup;
  if (threadgroup.x > most.x || threadgroup.y > most.y || threadgroup.z > most.z) {
    throw DispatchError(concat("threadgroup of ", to_string(threadgroup),
                               " threads, the device allows ", to_string(most)));
  }
  BoundIndices bound;
  for (const Binding& binding : bindings) check_binding(pipeline, binding, bound);
  const std::uint64_t memory = bound.threadgroup_bytes + pipeline.static_threadgroup_memory();
  if (memory > device.limits().max_threadgroup_memory) {
    throw DispatchError(concat(pipeline.name(), ": ", memory,
                               " bytes of threadgroup memory, the device allows ",
                               device.limits().max_threadgroup_memory));
  }
  const auto& state = *PipelineState::of(pipeline);
  if ((state.used_buffers & ~bound.buffers) ||
      (state.used_threadgroup_memory & ~bound.threadgroup_memory)) {
    fail_unbound(pipeline, bound);
  }
}

}  // namespace foundry::detail
