// GatedLinear: y = activation(x G^T) * (x U^T), the input half of a gated MLP, in one kernel.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"
#include "foundry/ops/epilogues.hpp"

namespace foundry::ops {

/// gate, up: (rows, columns), any dtypes with policies; x: (columns,) or (tokens, columns); y:
/// (rows,) or (tokens, rows). With Silu this is SwiGLU (Shazeer 2020), with Gelu GeGLU.
struct GatedLinear {
  AnyTensor gate;
  AnyTensor up;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  Stage activation = Silu();
  std::vector<Stage> epilogues;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
