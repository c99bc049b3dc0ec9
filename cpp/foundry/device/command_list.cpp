#include "foundry/device/command_list.hpp"

#include <algorithm>

#include "foundry/device/dispatch_check.hpp"
#include "foundry/device/metal_command_list.hpp"

namespace foundry {

namespace {

using State = detail::CommandListState;
using Bind = State::Bind;

/// Appends what `binding` needs on top of what is bound; of constants always, they may change.
void append_bind(State& list, const Binding& binding) {
  const std::uint32_t index = binding.index;
  Bind bind;
  bind.index = index;
  switch (binding.kind) {
    case Binding::Kind::buffer: {
      const auto& buffer = detail::BufferState::of(*binding.range.buffer);
      bind.buffer = buffer.metal.get();
      bind.at = binding.range.offset;
      const bool is_bound = list.bound_buffers[index] == bind.buffer;
      if (is_bound && list.bound_offsets[index] == bind.at) return;
      bind.kind = is_bound ? Bind::Kind::offset : Bind::Kind::buffer;
      list.bound_buffers[index] = bind.buffer;
      list.bound_offsets[index] = bind.at;
      break;
    }
    case Binding::Kind::bytes:
      bind.kind = Bind::Kind::bytes;
      bind.at = list.constants.size();
      bind.length = binding.constant.size();
      list.bound_buffers[index] = nullptr;
      list.constants.insert(list.constants.end(), binding.constant.begin(), binding.constant.end());
      list.constants.resize((list.constants.size() + CommandList::kConstantAlignment - 1) /
                            CommandList::kConstantAlignment * CommandList::kConstantAlignment);
      break;
    case Binding::Kind::threadgroup_memory:
      if (list.bound_lengths[index] == binding.threadgroup_length) return;
      bind.kind = Bind::Kind::threadgroup_memory;
      bind.length = list.bound_lengths[index] = binding.threadgroup_length;
      break;
  }
  list.binds.push_back(bind);
}

/// Records the dispatch's uses; whether it must wait for dispatches of the list before it.
bool append_uses(State& list, std::span<const Binding> bindings) {
  const auto each = [&](const auto& use) {
    for (const Binding& binding : bindings) {
      if (binding.kind != Binding::Kind::buffer || binding.range.buffer->is_read_only()) continue;
      const std::uint64_t begin = binding.range.buffer->hazard_address() + binding.range.offset;
      use(begin, begin + binding.range.length, binding.access);
    }
  };
  bool is_hazard = false;
  each([&](auto begin, auto end, Access access) {
    is_hazard =
        is_hazard || list.since_barrier.conflicts(begin, end, reads(access), writes(access));
  });
  if (is_hazard) list.since_barrier.clear();
  list.log.make_room(bindings.size());
  list.log.begin_command();
  each([&](auto begin, auto end, Access access) {
    list.since_barrier.record(begin, end, reads(access), writes(access));
    list.footprint.record(begin, end, reads(access), writes(access));
    list.log.note(begin, end, access, nullptr);  // the list holds them all
  });
  return is_hazard;
}

}  // namespace

CommandList::CommandList(const Device& device) : state_(std::make_shared<State>(device)) {}

void CommandList::dispatch(const Pipeline& pipeline, std::span<const Binding> bindings,
                           const GridSize& grid, const ThreadgroupSize& threadgroup) {
  State& list = *state_;
  detail::check_dispatch(list.device, pipeline, bindings, threadgroup);
  State::Command command;
  command.first_bind = static_cast<std::uint32_t>(list.binds.size());
  command.unit = grid.unit;
  command.grid = MTL::Size::Make(grid.x, grid.y, grid.z);
  command.threadgroup = MTL::Size::Make(threadgroup.x, threadgroup.y, threadgroup.z);
  const auto& state = detail::PipelineState::of(pipeline);
  if (list.bound_pipeline != state.get()) {
    command.pipeline = state->metal.get();
    list.bound_pipeline = state.get();
    if (std::find(list.pipelines.begin(), list.pipelines.end(), state) == list.pipelines.end()) {
      list.pipelines.push_back(state);
    }
  }
  for (const Binding& binding : bindings) {
    append_bind(list, binding);
    if (binding.kind != Binding::Kind::buffer) continue;
    auto buffer = detail::BufferState::share(*binding.range.buffer);
    const std::shared_ptr<const void> owner = std::move(buffer);
    if (std::find(list.held.begin(), list.held.end(), owner) == list.held.end()) {
      list.held.push_back(owner);
    }
  }
  command.binds = static_cast<std::uint32_t>(list.binds.size()) - command.first_bind;
  command.needs_barrier = append_uses(list, bindings);
  list.barriers += command.needs_barrier;
  list.commands.push_back(command);
}

void CommandList::hold(std::shared_ptr<const void> owner) {
  state_->held.push_back(std::move(owner));
}

std::size_t CommandList::size() const noexcept {
  return state_->commands.size();
}

std::size_t CommandList::barriers() const noexcept {
  return state_->barriers;
}

std::span<const std::byte> CommandList::constants() const noexcept {
  return state_->constants;
}

}  // namespace foundry
