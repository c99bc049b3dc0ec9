// How kernels that reduce rows share them out: private to ops.
#pragma once

#include <algorithm>

#include "foundry/kernel/dispatch_config.hpp"
#include "foundry/ops/checks.hpp"

namespace foundry::ops {

/// Rows and columns of a tensor, its innermost dimension being a row.
struct RowShape {
  std::uint32_t rows;
  std::uint32_t columns;
};

[[nodiscard]] inline RowShape row_shape(std::string_view op, const AnyTensor& x) {
  static_cast<void>(in_32_bits(op, "the number of elements of x", x.count()));
  const std::uint64_t columns = x.extents().inner();
  return {static_cast<std::uint32_t>(x.count() / columns), static_cast<std::uint32_t>(columns)};
}

struct RowDispatch {
  bool whole_threadgroup;  ///< a threadgroup per row, else a simdgroup; a function constant
  DispatchConfig config;
};

/// A GPU shares long rows out over a threadgroup. Anvil's CPU runs a threadgroup on one thread,
/// where that gains nothing.
[[nodiscard]] inline RowDispatch row_dispatch(const Device& device, const RowShape& shape) {
  constexpr std::uint32_t kLongRow = 1024;  // columns
  constexpr std::uint32_t kColumnsOfSimdgroup = 256;
  constexpr std::uint32_t kRowsOfThreadgroup = 4;
  if (shape.columns >= kLongRow && device.traits().has_gpu_lanes()) {
    const std::uint32_t simdgroups = std::min(kMaxSimdgroups, shape.columns / kColumnsOfSimdgroup);
    return {true, threadgroups_of(simdgroups, shape.rows)};
  }
  return {false, threadgroups_of(kRowsOfThreadgroup,
                                 (shape.rows + kRowsOfThreadgroup - 1) / kRowsOfThreadgroup)};
}

}  // namespace foundry::ops
