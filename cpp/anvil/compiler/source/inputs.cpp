#include "anvil/compiler/source/inputs.hpp"

#include <algorithm>

namespace anvil::compiler {
namespace {

constexpr KernelInput kInputs[] = {
    {"thread_position_in_grid", "position_in_grid", true},
    {"threads_per_grid", "grid", true},
    {"grid_size", "grid", true},
    {"grid_origin", "origin", true},
    {"threadgroup_position_in_grid", "threadgroup_position", true},
    {"threadgroups_per_grid", "threadgroups", true},
    {"thread_position_in_threadgroup", "position_in_threadgroup", true},
    {"threads_per_threadgroup", "threads", true},
    {"dispatch_threads_per_threadgroup", "dispatch_threads", true},
    {"thread_index_in_threadgroup", "index_in_threadgroup", false},
    {"thread_index_in_simdgroup", "index_in_simdgroup", false},
    {"thread_index_in_quadgroup", "index_in_quadgroup", false},
    {"simdgroup_index_in_threadgroup", "simdgroup_index", false},
    {"quadgroup_index_in_threadgroup", "quadgroup_index", false},
    {"simdgroups_per_threadgroup", "simdgroups", false},
    {"quadgroups_per_threadgroup", "quadgroups", false},
    {"dispatch_simdgroups_per_threadgroup", "dispatch_simdgroups", false},
    {"dispatch_quadgroups_per_threadgroup", "dispatch_quadgroups", false},
    {"threads_per_simdgroup", "width", false},
    {"thread_execution_width", "width", false},
};

}  // namespace

const KernelInput* find_kernel_input(std::string_view attribute) {
  const auto* found = std::find_if(std::begin(kInputs), std::end(kInputs),
                                   [&](const auto& input) { return input.attribute == attribute; });
  return found == std::end(kInputs) ? nullptr : found;
}

}  // namespace anvil::compiler
