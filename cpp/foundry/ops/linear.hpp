// Linear: y = x W^T: Gemv for one token, Gemm for more.
#pragma once

#include <optional>
#include <vector>

#include "foundry/fusion/fused_kernel_builder.hpp"

namespace foundry::ops {

/// As Gemv and Gemm; the number of tokens in x chooses.
struct Linear {
  AnyTensor weights;
  AnyTensor x;
  AnyTensor y;
  std::optional<Stage> prologue;
  std::vector<Stage> epilogues;

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  operator MainStage() const;

 private:
  [[nodiscard]] LentFusedKernel lent() const;
};

}  // namespace foundry::ops
