// FunctionConstants: the values a kernel is specialised with, and part of its pipeline's identity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "foundry/core/half.hpp"

namespace foundry {

/// Values by index, `[[function_constant(i)]]`. Setting one twice keeps the last.
class FunctionConstants {
 public:
  using Value = std::variant<bool, std::int32_t, std::uint32_t, float, f16, std::uint16_t,
                             std::int16_t, std::int64_t, std::uint64_t>;

  FunctionConstants& set(std::uint32_t index, Value value) {
    values_.insert_or_assign(index, value);
    return *this;
  }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] const std::map<std::uint32_t, Value>& values() const noexcept { return values_; }
  /// Canonical text, equal exactly when type and value of every constant are: "0=uint:64,2=bool:1".
  [[nodiscard]] std::string key() const;

 private:
  std::map<std::uint32_t, Value> values_;
};

}  // namespace foundry
