#include "foundry/device/function_constants.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <type_traits>

#include "foundry/core/error.hpp"

namespace foundry {

namespace {

struct ScalarType {
  std::string_view name;
  std::size_t bytes;
};

// "Metal Shading Language Specification", 5.8.1: scalars, and vectors of them.
constexpr std::array kScalars = std::to_array<ScalarType>({{"bool", 1},
                                                           {"char", 1},
                                                           {"uchar", 1},
                                                           {"short", 2},
                                                           {"ushort", 2},
                                                           {"int", 4},
                                                           {"uint", 4},
                                                           {"long", 8},
                                                           {"ulong", 8},
                                                           {"half", 2},
                                                           {"bfloat", 2},
                                                           {"float", 4}});

struct ConstantType {
  std::size_t row;
  std::size_t lanes;
  std::size_t bytes() const { return kScalars.at(row).bytes * (lanes == 3 ? 4 : lanes); }
};

std::optional<ConstantType> find_type(std::string_view name) {
  std::size_t lanes = 1;
  if (!name.empty() && name.back() >= '2' && name.back() <= '4') {
    lanes = static_cast<std::size_t>(name.back() - '0');
    name.remove_suffix(1);
  }
  for (std::size_t row = 0; row < kScalars.size(); ++row) {
    if (kScalars.at(row).name == name) return ConstantType{row, lanes};
  }
  return {};
}

ConstantType type_named(std::string_view name) {
  if (const auto known = find_type(name)) return *known;
  std::string names;
  for (const ScalarType& scalar : kScalars) names += concat(names.empty() ? "" : ", ", scalar.name);
  throw ArgumentError(concat("unsupported function constant of type ", name, "; supported: ", names,
                             ", and vectors of them"));
}

template <class T>
FunctionConstants::Value from_bytes(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

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
  std::string operator()(const ConstantVector& value) const { return value.type(); }
};

}  // namespace

std::string ConstantVector::type() const {
  const std::string_view scalar = kScalars.at(words_[0]).name;
  return words_[1] == 1 ? std::string(scalar) : concat(scalar, words_[1]);
}

std::span<const std::byte> ConstantVector::bytes() const noexcept {
  const std::size_t size = ConstantType{words_[0], words_[1]}.bytes();
  return std::as_bytes(std::span(words_).subspan(2)).first(size);
}

FunctionConstants::Value FunctionConstants::value(std::string_view type,
                                                  std::span<const std::byte> bytes) {
  const ConstantType known = type_named(type);
  if (bytes.size() != known.bytes()) {
    throw ArgumentError(concat("a function constant of type ", type, " has ", known.bytes(),
                               " bytes, got ", bytes.size()));
  }
  using Make = Value (*)(std::span<const std::byte>);
  struct Row {
    std::string_view type;
    Make make;
  };
  static constexpr std::array kPlain = std::to_array<Row>({{"int", from_bytes<std::int32_t>},
                                                           {"uint", from_bytes<std::uint32_t>},
                                                           {"float", from_bytes<float>},
                                                           {"half", from_bytes<f16>},
                                                           {"ushort", from_bytes<std::uint16_t>},
                                                           {"short", from_bytes<std::int16_t>},
                                                           {"long", from_bytes<std::int64_t>},
                                                           {"ulong", from_bytes<std::uint64_t>}});
  if (type == "bool") return bytes[0] != std::byte{0};
  for (const auto& [name, make] : kPlain) {
    if (name == type) return make(bytes);
  }
  ConstantVector vector;
  vector.words_[0] = known.row;
  vector.words_[1] = known.lanes;
  std::memcpy(&vector.words_[2], bytes.data(), bytes.size());
  return vector;
}

FunctionConstants::Value FunctionConstants::zero(std::string_view type) {
  return value(type, std::vector<std::byte>(size_of(type)));
}

std::size_t FunctionConstants::size_of(std::string_view type) {
  return type_named(type).bytes();
}

std::string FunctionConstants::type_of(const Value& value) {
  return std::visit([](const auto& held) { return std::string(TypeNames{}(held)); }, value);
}

std::string FunctionConstants::key() const {
  std::string key;
  for (const auto& [index, value] : values_) {
    if (!key.empty()) key += ',';
    key += std::to_string(index);
    key += '=';
    key += type_of(value);
    key += ':';
    // Floats by their bits: the text is exact, and -0 and NaN keep their identity.
    key += std::visit(
        [](auto v) -> std::string {
          if constexpr (std::is_same_v<decltype(v), float>) {
            return std::to_string(std::bit_cast<std::uint32_t>(v));
          } else if constexpr (std::is_same_v<decltype(v), f16>) {
            return std::to_string(v.bits);
          } else if constexpr (std::is_same_v<decltype(v), ConstantVector>) {
            std::string words;
            for (const std::uint64_t word : v.key().subspan(2)) {
              words += concat(words.empty() ? "" : "/", word);
            }
            return words;
          } else {
            return std::to_string(v);
          }
        },
        value);
  }
  return key;
}

}  // namespace foundry
