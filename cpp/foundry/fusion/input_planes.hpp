// PlanesRecipe: the kernel that makes an input ready for products on matrix units: private to
// fusion. shaders/lib/input_planes.metal says how it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "foundry/fusion/stage_source.hpp"

namespace foundry::detail {

/// Shared with the generated kernel.
struct PlanesParams {
  std::uint32_t tokens;
  std::uint32_t columns;
};

/// Arguments in the order of the signature: x; the prologue's tensors and scalars; the planes;
/// PlanesParams. A threadgroup of one simdgroup takes a token.
struct PlanesRecipe {
  const std::string* name = nullptr;  ///< of the product's kernel, interned
  DType x = DType::f32;
  std::optional<StageRecipe> prologue = {};

  [[nodiscard]] KernelDescription describe() const;
};

}  // namespace foundry::detail
