#include "foundry/device/command_stream.hpp"

#include <algorithm>
#include <cstring>

#include "foundry/core/checked.hpp"
#include "foundry/core/error.hpp"
#include "foundry/device/metal_stream.hpp"

namespace foundry {

namespace {

constexpr std::uint32_t kMaxIndex = 30;       // Metal feature set tables: 31 buffers a kernel
constexpr std::size_t kMaxBytes = 4096;       // setBytes:length:atIndex:'s limit
constexpr std::uint64_t kStaging = 8u << 20;  // bytes copied through one staging buffer

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

/// Indices bound so far, by kind.
struct Bound {
  std::uint32_t buffers = 0, threadgroup_memory = 0;
  std::uint64_t threadgroup_bytes = 0;
};

/// The message's subject is built only when there is one: dispatch is a hot path.
void check_binding(const Pipeline& pipeline, const Binding& binding, Bound& bound) {
  const bool is_threadgroup = binding.kind == Binding::Kind::threadgroup_memory;
  const auto what = [&] {
    return concat(pipeline.name(), ": ", is_threadgroup ? "threadgroup " : "buffer ",
                  binding.index);
  };
  if (binding.index > kMaxIndex) {
    throw DispatchError(concat(what(), ": the largest index is ", kMaxIndex));
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
      if (binding.constant.empty() || binding.constant.size() > kMaxBytes) {
        throw DispatchError(concat(what(), ": ", binding.constant.size(),
                                   " bytes of constants, 1 to ", kMaxBytes, " are allowed"));
      }
      break;
    case Binding::Kind::threadgroup_memory:
      if (binding.threadgroup_length == 0 || binding.threadgroup_length % 16 != 0) {
        throw DispatchError(concat(what(), ": ", binding.threadgroup_length,
                                   " bytes are no positive multiple of 16"));
      }
      bound.threadgroup_bytes += binding.threadgroup_length;
      break;
  }
}

[[noreturn]] void fail_unbound(const Pipeline& pipeline, const Bound& bound) {
  for (const ReflectedArgument& argument : pipeline.reflection().arguments) {
    if (!argument.is_used || argument.index > kMaxIndex) continue;
    const std::uint32_t there =
        argument.kind == ReflectedArgument::Kind::buffer ? bound.buffers : bound.threadgroup_memory;
    if (!(there >> argument.index & 1u)) {
      throw DispatchError(concat(pipeline.name(), ": ", to_string(argument), " is not bound"));
    }
  }
  throw DispatchError(concat(pipeline.name(), ": an argument is not bound"));
}

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
  Bound bound;
  for (const Binding& binding : bindings) check_binding(pipeline, binding, bound);
  const std::uint64_t memory = bound.threadgroup_bytes + pipeline.static_threadgroup_memory();
  if (memory > device.limits().max_threadgroup_memory) {
    throw DispatchError(concat(pipeline.name(), ": ", memory,
                               " bytes of threadgroup memory, the device allows ",
                               device.limits().max_threadgroup_memory));
  }
  const auto& state = *detail::PipelineState::of(pipeline);
  if ((state.used_buffers & ~bound.buffers) ||
      (state.used_threadgroup_memory & ~bound.threadgroup_memory)) {
    fail_unbound(pipeline, bound);
  }
}

}  // namespace

CommandStream::CommandStream(const Device& device, const StreamOptions& options) {
  if (options.dispatches_per_command_buffer == 0 || options.command_buffers_in_flight == 0) {
    throw ArgumentError(concat("stream options: ", options.dispatches_per_command_buffer,
                               " dispatches per command buffer and ",
                               options.command_buffers_in_flight,
                               " command buffers in flight; each must be at least 1"));
  }
  state_ = std::make_shared<detail::StreamState>(device, options);
}

CommandStream::~CommandStream() {
  if (state_) state_->finish();
}

CommandStream::CommandStream(CommandStream&&) noexcept = default;

CommandStream& CommandStream::operator=(CommandStream&& other) noexcept {
  if (this != &other) {
    if (state_) state_->finish();
    state_ = std::move(other.state_);
  }
  return *this;
}

const Device& CommandStream::device() const noexcept {
  return state_->device();
}

void CommandStream::dispatch(const Pipeline& pipeline, std::span<const Binding> bindings,
                             const GridSize& grid, const ThreadgroupSize& threadgroup) {
  check_dispatch(state_->device(), pipeline, bindings, threadgroup);
  state_->dispatch(pipeline, bindings, grid, threadgroup);
}

