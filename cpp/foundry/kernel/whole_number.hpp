// Values as whole numbers of any integer type: what their sums and steps are checked in. Private to
// the library.
#pragma once

#include <cmath>
#include <optional>
#include <variant>

#include "foundry/kernel/parameter.hpp"
#include "foundry/tensor/convert.hpp"

namespace foundry::detail {

/// nullopt for a fraction, NaN, and from 2^65 on, where no integer type could hold it.
[[nodiscard]] inline std::optional<WideInteger> whole_number(const ParameterValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* integer = std::get_if<std::uint64_t>(&value)) return *integer;
  const double number = std::get<double>(value);
  if (!(std::abs(number) < 0x1p65) || number != std::trunc(number)) return std::nullopt;
  return static_cast<WideInteger>(number);
}

}  // namespace foundry::detail
