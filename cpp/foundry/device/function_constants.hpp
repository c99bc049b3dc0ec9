// FunctionConstants: the values a kernel is specialised with, and part of its pipeline's identity.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundry/core/half.hpp"

namespace foundry {

/// A vector of any element type, or a char, uchar or bfloat.
class ConstantVector {
 public:
  /// "float4", "uchar"; a name of MSL.
  [[nodiscard]] std::string type() const;
  /// Of all elements; a vector of three has padding.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept;
  /// The same, for keys.
  [[nodiscard]] std::span<const std::uint64_t> key() const noexcept { return words_; }
  friend bool operator==(const ConstantVector&, const ConstantVector&) = default;

 private:
  friend class FunctionConstants;
  /// Row of the table of types, lanes, and the bytes: whole words, so that equal ones have equal
  /// keys.
  std::array<std::uint64_t, 6> words_{};
};

/// Values by index, `[[function_constant(i)]]`. Setting one twice keeps the last.
class FunctionConstants {
 public:
  using Value = std::variant<bool, std::int32_t, std::uint32_t, float, f16, std::uint16_t,
                             std::int16_t, std::int64_t, std::uint64_t, ConstantVector>;

  /// A value of an MSL type from its bytes. ArgumentError for a type that no function constant has,
  /// with those that there are, and for another number of bytes.
  [[nodiscard]] static Value value(std::string_view type, std::span<const std::byte> bytes);
  [[nodiscard]] static Value zero(std::string_view type);
  /// Bytes that a value of the type has. ArgumentError as of value().
  [[nodiscard]] static std::size_t size_of(std::string_view type);
  /// "uint", "float4".
  [[nodiscard]] static std::string type_of(const Value& value);

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
