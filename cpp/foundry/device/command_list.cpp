#include "foundry/device/command_list.hpp"

#include <algorithm>

#include "foundry/device/dispatch_check.hpp"
#include "foundry/device/metal_command_list.hpp"

namespace foundry {

namespace {

using State = detail::CommandListState;

constexpr std::size_t aligned(std::size_t bytes) {
  constexpr std::size_t kAlignment = CommandList::kConstantAlignment;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

void append_bind(State& list, const Binding& binding) {
  const auto call = list.bound.missing(binding, list.constants.size());
  if (!call) return;
  list.binds.push_back(*call);
  list.constants.insert(list.constants.end(), binding.constant.begin(), binding.constant.end());
  list.constants.resize(aligned(list.constants.size()));
  list.bound.add(*call);
}

/// Records the dispatch's uses; whether it must wait for dispatches of the list before it.
bool append_uses(State& list, std::span<const Binding> bindings) {
  detail::Uses uses(bindings);
  for (detail::Use& use : uses) use.keep = nullptr;  // the list holds them all
  list.log.make_room(uses.size());
  const bool is_hazard = conflicts(list.since_barrier, uses);
  if (is_hazard) list.since_barrier.clear();
  record(list.since_barrier, uses);
  record(list.footprint, uses);
  list.log.note(uses);
  return is_hazard;
}

template <class T>
void append_once(std::vector<T>& vector, const T& value) {
  if (std::find(vector.begin(), vector.end(), value) == vector.end()) vector.push_back(value);
}

}  // namespace

CommandList::CommandList(const Device& device) : state_(std::make_shared<State>(device)) {}

void CommandList::dispatch(const Pipeline& pipeline, std::span<const Binding> bindings,
                           const GridSize& grid, const ThreadgroupSize& threadgroup) {
  State& list = *state_;
  detail::check_dispatch(list.device, pipeline, bindings, threadgroup);
  State::Command command{.dispatch{grid, threadgroup}};
  command.first_bind = static_cast<std::uint32_t>(list.binds.size());
  const auto& state = detail::PipelineState::of(pipeline);
  if (list.bound.is_missing(*state)) {
    append_once(list.pipelines, state);
    command.pipeline = state->metal.get();
    list.bound.add(*state);
  }
  for (const Binding& binding : bindings) {
    append_bind(list, binding);
    if (binding.kind == Binding::Kind::buffer) {
      append_once(list.held, detail::BufferState::share(*binding.range.buffer));
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
