// DispatchConfig: the grid and the threadgroup that a kernel asks for.
#pragma once

#include <algorithm>
#include <cstdint>

#include "foundry/device/dispatch_size.hpp"
#include "foundry/device/limits.hpp"

namespace foundry {

struct DispatchConfig {
  GridSize grid;
  ThreadgroupSize threadgroup;
};

/// One thread per element, in threadgroups of up to 256. Throws DispatchError for no elements and
/// for 2^32 or more of them.
[[nodiscard]] inline DispatchConfig per_element(std::uint64_t elements) {
  const std::uint64_t whole = (elements + kSimdWidth - 1) / kSimdWidth * kSimdWidth;
  return {GridSize::d1(elements), ThreadgroupSize::d1(std::min<std::uint64_t>(256, whole))};
}

/// Whole threadgroups of up to 256 threads along x, one row of the grid each, that cover the
/// elements. The kernel tests its bounds: whole simdgroups need no second variant of its code on
/// Anvil.
[[nodiscard]] inline DispatchConfig covering(std::uint64_t x, std::uint64_t y = 1,
                                             std::uint64_t z = 1) {
  const std::uint64_t whole = (x + kSimdWidth - 1) / kSimdWidth * kSimdWidth;
  const std::uint64_t width = std::min<std::uint64_t>(256, whole);
  return {GridSize::threadgroups(width == 0 ? 0 : (x + width - 1) / width, y, z),
          ThreadgroupSize::d1(width)};
}

/// Whole threadgroups of `simdgroups` simdgroups each.
[[nodiscard]] inline DispatchConfig threadgroups_of(std::uint64_t simdgroups, std::uint64_t x,
                                                    std::uint64_t y = 1, std::uint64_t z = 1) {
  return {GridSize::threadgroups(x, y, z), ThreadgroupSize::d1(simdgroups * kSimdWidth)};
}

}  // namespace foundry
