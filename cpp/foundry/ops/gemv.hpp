// Gemv: y = W x for one token, with fused prologue and epilogues.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"

namespace foundry::ops {

/// weights: (rows, columns), any dtype with a policy; x: (columns,) or (1, columns); y: (rows,) or
/// (1, rows); x and y of plain float types. Accumulates in f32. ShapeError, DTypeError as
/// FusedKernel.
struct Gemv {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;
  std::uint32_t rows_per_simdgroup = 0;  ///< 1 to 8; 0: chosen for the device
  std::uint32_t simdgroups = 0;          ///< of a threadgroup, 1 to 32; 0: chosen

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
