#include "foundry/device/metal_stream.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <utility>

#include "foundry/core/error.hpp"
#include "foundry/core/fork_guard.hpp"
#include "foundry/core/waiting.hpp"

namespace foundry::detail {

namespace {

std::atomic<int> live_streams{0};

/// What `body` asks of the device. Where Metal would return nil, a software device may throw what
/// it ran out of, which becomes the cause of a DeviceError.
template <class Body>
auto asked_of(const Device& device, const char* what, const Body& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    std::throw_with_nested(DeviceError(concat("'", device.name(), "' ", what)));
  }
}

MTL::Buffer* metal_of(const BufferRange& range) {
  return BufferState::of(*range.buffer).metal.get();
}

}  // namespace

StreamState::StreamState(const Device& device, const StreamOptions& options)
    : device_(device), options_(options) {
  check_not_forked("CommandStream");
  const AutoreleaseScope scope;
  // Metal's own limit of command buffers is for the queue; past it commandBuffer() would block
  // with our lock held, so the queue gets one more than ever are in flight.
  queue_ = NS::TransferPtr(asked_of(device, "made no command queue", [&] {
    return DeviceState::of(device)->metal->newCommandQueue(options.command_buffers_in_flight + 1);
  }));
  if (!queue_) throw DeviceError(concat("'", device.name(), "' made no command queue"));
  live_streams.fetch_add(1);
}

StreamState::~StreamState() {
  live_streams.fetch_sub(1);
}

void StreamState::dispatch(const Pipeline& pipeline, std::span<const Binding> bindings,
                           const GridSize& grid, const ThreadgroupSize& threadgroup) {
  const Uses uses(bindings);
  wait_for_other_streams(uses);
  const auto lock = lock_with_room();
  MTL::ComputeCommandEncoder& encoder = *compute_locked();
  order_locked(uses);
  for (const Binding& binding : bindings) open_->claim(binding.keep);
  const auto& state = PipelineState::of(pipeline);
  open_->run(state);
  if (bound_.is_missing(*state)) {
    encoder.setComputePipelineState(state->metal.get());
    bound_.add(*state);
  }
  for (const Binding& binding : bindings) {
    const auto call = bound_.missing(binding);
    if (!call) continue;
    call->encode(encoder, binding.constant);
    bound_.add(*call);
  }
  DispatchCall(grid, threadgroup).encode(encoder);
  open_->note(uses);
  ++statistics_.dispatches;
  count_locked();
}

void StreamState::order_locked(const Uses& uses) {
  if (replayed_since_barrier_ || conflicts(since_barrier_, uses)) {
    compute_->memoryBarrier(MTL::BarrierScopeBuffers);
    since_barrier_.clear();
    replayed_since_barrier_ = false;
    ++statistics_.barriers;
  }
  record(since_barrier_, uses);
  open_->use(uses);
}

void StreamState::replay(const std::shared_ptr<CommandListState>& list,
                         std::span<const std::byte> constants, CommandStream::Commit commit) {
  wait_for_other_streams(list->footprint);
  const auto lock = lock_with_room();
  MTL::ComputeCommandEncoder& encoder = *compute_locked();
  open_->replay(list);
  if (replayed_since_barrier_ || !since_barrier_.empty()) {
    encoder.memoryBarrier(MTL::BarrierScopeBuffers);
    since_barrier_.clear();
    ++statistics_.barriers;
  }
  for (const CommandListState::Command& command : list->commands) {
    if (command.needs_barrier) encoder.memoryBarrier(MTL::BarrierScopeBuffers);
    if (command.pipeline) encoder.setComputePipelineState(command.pipeline);
    for (const auto& call : std::span(list->binds).subspan(command.first_bind, command.binds)) {
      call.encode(encoder, constants);
    }
    command.dispatch.encode(encoder);
  }
  bound_ = {};
  replayed_since_barrier_ = true;
  statistics_.dispatches += list->commands.size();
  statistics_.barriers += list->barriers;
  if (commit == CommandStream::Commit::automatic) {
    count_locked(static_cast<std::uint32_t>(list->commands.size()));
  }
}

