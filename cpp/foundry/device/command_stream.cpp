#include "foundry/device/command_stream.hpp"

#include <algorithm>
#include <cstring>

#include "foundry/core/error.hpp"
#include "foundry/device/dispatch_check.hpp"
#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/metal_command_list.hpp"
#include "foundry/device/metal_shared_event.hpp"
#include "foundry/device/metal_stream.hpp"

namespace foundry {

using detail::check_range;
using detail::check_writable;

namespace {

constexpr std::uint64_t kStaging = 8u << 20;  // bytes copied through one staging buffer

void wait_until_unused(const BufferRange& range) {
  const std::uint64_t begin = range.buffer->hazard_address() + range.offset;
  detail::SubmissionList::all().wait(begin, begin + range.length, true);
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
  detail::check_dispatch(state_->device(), pipeline, bindings, threadgroup);
  state_->dispatch(pipeline, bindings, grid, threadgroup);
}

void CommandStream::replay(const CommandList& list, std::span<const std::byte> constants,
                           Commit commit) {
  const auto& commands = detail::CommandListState::of(list);
  if (constants.size() != commands->constants.size()) {
    throw DispatchError(concat("replay: ", constants.size(), " bytes of constants, the list has ",
                               commands->constants.size()));
  }
  state_->replay(commands, constants, commit);
}

void CommandStream::signal(const SharedEvent& event, std::uint64_t value) {
  state_->signal(*detail::SharedEventState::of(event), value);
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
    wait_until_unused(to);
    const auto target = to.buffer->host().mutable_bytes(to.offset, to.length);
    std::memcpy(target.data(), from.data(), from.size());
    forget_failures(to);
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
    static_cast<void>(from.buffer->host());  // still there: what was copied are its bytes
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

void CommandStream::throw_failures() {
  state_->throw_failures();
}

StreamStatistics CommandStream::statistics() const {
  return state_->statistics();
}

void wait_for_writes(const BufferRange& range) {
  if (!range.buffer || range.buffer->is_read_only()) return;
  const std::uint64_t begin = range.buffer->hazard_address() + range.offset;
  detail::SubmissionList::all().wait(begin, begin + range.length, false);
  throw_failure(range);
}

void wait_for_uses(const BufferRange& range) {
  if (!range.buffer) return;
  wait_until_unused(range);
  throw_failure(range);
}

std::string to_string(const CommandStream& stream) {
  const StreamStatistics s = stream.statistics();
  return concat("stream on '", stream.device().name(), "': ", s.dispatches, " dispatches, ",
                s.barriers, " barriers, ", s.command_buffers, " command buffers, ", s.in_flight,
                " in flight");
}

}  // namespace foundry
