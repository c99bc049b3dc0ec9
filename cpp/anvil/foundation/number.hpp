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
  /// Of C's types; bool is that of a YES.
  template <class T>
  explicit Number(T value);

  std::variant<int64_t, uint64_t, double> number;
};

/// Shortest text that reads back as the same number.
std::string to_string(const Number& number);

/// NSNull's only object.
objc_object* shared_null();

}  // namespace anvil