void StreamState::signal(const SharedEventState& event, std::uint64_t value) {
  check_not_forked("signal");
  const auto lock = lock_with_room();
  end_encoder_locked();
  command_buffer_->encodeSignalEvent(event.metal.get(), value);
}

void StreamState::copy(const BufferRange& from, Keepable* keep_from, const BufferRange& to,
                       Keepable* keep_to) {
  const std::array bindings = {Binding::buffer(0, from, Access::read, keep_from),
                               Binding::buffer(1, to, Access::write, keep_to)};
  const Uses uses(bindings);
  wait_for_other_streams(uses);
  const auto lock = lock_with_room();
  MTL::BlitCommandEncoder* encoder = blit_locked();
  for (const Binding& binding : bindings) {
    open_->claim(binding.keep);
    open_->hold(*binding.range.buffer);
  }
  open_->use(uses);
  encoder->copyFromBuffer(metal_of(from), from.offset, metal_of(to), to.offset, to.length);
  open_->note(uses);
  ++statistics_.copies;
  count_locked();
}

void StreamState::fill(const BufferRange& range, std::byte value, Keepable* keep) {
  const std::array bindings = {Binding::buffer(0, range, Access::write, keep)};
  const Uses uses(bindings);
  wait_for_other_streams(uses);
  const auto lock = lock_with_room();
  MTL::BlitCommandEncoder* encoder = blit_locked();
  open_->claim(keep);
  open_->use(uses);
  encoder->fillBuffer(metal_of(range), NS::Range::Make(range.offset, range.length),
                      static_cast<std::uint8_t>(value));
  open_->note(uses);
  ++statistics_.copies;
  count_locked();
}

void StreamState::wait_for_other_streams(const Uses& uses) {
  check_not_forked("dispatch");
  if (live_streams.load(std::memory_order_relaxed) < 2) return;
  for (const Use& use : uses) {
    SubmissionList::all().wait(use.begin, use.end, writes(use.access), this);
  }
}

void StreamState::wait_for_other_streams(const HazardTracker& footprint) {
  check_not_forked("replay");
  if (live_streams.load(std::memory_order_relaxed) < 2) return;
  for (const auto& [begin, end] : footprint.reads()) {
    SubmissionList::all().wait(begin, end, false, this);
  }
  for (const auto& [begin, end] : footprint.writes()) {
    SubmissionList::all().wait(begin, end, true, this);
  }
}

std::unique_lock<std::mutex> StreamState::lock_with_room() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (open_) return lock;
    {
      const std::lock_guard progress(progress_->mutex);
      if (progress_->running.size() < options_.command_buffers_in_flight) {
        open_locked();
        return lock;
      }
    }
    lock.unlock();
    std::unique_lock progress(progress_->mutex);
    wait_until(progress, progress_->changed,
               [this] { return progress_->running.size() < options_.command_buffers_in_flight; });
  }
}

void StreamState::open_locked() {
  const AutoreleaseScope scope;
  command_buffer_ = NS::RetainPtr(
      asked_of(device_, "made no command buffer", [&] { return queue_->commandBuffer(); }));
  if (!command_buffer_) throw DeviceError(concat("'", device_.name(), "' made no command buffer"));
  // Under Progress::mutex: a completion has room to say that it failed.
  progress_->failed.reserve(progress_->failed.size() + progress_->running.size() + 1);
  auto submission = std::make_shared<Submission>(weak_from_this(), progress_);
  SubmissionList::all().add(submission);
  open_ = std::move(submission);  // once waits can find it
  has_handler_ = false;
}

MTL::ComputeCommandEncoder* StreamState::compute_locked() {
  if (!compute_) {
    end_encoder_locked();
    const AutoreleaseScope scope;
    compute_ = NS::RetainPtr(asked_of(device_, "made no compute encoder", [&] {
      return command_buffer_->computeCommandEncoder(MTL::DispatchTypeConcurrent);
    }));
    if (!compute_) throw DeviceError(concat("'", device_.name(), "' made no compute encoder"));
  }
  return compute_.get();
}

