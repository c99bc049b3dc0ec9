// Parameter and Scalar: values that a recorded program takes anew at each replay.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "foundry/tensor/any_tensor.hpp"
#include "foundry/tensor/dtype.hpp"

namespace foundry {

/// A named value that is not known yet. Ops take one where they take a Scalar; equal names of a
/// program are one parameter. `Parameter("position") + 1` is its value plus one.
class Parameter {
 public:
  /// ArgumentError unless `name` is an identifier.
  explicit Parameter(std::string_view name);

  [[nodiscard]] const std::string& name() const noexcept { return *name_; }
  [[nodiscard]] std::int64_t plus() const noexcept { return plus_; }
  friend Parameter operator+(Parameter parameter, std::int64_t plus) noexcept {
    parameter.plus_ += plus;
    return parameter;
  }
  friend Parameter operator-(Parameter parameter, std::int64_t minus) noexcept {
    parameter.plus_ -= minus;
    return parameter;
  }
  friend bool operator==(const Parameter&, const Parameter&) = default;

 private:
  const std::string* name_;  // interned: equal names are one object, which lives for ever
  std::int64_t plus_ = 0;
};

/// "position", "position + 1".
[[nodiscard]] std::string to_string(const Parameter& parameter);

/// Where a kernel's bytes argument holds a parameter. It owns nothing.
struct ParameterUse {
  std::uint32_t offset = 0;  ///< bytes into the argument
  DType type = DType::u32;
  std::optional<Parameter> parameter = {};  ///< none: a plain value stands there
  /// A position: with `tokens` of them from the value on, all lie within the outermost extent of
  /// `room`, an argument of the same dispatch; without one, below `limit`.
  const AnyTensor* room = nullptr;
  std::uint64_t tokens = 0;  ///< 0: no position
  std::uint64_t limit = 0;
};

/// A value, or a parameter in its place. Only a recording takes the latter; run at once it is an
/// ArgumentError. Grids and shapes do not depend on parameters: they are recorded as they are.
template <Element T>
class Scalar {
 public:
  Scalar(T value = {}) : value_(value) {}
  Scalar(const Parameter& parameter) : use_{0, dtype_of<T>, parameter} {}

  [[nodiscard]] const std::optional<Parameter>& parameter() const noexcept {
    return use_.parameter;
  }
  /// The value; 0 for a parameter.
  [[nodiscard]] const T& value() const noexcept { return value_; }
  /// Of an argument that is the scalar alone.
  [[nodiscard]] const ParameterUse& use() const noexcept { return use_; }

 private:
  T value_{};
  ParameterUse use_{0, dtype_of<T>};
};

/// `scalar` at `offset` of its argument.
template <Element T>
[[nodiscard]] ParameterUse parameter_use(std::size_t offset, const Scalar<T>& scalar) {
  return {static_cast<std::uint32_t>(offset), dtype_of<T>, scalar.parameter()};
}
/// The same for the position of the first of `tokens` tokens in `room`.
[[nodiscard]] inline ParameterUse position_use(std::size_t offset,
                                               const Scalar<std::uint32_t>& start,
                                               const AnyTensor& room, std::uint64_t tokens) {
  return {static_cast<std::uint32_t>(offset), DType::u32, start.parameter(), &room, tokens};
}
/// The same with room for `limit` positions.
[[nodiscard]] inline ParameterUse position_use(std::size_t offset,
                                               const Scalar<std::uint32_t>& start,
                                               std::uint64_t limit, std::uint64_t tokens) {
  return {
      static_cast<std::uint32_t>(offset), DType::u32, start.parameter(), nullptr, tokens, limit};
}

/// What a parameter is given: any integer or floating-point number.
using ParameterValue = std::variant<std::int64_t, std::uint64_t, double>;

template <class T>
  requires std::is_arithmetic_v<T>
[[nodiscard]] constexpr ParameterValue parameter_value(T value) noexcept {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_unsigned_v<T>) {
    return static_cast<std::uint64_t>(value);
  } else {
    return static_cast<std::int64_t>(value);
  }
}

[[nodiscard]] std::string to_string(const ParameterValue& value);

/// `value + plus` as the 1 to 8 bytes of a plain `type`, in the low bytes of the result. nullopt if
/// it does not hold it, by the rules of converted().
[[nodiscard]] std::optional<std::uint64_t> encode_scalar(const ParameterValue& value,
                                                         std::int64_t plus, DType type) noexcept;
/// "an integer from 0 to 4294967295", "a number from -65504 to 65504, an infinity or NaN": what
/// `type` holds.
[[nodiscard]] std::string describe_range(DType type);

}  // namespace foundry
