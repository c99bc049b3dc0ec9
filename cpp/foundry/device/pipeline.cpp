#include "foundry/device/pipeline.hpp"

#include "foundry/core/concat.hpp"
#include "foundry/device/metal_state.hpp"

namespace foundry {

const std::string& Pipeline::name() const noexcept {
  return state_->reflection.function;
}

std::uint32_t Pipeline::max_threads_per_threadgroup() const noexcept {
  return state_->max_threads;
}

std::uint32_t Pipeline::thread_execution_width() const noexcept {
  return state_->width;
}

std::uint64_t Pipeline::static_threadgroup_memory() const noexcept {
  return state_->static_threadgroup_memory;
}

const Reflection& Pipeline::reflection() const noexcept {
  return state_->reflection;
}

bool Pipeline::is_of(const Device& device) const noexcept {
  return state_->metal->device() == detail::DeviceState::of(device)->metal.get();
}

std::string to_string(const Pipeline& pipeline) {
  if (!pipeline) return "empty pipeline";
  return concat("pipeline '", pipeline.name(), "' (", pipeline.reflection().arguments.size(),
                " arguments, up to ", pipeline.max_threads_per_threadgroup(),
                " threads a threadgroup)");
}

}  // namespace foundry
