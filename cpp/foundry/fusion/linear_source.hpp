// The MSL of a FusedLinear: private to fusion.
#pragma once

#include <cstdint>

#include "foundry/fusion/linear.hpp"

namespace foundry::detail {

/// Shared with the generated kernel.
struct LinearParams {
  std::uint32_t tokens;
  std::uint32_t columns;
  std::array<std::uint32_t, FusedLinear::kMaxParts> rows;
};

/// What is compiled into a kernel besides its dtypes and stages.
struct LinearPlan {
  LinearForm form = LinearForm::gemv;  // never automatic
  bool narrow = false;                 // weights per lane: Policy::narrow or wide
  std::uint32_t rows_per_simdgroup = 4;
};

/// Rows and tokens of a gemm's threadgroup; shaders/stages/gemm.metal has them too.
inline constexpr std::uint32_t kGemmTokens = 32;
inline constexpr std::uint32_t kGemmSimdgroups = 8;
inline constexpr std::uint32_t kGemmRows = 8;

/// Arguments in the order of the signature: x; the prologue's tensor and scalar; per part weights,
/// gate, epilogues' tensors and scalars, y; LinearParams.
KernelDescription describe_linear(const FusedLinear& kernel, const LinearPlan& plan);

}  // namespace foundry::detail
