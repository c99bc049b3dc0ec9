// How elementwise kernels share out their elements: private to ops.
#pragma once

#include <string>

#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/ops/checks.hpp"

namespace foundry::ops {

/// Elements of a simdgroup: shaders/lib/elementwise.metal has kElementRun of 32 lanes each.
inline constexpr std::uint64_t kSimdgroupElements = 8 * kSimdWidth;

/// For kernels that walk `count` elements with for_elements.
[[nodiscard]] inline DispatchConfig element_runs(std::uint64_t count) {
  constexpr std::uint64_t kSimdgroupsOfThreadgroup = 8;
  const std::uint64_t simdgroups = (count + kSimdgroupElements - 1) / kSimdgroupElements;
  const std::uint64_t of_threadgroup = std::min(kSimdgroupsOfThreadgroup, simdgroups);
  return threadgroups_of(of_threadgroup, (simdgroups + of_threadgroup - 1) / of_threadgroup);
}

[[nodiscard]] inline bool is_float(DType dtype) {
  return info(dtype).is_float;
}

}  // namespace foundry::ops
