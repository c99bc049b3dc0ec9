// StreamState: the encoding side of a CommandStream, over one Metal command queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "foundry/device/command_stream.hpp"
#include "foundry/device/interval_set.hpp"
#include "foundry/device/metal_bindings.hpp"
#include "foundry/device/metal_command_list.hpp"
#include "foundry/device/metal_shared_event.hpp"
#include "foundry/device/metal_state.hpp"
#include "foundry/device/metal_submission.hpp"

namespace foundry::detail {

/// Functions ending in _locked need mutex_. Nothing waits while it is held.
class StreamState : public std::enable_shared_from_this<StreamState> {
 public:
  StreamState(const Device& device, const StreamOptions& options);
  ~StreamState();

  const Device& device() const noexcept { return device_; }
  void dispatch(const Pipeline& pipeline, std::span<const Binding> bindings, const GridSize& grid,
                const ThreadgroupSize& threadgroup);
  void replay(const std::shared_ptr<CommandListState>& list, std::span<const std::byte> constants,
              CommandStream::Commit commit);
  void signal(const SharedEventState& event, std::uint64_t value);
  /// Holds both buffers, whatever the claims, so that a staging buffer can be let go of at once.
  void copy(const BufferRange& from, Keepable* keep_from, const BufferRange& to, Keepable* keep_to);
  void fill(const BufferRange& range, std::byte value, Keepable* keep);

  void flush();
  /// Commits if `submission` is the one being encoded.
  void flush(const Submission* submission);
  void synchronize();
  void throw_failures();
  /// Commits and waits without hooks or errors: for the destructor of the last handle.
  void finish() noexcept;
  StreamStatistics statistics() const;

 private:
  void wait_for_other_streams(const Uses& uses);
  void wait_for_other_streams(const HazardTracker& footprint);
  std::unique_lock<std::mutex> lock_with_room();
  void open_locked();
  MTL::ComputeCommandEncoder* compute_locked();
  MTL::BlitCommandEncoder* blit_locked();
  void end_encoder_locked();
  void order_locked(const Uses& uses);
  void count_locked(std::uint32_t commands = 1);
  void commit_locked();
  /// Gives up what is encoded: it counts as failed.
  void abandon_locked(const char* reason) noexcept;

  const Device device_;
  const StreamOptions options_;
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
  mutable std::mutex mutex_;
  NS::SharedPtr<MTL::CommandQueue> queue_;
  std::shared_ptr<Submission> open_;  // null: no command buffer is being encoded
  NS::SharedPtr<MTL::CommandBuffer> command_buffer_;
  NS::SharedPtr<MTL::ComputeCommandEncoder> compute_;
  NS::SharedPtr<MTL::BlitCommandEncoder> blit_;
  Bound bound_;  // in compute_
  HazardTracker since_barrier_;
  bool replayed_since_barrier_ = false;  // a list's uses are not in since_barrier_
  std::uint32_t commands_ = 0;           // in the open command buffer
  bool has_handler_ = false;             // of the open command buffer's completion
  StreamStatistics statistics_;
};

}  // namespace foundry::detail