MTL::BlitCommandEncoder* StreamState::blit_locked() {
  if (!blit_) {
    end_encoder_locked();
    const AutoreleaseScope scope;
    blit_ = NS::RetainPtr(asked_of(device_, "made no blit encoder",
                                   [&] { return command_buffer_->blitCommandEncoder(); }));
    if (!blit_) throw DeviceError(concat("'", device_.name(), "' made no blit encoder"));
  }
  return blit_.get();
}

void StreamState::end_encoder_locked() {
  if (compute_) compute_->endEncoding();
  if (blit_) blit_->endEncoding();
  compute_.reset();
  blit_.reset();
  bound_ = {};
  // Metal orders encoders by the resources they track: no hazard crosses this point.
  since_barrier_.clear();
  replayed_since_barrier_ = false;
}

void StreamState::count_locked(std::uint32_t commands) {
  commands_ += commands;
  if (commands_ < options_.dispatches_per_command_buffer) return;
  try {
    commit_locked();
  } catch (const std::exception&) {
    // The command is encoded: its caller must not be told otherwise. The next one commits, or a
    // wait.
  }
}

void StreamState::commit_locked() {
  if (!open_) return;
  end_encoder_locked();
  const AutoreleaseScope scope;
  {
    const std::lock_guard lock(progress_->mutex);
    progress_->running.push_back(open_);
  }
  try {
    asked_of(device_, "took no command buffer", [&] {
      if (!has_handler_) {
        command_buffer_->addCompletedHandler(
            [submission = open_](MTL::CommandBuffer* metal) { submission->complete(metal); });
      }
      has_handler_ = true;
      command_buffer_->commit();
    });
  } catch (...) {  // of a software device that is out of memory: still open, nothing is lost
    const std::lock_guard lock(progress_->mutex);
    std::erase(progress_->running, open_);
    throw;
  }
  command_buffer_.reset();
  open_.reset();
  commands_ = 0;
  ++statistics_.command_buffers;
}

void StreamState::abandon_locked(const char* reason) noexcept {
  open_->abandon(reason);
  command_buffer_.reset();
  open_.reset();
  commands_ = 0;
}

void StreamState::flush() {
  check_not_forked("flush");
  const std::lock_guard lock(mutex_);
  commit_locked();
}

void StreamState::flush(const Submission* submission) {
  check_not_forked("flush");
  const std::lock_guard lock(mutex_);
  if (open_.get() == submission) commit_locked();
}

void StreamState::synchronize() {
  flush();
  {
    std::unique_lock lock(progress_->mutex);
    const auto running = progress_->running;
    wait_until(lock, progress_->changed, [&] {
      return std::all_of(running.begin(), running.end(),
                         [](const auto& submission) { return submission->is_done_locked(); });
    });
  }
  throw_failures();
}

void StreamState::throw_failures() {
  constexpr std::size_t kMost = 4;
  const std::lock_guard lock(progress_->mutex);
  auto& failed = progress_->failed;
  if (failed.empty()) return;
  std::string text = *failed.front();
  for (std::size_t i = 1; i < std::min(failed.size(), kMost); ++i) {
    text += concat("\nthen ", *failed[i]);
  }
  if (failed.size() > kMost) text += concat("\nthen ", failed.size() - kMost, " more");
  failed.clear();
  throw DeviceError(text);
}

void StreamState::finish() noexcept {
  if (is_forked()) return;  // the parent's threads, which would complete the work, are not here
  {
    const std::lock_guard lock(mutex_);
    try {
      commit_locked();
    } catch (const std::exception& error) {
      abandon_locked(error.what());
    }
  }
  if (is_work_abandoned()) return;
  std::unique_lock lock(progress_->mutex);
  progress_->changed.wait(lock, [this] { return progress_->running.empty(); });
}

StreamStatistics StreamState::statistics() const {
  StreamStatistics statistics;
  {
    const std::lock_guard lock(mutex_);
    statistics = statistics_;
  }
  const std::lock_guard lock(progress_->mutex);
  statistics.in_flight = progress_->running.size();
  return statistics;
}

}  // namespace foundry::detail
