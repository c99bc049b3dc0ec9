// NSValue and NSNumber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "anvil/foundation/object.hpp"

namespace anvil {

/// Bytes with the type that Objective-C's @encode writes for them.
struct Value : objc::Object {
  using Super = RootObject;

  std::vector<std::byte> bytes;
  std::string type;
};

struct Number : Value {
  using Super = Value;

  Number() = default;
  template <class T>
  explicit Number(T value);

  std::variant<int64_t, uint64_t, double> number;
};

objc::Ref<Number> make_number(unsigned long long value);

/// Shortest text that reads back as the same number.
std::string to_string(const Number& number);

}  // namespace anvil
