#include "foundry/device/function_constants.hpp"

#include <bit>
#include <type_traits>

namespace foundry {

namespace {

struct TypeNames {
  const char* operator()(bool) const { return "bool"; }
  const char* operator()(std::int32_t) const { return "int"; }
  const char* operator()(std::uint32_t) const { return "uint"; }
  const char* operator()(float) const { return "float"; }
  const char* operator()(f16) const { return "half"; }
  const char* operator()(std::uint16_t) const { return "ushort"; }
  const char* operator()(std::int16_t) const { return "short"; }
  const char* operator()(std::int64_t) const { return "long"; }
  const char* operator()(std::uint64_t) const { return "ulong"; }
};

}  // namespace

std::string FunctionConstants::key() const {
  std::string key;
  for (const auto& [index, value] : values_) {
    if (!key.empty()) key += ',';
    key += std::to_string(index);
    key += '=';
    key += std::visit(TypeNames{}, value);
    key += ':';
    // Floats by their bits: the text is exact, and -0 and NaN keep their identity.
    key += std::visit(
        [](auto v) -> std::string {
          if constexpr (std::is_same_v<decltype(v), float>) {
            return std::to_string(std::bit_cast<std::uint32_t>(v));
          } else if constexpr (std::is_same_v<decltype(v), f16>) {
            return std::to_string(v.bits);
          } else {
            return std::to_string(v);
          }
        },
        value);
  }
  return key;
}

}  // namespace foundry
