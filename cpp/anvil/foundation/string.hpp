// NSString: immutable text, kept as UTF-8.
#pragma once

#include <string>
#include <string_view>

#include <Foundation/NSString.hpp>

#include "anvil/foundation/object.hpp"

namespace anvil {

/// Instances are heap strings, or the constants that MTLSTR makes, whose layout is the compiler's:
/// always read through utf8().
struct String : objc::Object {
  using Super = RootObject;

  String() = default;
  explicit String(std::string text) : text(std::move(text)) {}

  std::string text;  ///< of heap strings only
};

/// Valid UTF-8 that lives as long as the string; empty for nil. A zero byte follows it.
std::string_view utf8(const String* string);

inline objc::Ref<String> make_string(std::string text) {
  return objc::make<String>(std::move(text));
}

}  // namespace anvil

/// The class of constant strings, under the name that clang refers to.
extern "C" __attribute__((visibility("default"))) objc_class __CFConstantStringClassReference;
