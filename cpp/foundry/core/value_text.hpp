// Values as Python writes them: what operations and calls show of themselves.
#pragma once

#include <concepts>
#include <string>

namespace foundry {

/// The shortest decimal that is this float, as Python has it: "0.1", "10000.0", "1e-05", "inf".
[[nodiscard]] std::string value_text(float value);
[[nodiscard]] std::string value_text(double value);

template <std::integral T>
[[nodiscard]] std::string value_text(T value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "True" : "False";
  } else {
    return std::to_string(value);
  }
}

}  // namespace foundry
