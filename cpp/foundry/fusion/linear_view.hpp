// FusedKernelView: a FusedKernel's parts where they are, so that ops encode without owning a copy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundry/core/inline_vector.hpp"
#include "foundry/fusion/linear.hpp"

namespace foundry {

/// Product by reference. Pointers are null where there is nothing.
struct ProductView {
  const AnyTensor* weights = nullptr;
  const AnyTensor* y = nullptr;
  std::span<const Stage> epilogues;
  const AnyTensor* gate = nullptr;
  const Stage* activation = nullptr;
};

/// FusedKernel by reference; what it refers to must outlive it. Encoding allocates nothing.
struct FusedKernelView {
  const std::string* name = nullptr;
  std::string_view label = {};
  const AnyTensor* x = nullptr;
  const Stage* prologue = nullptr;
  InlineVector<ProductView, FusedKernel::kMaxParts> parts = {};
  LinearForm form = LinearForm::automatic;
  std::uint32_t rows_per_simdgroup = 0;
  std::uint32_t simdgroups = 0;
  Scalar<std::uint32_t> start = {};

  void encode(Encoder& encoder) const;
  [[nodiscard]] Traffic traffic() const;
  [[nodiscard]] KernelDescription describe(const Device& device) const;
};

/// A null pointer for an optional that is empty.
[[nodiscard]] inline const Stage* pointer_to(const std::optional<Stage>& stage) noexcept {
  return stage ? &*stage : nullptr;
}

/// Of one product, as Gemv, Gemm, Linear and GatedLinear are.
[[nodiscard]] FusedKernelView one_product(const std::string& name, std::string_view label,
                                          const AnyTensor& x, const std::optional<Stage>& prologue,
                                          const ProductView& part,
                                          LinearForm form = LinearForm::automatic);

}  // namespace foundry
