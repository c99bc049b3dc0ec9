#include "foundry/kernel/parameter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "foundry/core/ascii.hpp"
#include "foundry/core/error.hpp"
#include "foundry/core/intern.hpp"
#include "foundry/kernel/whole_number.hpp"
#include "foundry/tensor/convert.hpp"

namespace foundry {
namespace {

bool is_identifier(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), is_word);
}

double real(const ParameterValue& value) {
  return std::visit([](auto number) { return static_cast<double>(number); }, value);
}

template <class T>
std::optional<std::uint64_t> integer_bits(const ParameterValue& value, std::int64_t plus) {
  const auto number = detail::whole_number(value);
  if (!number) return std::nullopt;
  const detail::WideInteger sum = *number + plus;
  if (sum < std::numeric_limits<T>::min() || sum > std::numeric_limits<T>::max()) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(sum));
}

template <class T>
std::optional<std::uint64_t> float_bits(const ParameterValue& value, std::int64_t plus) {
  const std::optional<T> number =
      plus == 0 ? std::visit([](auto exact) { return converted<T>(exact); }, value)
                : converted<T>(real(value) + static_cast<double>(plus));
  if (!number) return std::nullopt;
  if constexpr (sizeof(T) == 8) return std::bit_cast<std::uint64_t>(*number);
  if constexpr (sizeof(T) == 4) return std::bit_cast<std::uint32_t>(*number);
  if constexpr (sizeof(T) == 2) return std::bit_cast<std::uint16_t>(*number);
}

std::string float_range(float most) {
  return concat("a number from ", -most, " to ", most, ", an infinity or NaN");
}

template <class T>
std::string integer_range() {
  return concat("an integer from ", +std::numeric_limits<T>::min(), " to ",
                +std::numeric_limits<T>::max());
}

}  // namespace

Parameter::Parameter(std::string_view name) {
  if (!is_identifier(name)) {
    throw ArgumentError(concat("parameter name '", name, "' is not an identifier"));
  }
  name_ = &intern(name);
}

std::string to_string(const Parameter& parameter) {
  if (parameter.plus() == 0) return parameter.name();
  return parameter.plus() > 0 ? concat(parameter.name(), " + ", parameter.plus())
                              : concat(parameter.name(), " - ", -parameter.plus());
}

std::string to_string(const ParameterValue& value) {
  return std::visit([](auto number) { return concat(number); }, value);
}

std::optional<std::uint64_t> encode_scalar(const ParameterValue& value, std::int64_t plus,
                                           DType type) noexcept {
  switch (type) {
    case DType::f32:
      return float_bits<f32>(value, plus);
    case DType::f16:
      return float_bits<f16>(value, plus);
    case DType::bf16:
      return float_bits<bf16>(value, plus);
    case DType::f64:
      return float_bits<double>(value, plus);
    case DType::i8:
      return integer_bits<std::int8_t>(value, plus);
    case DType::i16:
      return integer_bits<std::int16_t>(value, plus);
    case DType::i32:
      return integer_bits<std::int32_t>(value, plus);
    case DType::i64:
      return integer_bits<std::int64_t>(value, plus);
    case DType::u8:
      return integer_bits<std::uint8_t>(value, plus);
    case DType::u16:
      return integer_bits<std::uint16_t>(value, plus);
    case DType::u32:
      return integer_bits<std::uint32_t>(value, plus);
    case DType::u64:
      return integer_bits<std::uint64_t>(value, plus);
    case DType::bool_: {
      const auto bits = integer_bits<std::uint8_t>(value, plus);
      return bits && *bits <= 1 ? bits : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::string describe_range(DType type) {
  switch (type) {
    case DType::i8:
      return integer_range<std::int8_t>();
    case DType::i16:
      return integer_range<std::int16_t>();
    case DType::i32:
      return integer_range<std::int32_t>();
    case DType::i64:
      return integer_range<std::int64_t>();
    case DType::u8:
      return integer_range<std::uint8_t>();
    case DType::u16:
      return integer_range<std::uint16_t>();
    case DType::u32:
      return integer_range<std::uint32_t>();
    case DType::u64:
      return integer_range<std::uint64_t>();
    case DType::bool_:
      return "0 or 1";
    case DType::f32:
      return float_range(std::numeric_limits<float>::max());
    case DType::f16:
      return float_range(f16::from_bits(0x7bff));
    case DType::bf16:
      return float_range(bf16::from_bits(0x7f7f));
    default:
      return "a number";
  }
}

}  // namespace foundry
