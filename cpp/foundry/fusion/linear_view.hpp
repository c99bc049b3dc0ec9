// LinearView: a FusedLinear's parts where they are, so that ops encode without owning a copy.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "foundry/core/inline_vector.hpp"
#include "foundry/fusion/linear.hpp"

namespace foundry {

/// LinearPart by reference. Pointers are null where there is nothing.
struct LinearPartView {
  const AnyTensor* weights = nullptr;
  const AnyTensor* y = nullptr;
  std::span<const Stage> epilogues;
  const AnyTensor* gate = nullptr;
  const Stage* activation = nullptr;
};

/// FusedLinear by reference; what it refers to must outlive it. Encoding allocates nothing.
struct LinearView {
  const std::string* name = nullptr;
  std::string_view label = {};
  const AnyTensor* x = nullptr;
  const Stage* prologue = nullptr;
  InlineVector<LinearPartView, FusedLinear::kMaxParts> parts = {};
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
[[nodiscard]] LinearView one_product(const std::string& name, std::string_view label,
                                     const AnyTensor& x, const std::optional<Stage>& prologue,
                                     const LinearPartView& part,
                                     LinearForm form = LinearForm::automatic);

}  // namespace foundry