void CommandStream::copy(const BufferRange& from, Keepable* keep_from, const BufferRange& to,
                         Keepable* keep_to) {
  check_range(from, "copy: source");
  check_range(to, "copy: destination");
  check_writable(to, "copy: destination");
  if (from.length != to.length) {
    throw DispatchError(
        concat("copy: source has ", from.length, " bytes, destination ", to.length));
  }
  const std::uint64_t begin = from.buffer->hazard_address() + from.offset;
  const std::uint64_t target = to.buffer->hazard_address() + to.offset;
  if (begin < target + to.length && target < begin + from.length) {
    throw DispatchError(concat("copy: source [", from.offset, ", ", from.offset + from.length,
                               ") and destination [", to.offset, ", ", to.offset + to.length,
                               ") overlap"));
  }
  state_->copy(from, keep_from, to, keep_to);
}

void CommandStream::fill(const BufferRange& range, std::byte value, Keepable* keep) {
  check_range(range, "fill");
  check_writable(range, "fill");
  state_->fill(range, value, keep);
}

void CommandStream::upload(std::span<const std::byte> from, const BufferRange& to, Keepable* keep) {
  check_range(to, "upload");
  check_writable(to, "upload");
  if (from.size() != to.length) {
    throw DispatchError(concat("upload: ", from.size(), " bytes for a range of ", to.length));
  }
  if (is_host_visible(to.buffer->mode())) {
    wait_for_uses(to);
    const auto target = to.buffer->host().mutable_bytes(to.offset, to.length);
    std::memcpy(target.data(), from.data(), from.size());
    return;
  }
  for (std::uint64_t done = 0; done < to.length; done += kStaging) {
    const std::uint64_t length = std::min(kStaging, to.length - done);
    const Buffer staging = device().make_buffer(length, StorageMode::shared, "staging");
    std::memcpy(staging.host().mutable_bytes(0, length).data(), from.subspan(done, length).data(),
                length);
    state_->copy({&staging, 0, length}, nullptr, {to.buffer, to.offset + done, length}, keep);
    // The staging buffers of a large upload are bounded by the cap of work in flight.
    if (to.length > kStaging) flush();
  }
}

void CommandStream::download(const BufferRange& from, std::span<std::byte> to, Keepable* keep) {
  check_range(from, "download");
  if (to.size() != from.length) {
    throw DispatchError(concat("download: a range of ", from.length, " bytes into ", to.size()));
  }
  if (is_host_visible(from.buffer->mode())) {
    wait_for_writes(from);
    std::memcpy(to.data(), from.buffer->host().bytes(from.offset, from.length).data(), to.size());
    return;
  }
  for (std::uint64_t done = 0; done < from.length; done += kStaging) {
    const std::uint64_t length = std::min(kStaging, from.length - done);
    const Buffer staging = device().make_buffer(length, StorageMode::shared, "staging");
    const BufferRange target{&staging, 0, length};
    state_->copy({from.buffer, from.offset + done, length}, keep, target, nullptr);
    wait_for_writes(target);
    std::memcpy(to.subspan(done, length).data(), staging.host().bytes(0, length).data(), length);
  }
}

void CommandStream::flush() {
  state_->flush();
}

void CommandStream::synchronize() {
  state_->synchronize();
}

StreamStatistics CommandStream::statistics() const {
  return state_->statistics();
}

void wait_for_writes(const BufferRange& range) {
  if (!range.buffer || range.buffer->is_read_only()) return;
  const std::uint64_t begin = range.buffer->hazard_address() + range.offset;
  detail::SubmissionList::all().wait(begin, begin + range.length, false);
}

void wait_for_uses(const BufferRange& range) {
  if (!range.buffer) return;
  const std::uint64_t begin = range.buffer->hazard_address() + range.offset;
  detail::SubmissionList::all().wait(begin, begin + range.length, true);
}

std::string to_string(const CommandStream& stream) {
  const StreamStatistics s = stream.statistics();
  return concat("stream on '", stream.device().name(), "': ", s.dispatches, " dispatches, ",
                s.barriers, " barriers, ", s.command_buffers, " command buffers, ", s.in_flight,
                " in flight");
}

}  // namespace foundry
