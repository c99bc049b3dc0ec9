// NSString: immutable text, kept as UTF-8.
#pragma once

#include <cstdarg>
#include <optional>
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

struct MutableString : String {
  using Super = String;
  using String::String;
};

/// Valid UTF-8 that lives as long as the string; empty for nil. A zero byte follows it.
std::string_view utf8(const String* string);

inline objc::Ref<String> make_string(std::string text) {
  return objc::make<String>(std::move(text));
}

/// What a property of a string keeps: the string, or a copy of one that can change.
objc::Ref<String> kept_copy(String* string);

/// The text of a format and its arguments, as -[NSString initWithFormat:arguments:] has it.
std::string formatted(std::string_view format, va_list arguments);

/// Text of these bytes; nothing if they are none in that encoding, or it is not one of those here.
std::optional<std::string> to_utf8(std::string_view bytes, NS::StringEncoding encoding);

}  // namespace anvil

/// The class of constant strings, under the name that clang refers to.
extern "C" __attribute__((visibility("default"))) objc_class __CFConstantStringClassReference;
