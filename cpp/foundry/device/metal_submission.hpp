// Submission: one command buffer from its first dispatch to its completion, and the list of all.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundry/core/keep_alive.hpp"
#include "foundry/core/spin_lock.hpp"
#include "foundry/device/failed_ranges.hpp"
#include "foundry/device/interval_set.hpp"
#include "foundry/device/metal_command_list.hpp"
#include "foundry/device/metal_state.hpp"
#include "foundry/device/use_log.hpp"

namespace foundry::detail {

class StreamState;
class Submission;

/// What waits on a stream's submissions: one lock and one condition for all of them.
struct Progress {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Submission>> running;  // committed, not complete
  std::vector<Failure> failed;                       // in order, not yet reported by synchronize()
};

/// Encoding fills it under its stream's lock; commit hands it to the device; complete() runs on
/// Metal's thread, of one queue's in the order of their commits. touches() may be asked at any
/// time.
class Submission : public std::enable_shared_from_this<Submission> {
 public:
  Submission(std::weak_ptr<StreamState> stream, std::shared_ptr<Progress> progress);

  std::uint64_t number() const noexcept { return number_; }
  bool belongs_to(const StreamState& stream) const noexcept { return stream_id_ == &stream; }

  // While encoding.
  /// Before a command is encoded: from here on waits find it.
  void use(const Uses& uses);
  /// Once it is encoded.
  void note(const Uses& uses) noexcept { log_.note(uses); }
  void claim(Keepable* target);
  void run(const std::shared_ptr<const PipelineState>& pipeline);
  /// Everything that the list uses and holds, once for all its replays.
  void replay(const std::shared_ptr<CommandListState>& list);
  void hold(const Buffer& buffer) { held_.push_back(BufferState::share(buffer)); }

  /// From any thread: whether it writes (or, with `reads_too`, touches) bytes of the range.
  bool touches(std::uint64_t begin, std::uint64_t end, bool reads_too) const noexcept;
  /// On Metal's thread: what it was to write has failed or is whole; then drops every claim, then
  /// becomes done, then wakes waiters.
  void complete(MTL::CommandBuffer* metal) noexcept;
  /// The same where the device never takes it.
  void abandon(const char* reason) noexcept;
  /// Commits it if it is still being encoded, and waits.
  void wait();
  bool is_done_locked() const noexcept { return is_done_; }  // under Progress::mutex

 private:
  std::string kernels() const;
  Failure failure_of(const MTL::CommandBuffer* metal) const noexcept;
  Failure failure_of(const char* reason) const noexcept;
  void finish(const Failure& failure) noexcept;

  const std::uint64_t number_;
  const std::weak_ptr<StreamState> stream_;
  const void* stream_id_;
  const std::shared_ptr<Progress> progress_;
  mutable SpinLock uses_lock_;
  HazardTracker uses_;
  UseLog log_;
  std::vector<std::shared_ptr<CommandListState>> lists_;  // distinct; guarded by uses_lock_
  std::vector<KeepAlive> claims_;
  std::vector<std::shared_ptr<const PipelineState>> pipelines_;  // consecutive ones differ
  std::vector<std::shared_ptr<const void>> held_;
  bool is_done_ = false;
};

/// Every submission of the process that is open or running.
class SubmissionList {
 public:
  static SubmissionList& all();

  void add(std::shared_ptr<Submission> submission);
  void remove(const Submission& submission) noexcept;
  /// Waits for those that touch the range; `except`'s own are left out.
  void wait(std::uint64_t begin, std::uint64_t end, bool reads_too,
            const StreamState* except = nullptr);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Submission>> submissions_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace foundry::detail
