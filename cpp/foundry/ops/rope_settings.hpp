// What Rope and RopeKvWrite check of their settings: private to ops.
#pragma once

#include <cmath>

#include "foundry/ops/checks.hpp"
#include "foundry/ops/rope.hpp"

namespace foundry::ops {

inline ArgumentDescription factors_argument(bool has_factors) {
  return ArgumentDescription::optional_buffer("factors", Access::read, DType::f32, has_factors);
}

inline void require_rope(std::string_view op, const RopeSettings& settings) {
  if (!(settings.base > 0.0f)) {
    throw ArgumentError(concat(op, ": base is ", settings.base, ", not above 0"));
  }
  if (!std::isfinite(settings.magnitude)) {
    throw ArgumentError(concat(op, ": magnitude is ", settings.magnitude, ", not finite"));
  }
}

/// How many elements of a head are turned.
[[nodiscard]] inline std::uint32_t checked_dims(std::string_view op, const RopeSettings& settings,
                                                std::uint32_t head_dim) {
  require_rope(op, settings);
  if (head_dim % 2 != 0) {
    throw ShapeError(concat(op, ": heads of ", head_dim, " elements do not pair"));
  }
  if (settings.dims % 2 != 0 || settings.dims > head_dim) {
    throw ShapeError(concat(op, ": dims is ", settings.dims, "; even numbers up to the head's ",
                            head_dim, " are possible"));
  }
  const std::uint32_t dims = settings.dims != 0 ? settings.dims : head_dim;
  if (settings.factors) require_count(op, "factors", settings.factors, dims / 2);
  return dims;
}

}  // namespace foundry::ops
