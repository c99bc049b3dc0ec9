// CommandListState: a CommandList's dispatches as Metal takes them. Included by device/*.cpp only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foundry/device/command_list.hpp"
#include "foundry/device/interval_set.hpp"
#include "foundry/device/metal_bindings.hpp"
#include "foundry/device/metal_state.hpp"
#include "foundry/device/use_log.hpp"

namespace foundry::detail {

/// Immutable once it is replayed.
struct CommandListState {
  struct Command {
    MTL::ComputePipelineState* pipeline = nullptr;  // null: that of the dispatch before
    std::uint32_t first_bind = 0;
    std::uint32_t binds = 0;
    bool needs_barrier = false;
    DispatchCall dispatch;
  };

  explicit CommandListState(const Device& d) : device(d) {}
  static const std::shared_ptr<CommandListState>& of(const CommandList& list) {
    return list.state_;
  }

  const Device device;
  std::vector<Command> commands;
  std::vector<BindCall> binds;
  std::vector<std::byte> constants;
  std::size_t barriers = 0;
  HazardTracker footprint;  // every byte that the list reads or writes
  UseLog log;               // the same by dispatch
  std::vector<std::shared_ptr<const PipelineState>> pipelines;  // distinct, in order of first use
  std::vector<std::shared_ptr<const void>> held;

  // While building: what the last dispatch left bound, and the uses since the last barrier.
  Bound bound;
  HazardTracker since_barrier;
};

}  // namespace foundry::detail
