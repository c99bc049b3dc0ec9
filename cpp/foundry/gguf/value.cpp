#include "foundry/gguf/value.hpp"

#include <type_traits>
#include <utility>

#include "foundry/core/concat.hpp"
#include "foundry/core/quoted.hpp"

namespace foundry {

namespace {

template <class T>
constexpr const char* kTypeName = nullptr;
template <>
constexpr const char* kTypeName<std::uint8_t> = "u8";
template <>
constexpr const char* kTypeName<std::int8_t> = "i8";
template <>
constexpr const char* kTypeName<std::uint16_t> = "u16";
template <>
constexpr const char* kTypeName<std::int16_t> = "i16";
template <>
constexpr const char* kTypeName<std::uint32_t> = "u32";
template <>
constexpr const char* kTypeName<std::int32_t> = "i32";
template <>
constexpr const char* kTypeName<float> = "f32";
template <>
constexpr const char* kTypeName<bool> = "bool";
template <>
constexpr const char* kTypeName<std::string_view> = "string";
template <>
constexpr const char* kTypeName<std::uint64_t> = "u64";
template <>
constexpr const char* kTypeName<std::int64_t> = "i64";
template <>
constexpr const char* kTypeName<double> = "f64";

struct Text {
  template <class T>
  std::string operator()(const T& value) const {
    if constexpr (std::is_same_v<T, std::string_view>) {
      return concat("string ", Quoted{value});
    } else if constexpr (std::is_same_v<T, bool>) {
      return value ? "bool true" : "bool false";
    } else {
      return concat(kTypeName<T>, ' ', +value);
    }
  }
  template <class T>
  std::string operator()(const std::vector<T>& values) const {
    return concat("array of ", values.size(), " ", kTypeName<T>);
  }
};

}  // namespace

std::optional<std::uint64_t> unsigned_value(const GgufValue& value) {
  return std::visit(
      [](const auto& number) -> std::optional<std::uint64_t> {
        using T = std::decay_t<decltype(number)>;
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
          if (std::in_range<std::uint64_t>(number)) return static_cast<std::uint64_t>(number);
        }
        return std::nullopt;
      },
      value);
}

std::string to_string(const GgufValue& value) {
  return std::visit(Text{}, value);
}

}  // namespace foundry
