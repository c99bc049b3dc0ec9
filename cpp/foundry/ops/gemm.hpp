// Gemm: y = x W^T for many tokens, with fused prologue and epilogues.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"

namespace foundry::ops {

/// weights: (rows, columns), any dtype with a policy; x: (tokens, columns); y: (tokens, rows); x
/// and y of plain float types. Accumulates in f32.
struct Gemm {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;
  LinearForm form = LinearForm::gemm;  ///< or gemm_lanes, gemm_matrices: the device chooses well

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
